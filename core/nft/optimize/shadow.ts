import type { Diagnostic } from "../text/diagnostic.ts";
import { both, type Box, boxWithin, type Condition, conditionOf, literalBoxes } from "./condition.ts";
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
  const usable = decided.filter((earlier) => [...earlier.others].every((ask) => others.has(ask)));
  if (usable.length === 0) return undefined;
  const by = new Set<Studied>();
  for (const box of boxes) {
    const whole = usable.find((earlier) => boxWithin(box, earlier.box));
    const several = whole === undefined ? coveredBy(box, usable) : [whole.rule];
    if (several === undefined) return undefined;
    for (const one of several) by.add(one);
  }
  return [...by];
}

/** Earlier boxes that hold all of this one but for one field, and all of that field among them. */
function coveredBy(box: Box, decided: readonly Decided[]): Studied[] | undefined {
  const candidates = new Map<string, Decided[]>();
  for (const earlier of decided) {
    const subject = onlyDifference(box, earlier.box);
    if (subject === undefined) continue;
    const same = candidates.get(subject);
    if (same === undefined) candidates.set(subject, [earlier]);
    else same.push(earlier);
  }
  for (const [subject, ranges] of box) {
    const earlier = candidates.get(subject);
    if (earlier === undefined) continue;
    const parts = earlier.flatMap((one) => one.box.get(subject)!);
    if (within(ranges, rangesOf(parts))) return [...new Set(earlier.map(({ rule }) => rule))];
  }
  return undefined;
}

/** The one field of `outer` that does not hold all `box` has there; undefined for none, or several. */
function onlyDifference(box: Box, outer: Box): string | undefined {
  let found: string | undefined;
  for (const [name, ranges] of outer) {
    const mine = box.get(name);
    if (mine !== undefined && within(mine, ranges)) continue;
    if (mine === undefined || found !== undefined) return undefined;
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
