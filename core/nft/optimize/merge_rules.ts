import type { Family } from "../../ruleset/ruleset.ts";
import { checkRule } from "../check/rule.ts";
import { Cursor } from "../text/cursor.ts";
import { Refusal } from "../text/diagnostic.ts";
import { parseRule } from "../parse/rule.ts";
import type { RuleNode } from "../tree/tree.ts";
import type { TypeContext } from "../types.ts";
import {
  type AskedValue,
  askedValues,
  DisjointRows,
  isSingle,
  type PureRule,
  pureRule,
  written,
} from "./condition.ts";

export interface Merge {
  readonly rules: readonly RuleNode[];
  readonly merged: RuleNode;
  readonly text: string;
}

/**
 * Neighbouring rules that differ in the values of the same fields, as one rule: a set, a concatenation, or a verdict
 * map where their verdicts differ too.
 *
 * Precondition  the rules are pure (condition.ts), ask about the same fields in the same order, and no packet fits two
 *               of them: values of one field are disjoint, values of several are single and distinct. So at most one
 *               rule of the run decides about a packet, whatever their order, and a lookup finds that one.
 * Not merged    flags, masks, texts (which may be wildcards), variables, rules with a comment, jumps: what they go to
 *               may write the field, come back, and meet the next rule.
 */
export function mergeRun(
  rules: readonly RuleNode[],
  from: number,
  family: Family,
  types: TypeContext,
): Merge | undefined {
  const first = mergeable(rules[from]!), second = rules[from + 1] && mergeable(rules[from + 1]!);
  if (first === undefined || second === undefined || !sameFields(first, second)) return undefined;
  const columns = first.matches.flatMap((match, i) =>
    written(match.span) === written(second.matches[i]!.span) ? [] : [i]
  );
  if (columns.length === 0) return undefined;
  const run: PureRule[] = [];
  const rows = new DisjointRows();
  for (let at = from; at < rules.length; at++) {
    const next = mergeable(rules[at]!);
    if (next === undefined || !sameFields(first, next) || !sameElsewhere(first, next, columns)) break;
    const asked = rowsOf(next, columns, family, types);
    if (asked === undefined || !rows.add(asked)) break;
    run.push(next);
  }
  return run.length < 2 ? undefined : checked(run, columns, family, types);
}

function mergeable(rule: RuleNode): PureRule | undefined {
  const pure = rule.comment === undefined ? pureRule(rule) : undefined;
  return pure?.verdict.verdict.code === "jump" ? undefined : pure;
}

const sameFields = (a: PureRule, b: PureRule): boolean =>
  a.matches.length === b.matches.length &&
  a.matches.every((match, i) => written(match.left.span) === written(b.matches[i]!.left.span));

const sameElsewhere = (a: PureRule, b: PureRule, columns: readonly number[]): boolean =>
  a.matches.every((match, i) => columns.includes(i) || written(match.span) === written(b.matches[i]!.span));

/** The rule's values in these columns: one row a value, or the one row of several fields. */
function rowsOf(
  rule: PureRule,
  columns: readonly number[],
  family: Family,
  types: TypeContext,
): AskedValue[][] | undefined {
  const asked = columns.map((column) => askedValues(rule.matches[column]!, family, types));
  if (asked.some((values) => values === undefined)) return undefined;
  if (columns.length === 1) return asked[0]!.map((value) => [value]);
  const row = asked.map((values) => values![0]!);
  return asked.every((values) => values!.length === 1) && row.every(isSingle) ? [row] : undefined;
}

/** The merged rule as text, parsed and checked like any other; none where the language would refuse it. */
function checked(
  run: readonly PureRule[],
  columns: readonly number[],
  family: Family,
  types: TypeContext,
): Merge | undefined {
  const first = run[0]!, verdicts = run.map(({ verdict }) => written(verdict.span));
  const map = new Set(verdicts).size > 1;
  const elements = run.flatMap((rule, i) => {
    const asked = columns.map((column) => askedValues(rule.matches[column]!, family, types)!);
    const keys = columns.length === 1
      ? asked[0]!.map(({ text }) => text)
      : [asked.map((values) => values[0]!.text).join(" . ")];
    return map ? keys.map((key) => `${key} : ${verdicts[i]}`) : keys;
  });
  const fields = columns.map((column) => written(first.matches[column]!.left.span)).join(" . ");
  const lookup = `${fields} ${map ? "vmap " : ""}{ ${elements.join(", ")} }`;
  const others = first.matches.map((match, i) => columns.includes(i) ? "" : written(match.span));
  // A map decides, so it comes last; a set stands where the first of its fields stood.
  if (!map) others[columns[0]!] = lookup;
  const text = [...others.filter((match) => match !== ""), map ? lookup : verdicts[0]!].join(" ");
  try {
    const merged = parseRule(new Cursor({ name: "", text }));
    checkRule(merged, family, undefined, types);
    return { rules: run.map(({ rule }) => rule), merged, text };
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}
