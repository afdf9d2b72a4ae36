import { checkRule } from "../check/rule.ts";
import { parseRule } from "../parse/rule.ts";
import { Cursor } from "../text/cursor.ts";
import { Refusal } from "../text/diagnostic.ts";
import type { RuleNode } from "../tree/tree.ts";
import { type Candidate, candidateOf } from "./candidate.ts";
import { mayPass } from "./commute.ts";
import { meets } from "./effects.ts";
import { type Entry, mergedTexts } from "./merged_text.ts";
import { rowsOf, Run, textOf } from "./run.ts";
import type { Place, Studied } from "./study.ts";
import { ends } from "./tail.ts";

export interface Merge {
  readonly rules: readonly Studied[];
  readonly merged: RuleNode;
  readonly text: string;
}

/** Rules looked past for one that may be moved up. */
const FARTHEST = 32;

/**
 * Merges rules that differ in the values of fields, and at most in what they do at the end.
 *
 * Precondition  no packet fits two rules of a run: values of one field are disjoint, rows of several fields differ in
 *               one of them at least. What a rule does, chains it jumps to and back from included, writes nothing that
 *               the run asks, unless it ends the chain. So at most one rule of the run does something about a packet,
 *               and a lookup finds that one; what was behind the run is reached as before.
 *               A rule from further down is moved up first, where it may pass every rule between (commute.ts).
 * Not merged    flags (a bare value asks for any of them), masks, wildcards, overlapping values, named sets, limits,
 *               quotas and generators (each counts for itself), rules whose comments differ, a counter before a
 *               map (it would count what the map does not know).
 */
export function mergeRules(rules: readonly Studied[], place: Place): (Studied | Merge)[] {
  const candidates = new Map<Studied, Candidate | undefined>();
  for (const rule of rules) candidates.set(rule, candidateOf(rule));
  const result: (Studied | Merge)[] = [], taken = new Set<Studied>();
  for (const [at, rule] of rules.entries()) {
    if (taken.has(rule)) continue;
    const run = findRun(rules, at, taken, candidates, place);
    const found = run === undefined ? undefined : mergeOf(run, place);
    result.push(found ?? rule);
    for (const one of found?.rules ?? []) taken.add(one);
  }
  return result;
}

function findRun(
  rules: readonly Studied[],
  from: number,
  taken: ReadonlySet<Studied>,
  candidates: ReadonlyMap<Studied, Candidate | undefined>,
  place: Place,
): Run | undefined {
  const first = candidates.get(rules[from]!);
  if (first === undefined || first.matches.size + (first.map === undefined ? 0 : 1) === 0) return undefined;
  if (!keepsAsking(first.studied)) return undefined;
  const run = new Run(first, place);
  const between: Studied[] = [];
  for (let at = from + 1; at < rules.length; at++) {
    const rule = rules[at]!;
    if (taken.has(rule)) continue;
    const next = candidates.get(rule);
    const joins = next !== undefined && next.shape === first.shape && keepsAsking(rule) &&
      between.every((other) => mayPass(rule, other)) && run.take(next);
    if (joins) continue;
    between.push(rule);
    if (between.length > FARTHEST || !rule.known) break;
  }
  return run.members.length > 1 ? run : undefined;
}

/** What a rule of a run does changes nothing that the run asks. */
const keepsAsking = (rule: Studied): boolean => ends(rule) || !meets(rule.writes, rule.reads);

function entriesOf(rule: Candidate, columns: readonly string[], place: Place): Entry[] {
  const at = rule.map === undefined ? -1 : columns.indexOf(rule.map.field);
  return rowsOf(rule, columns, place)!.map((row) => {
    const element = rule.map?.elements.find(({ key }) => textOf(key) === row[at]!.text);
    return { key: row.map(({ text }) => text).join(" . "), does: element?.verdict ?? rule.does };
  });
}

/** The merged rule as text, parsed and checked like any other; none where the language refuses it. */
function mergeOf(run: Run, place: Place): Merge | undefined {
  const { members } = run;
  const found = checked(members, run.columns, place);
  if (found !== undefined) return found;
  const alike = members.filter(({ does, map }) => does === members[0]!.does && map === undefined);
  return alike.length > 1 && alike.length < members.length && alike[0] === members[0]
    ? checked(leading(members, alike), run.columns, place)
    : undefined;
}

/** Those of the alike before the first that is not: nothing is moved past what stays. */
function leading(members: readonly Candidate[], alike: readonly Candidate[]): Candidate[] {
  const stop = members.findIndex((member) => !alike.includes(member));
  return members.slice(0, stop);
}

function checked(members: readonly Candidate[], columns: readonly string[], place: Place): Merge | undefined {
  if (members.length < 2) return undefined;
  const { table, types, chain } = place;
  const entries = members.flatMap((member) => entriesOf(member, columns, place));
  for (const text of mergedTexts(members, columns, entries)) {
    try {
      const parsed = parseRule(new Cursor({ name: "", text }));
      checkRule(parsed, table.family, table, types, chain.base?.hook);
      const { span } = members[0]!.studied;
      return { rules: members.map(({ studied }) => studied), merged: { ...parsed, span: { ...span } }, text };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
    }
  }
  return undefined;
}
