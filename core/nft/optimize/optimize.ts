import { type Table, tableKey } from "../../ruleset/ruleset.ts";
import type { Diagnostic } from "../text/diagnostic.ts";
import type { Span } from "../text/source.ts";
import type { Command } from "../tree/command.ts";
import type { RuleNode } from "../tree/tree.ts";
import type { TypeContext } from "../types.ts";
import { contradictions } from "./contradiction.ts";
import { Effects } from "./effects.ts";
import { ineffective, repeated } from "./ineffective.ts";
import { chainsOf, mergeLists, type Replaced, rulesOf } from "./lists.ts";
import { mergeRules } from "./merge_rules.ts";
import { mergeText } from "./place.ts";
import { shadowed } from "./shadow.ts";
import { type Place, type Studied, studyRule } from "./study.ts";
import { unreachable } from "./unreachable.ts";

export interface Optimized {
  readonly commands: Command[];
  /** What was merged into which rules, as nft tells it on standard error ... */
  readonly report: string;
  /** ... and the rules that came of it, a line each, on standard output. */
  readonly merged: string;
  readonly warnings: readonly Diagnostic[];
}

/**
 * `-o`: the commands with rules merged where that changes no verdict, and what seems not to be meant.
 *
 * Overview    the commands have been carried out once as they are; `tables` is what that gave. So every set, chain
 *             and rule a rule may depend on is known, those that were there before included. Warnings are of the
 *             chains as they will be; only rules these commands write are merged, and only they are warned of.
 * Ownership   nothing here is kept: the caller carries out the new commands, or, should they be refused, the old.
 */
export function optimize(
  commands: readonly Command[],
  tables: ReadonlyMap<string, Table>,
  types: TypeContext,
): Optimized {
  const nodes = nodesBySpan(commands),
    studied = new Map<RuleNode, Studied>(),
    places = new Map<string, Place>();
  const reports: string[] = [], texts: string[] = [], warnings: Diagnostic[] = [];
  const named = namedChains(commands);
  for (const table of tables.values()) {
    const effects = new Effects(table), ours = named.get(tableKey(table.family, table.name)) ?? new Map();
    for (const chain of table.chains.values()) {
      if (!chain.rules.some((rule) => nodes.has(rule.source))) continue;
      const place: Place = { table, chain, types, effects };
      places.set(`${tableKey(table.family, table.name)} ${chain.name}`, place);
      const rules = chain.rules.map((rule) => studyRule(rule, nodes.get(rule.source), place));
      for (const rule of rules) if (rule.node !== undefined) studied.set(rule.node, rule);
      const end = ours.get(chain.name)?.end ?? rules.at(-1)!.span;
      const { found, rules: hidden } = shadowed(rules);
      const more = [
        ...contradictions(rules),
        ...ineffective(rules, chain, end, hidden),
        ...repeated(rules, hidden),
      ];
      warnings.push(...[...found, ...more].slice(0, MAXIMUM_WARNINGS));
    }
    const chains = new Map([...ours].map(([name, { name: span }]) => [name, span]));
    warnings.push(...unreachable(table, chains).slice(0, MAXIMUM_WARNINGS));
  }
  const merged = mergeLists(commands, (family, table, chain, rules) => {
    const place = places.get(`${family} ${table} ${chain}`);
    const known = rules.map((rule) => studied.get(rule)).filter((rule) => rule !== undefined);
    const alone = (): Replaced[] => rules.map((rule) => ({ rule, of: [rule] }));
    // A rule that is gone again, or stands in the text twice, is not known by its place.
    if (place === undefined || known.length < rules.length) return alone();
    return mergeRules(known, place).map((one) => {
      if (!("merged" in one)) return { rule: one.node!, of: [one.node!] };
      reports.push(mergeText(one));
      texts.push(`${one.text}\n`);
      return { rule: one.merged, of: one.rules.map(({ node }) => node!) };
    });
  });
  return { commands: merged, report: reports.join(""), merged: texts.join(""), warnings };
}

/** Warnings told of one chain. */
const MAXIMUM_WARNINGS = 100;

/** Rules by the span they carry through the ruleset; those that share one left out. */
function nodesBySpan(commands: readonly Command[]): ReadonlyMap<unknown, RuleNode> {
  const found = new Map<unknown, RuleNode>(), twice = new Set<unknown>();
  for (const rule of rulesOf(commands)) {
    if (found.has(rule.span)) twice.add(rule.span);
    found.set(rule.span, rule);
  }
  for (const span of twice) found.delete(span);
  return found;
}

interface NamedChain {
  readonly name: Span;
  /** Where its policy is written, else its name. */
  readonly end: Span;
}

function namedChains(commands: readonly Command[]): ReadonlyMap<string, ReadonlyMap<string, NamedChain>> {
  const found = new Map<string, Map<string, NamedChain>>();
  for (const { table, chain, body } of chainsOf(commands)) {
    const key = tableKey(table.family, table.name), chains = found.get(key) ?? new Map<string, NamedChain>();
    const before = chains.get(chain.text);
    chains.set(chain.text, { name: chain.span, end: body?.policy?.span ?? before?.end ?? chain.span });
    found.set(key, chains);
  }
  return found;
}
