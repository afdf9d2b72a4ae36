import type { Diagnostic } from "../text/diagnostic.ts";
import { both, type Box, type Condition, conditionOf, literalBoxes } from "./condition.ts";
import { meets } from "./effects.ts";
import { rangesOf, within } from "./ranges.ts";
import type { Studied } from "./study.ts";
import { ends } from "./tail.ts";

/** Boxes of deciding rules looked back for. */
const FARTHEST = 256;

/** Packets for which an earlier rule has ended the chain. */
interface Decided {
  readonly rule: Studied;
  readonly box: Box;
  readonly others: ReadonlySet<string>;
}

/**
 * Rules that are never reached: every packet they begin to match has left the chain before.
 *
 * Precondition  an earlier rule ends the chain for all packets in its boxes (its condition is exact, nothing before
 *               its verdict may stop it), or the elements of a verdict map do; the later rule's box lies within one of
 *               theirs, or within several that differ from it in one field alone; and no rule between writes what the
 *               earlier one asked.
 */
export function shadowed(rules: readonly Studied[]): { found: Diagnostic[]; rules: ReadonlySet<Studied> } {
  const found: Diagnostic[] = [], hidden = new Set<Studied>();
  let decided: Decided[] = [];
  for (const rule of rules) {
    const by = rule.known ? deciders(rule, decided) : undefined;
    if (by !== undefined) {
      hidden.add(rule);
      if (rule.node !== undefined) found.push(warning(rule, by));
      continue;
    }
    if (rule.writes.size > 0) decided = decided.filter((earlier) => !meets(rule.writes, earlier.rule.reads));
    decided.push(...decidedBy(rule));
    if (decided.length > FARTHEST) decided = decided.slice(-FARTHEST);
  }
  return { found, rules: hidden };
}

function decidedBy(rule: Studied): Decided[] {
  const { condition } = rule, { others } = condition;
  if (!rule.known || !condition.exact) return [];
  if (ends(rule)) return condition.boxes.map((box) => ({ rule, box, others }));
  const map = rule.typedTail.at(-1);
  if (rule.tail.length !== 1 || map?.kind !== "verdict map" || map.set.kind !== "literal") return [];
  const { literal } = map.set, elements = literalBoxes(map.key, literal) ?? [];
  const needed = neededBy(rule);
  if (needed?.boxes.length !== 1 || !needed.exact) return [];
  const [base] = needed.boxes as [Box];
  return elements.flatMap((element, i) => {
    const code = literal.elements[i]?.verdict?.code;
    if (code === undefined || code === "jump" || code === "continue") return [];
    const box = new Map(base);
    for (const [subject, ranges] of element) if (!box.has(subject)) box.set(subject, ranges);
    return box.size === base.size + element.size ? [{ rule, box, others }] : [];
  });
}

/** What the rule asks, with what is asked for the sake of the map's field (its protocol). */
function neededBy(rule: Studied): Condition | undefined {
  let condition = rule.condition;
  for (const statement of rule.typedTail.slice(0, -1)) {
    const asked = statement.kind === "match" && statement.right.kind === "value"
      ? conditionOf(statement, "")
      : undefined;
    if (asked === undefined || asked.others.size > 0) return undefined;
    condition = both(condition, asked);
  }
  return condition;
}

/** The rules that together decide all of this one's packets. */
function deciders(rule: Studied, decided: readonly Decided[]): Studied[] | undefined {
  const { boxes, others } = rule.condition;
  const by = new Set<Studied>();
  for (const box of boxes) {
    const several = coveredBy(box, others, decided);
    if (several === undefined) return undefined;
    for (const one of several) by.add(one);
  }
  return by.size === 0 ? undefined : [...by];
}

/** An earlier box that holds all of this one; else those that hold all but one field, and all of that among them. */
function coveredBy(
  box: Box,
  others: ReadonlySet<string>,
  decided: readonly Decided[],
): Studied[] | undefined {
  let candidates: Map<string, Decided[]> | undefined;
  for (const earlier of decided) {
    if (earlier.others.size > 0 && !asksAll(others, earlier.others)) continue;
    const subject = difference(box, earlier.box);
    if (subject === ALL) return [earlier.rule];
    if (subject === NOT) continue;
    candidates ??= new Map();
    const same = candidates.get(subject);
    if (same === undefined) candidates.set(subject, [earlier]);
    else same.push(earlier);
  }
  if (candidates === undefined) return undefined;
  for (const [subject, ranges] of box) {
    const earlier = candidates.get(subject);
    if (earlier === undefined) continue;
    const parts = earlier.flatMap((one) => one.box.get(subject)!);
    if (within(ranges, rangesOf(parts))) return [...new Set(earlier.map(({ rule }) => rule))];
  }
  return undefined;
}

function asksAll(others: ReadonlySet<string>, asked: ReadonlySet<string>): boolean {
  for (const ask of asked) if (!others.has(ask)) return false;
  return true;
}

/** No field's name: the box lies within, or differs in more than one field. */
const ALL = "", NOT = "\0";

/** The one field of `outer` that does not hold all `box` has there. */
function difference(box: Box, outer: Box): string {
  let found = ALL;
  for (const [name, ranges] of outer) {
    const mine = box.get(name);
    if (mine !== undefined && within(mine, ranges)) continue;
    if (mine === undefined || found !== ALL) return NOT;
    found = name;
  }
  return found;
}

function warning(rule: Studied, by: readonly Studied[]): Diagnostic {
  return {
    severity: "warning",
    message: "rule is never reached",
    spans: [rule.span, ...by.map(({ span }) => span)],
    hints: [
      by.length === 1
        ? "what it matches is decided by an earlier rule:"
        : `what it matches is decided by ${by.length} earlier rules:`,
    ],
  };
}
