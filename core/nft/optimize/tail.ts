import type { Span } from "../text/source.ts";
import type { StatementNode } from "../tree/tree.ts";
import type { Studied } from "./study.ts";

/** Statements that do the same for a packet, whichever of two rules does it, and keep nothing for themselves. */
const ALIKE = [
  "counter",
  "log",
  "verdict",
  "reject",
  "nat",
  "notrack",
  "set value",
  "set update",
  "object",
  "queue",
  "dup",
  "fwd",
  "reset option",
];

/** Expressions that count for themselves, or begin with a seed of their own. */
const OF_ITS_OWN = ["numgen", "hash", "limit", "quota", "connlimit", "last"];

/** Whether two rules with this tail may be one. */
export const mayJoin = (rule: Studied): boolean =>
  rule.known && rule.rule.expressions.every((expression) => !OF_ITS_OWN.includes(expression.kind)) &&
  rule.tail.every((statement) => ALIKE.includes(statement.kind) || isLiteralVmap(statement)) &&
  rule.tail.every((statement) => !remembers(statement));

/** Elements that do more than be there. */
const remembers = (statement: StatementNode): boolean =>
  statement.kind === "set update" &&
  (statement.element.statements !== undefined || statement.element.counter !== undefined);

export const isLiteralVmap = (
  statement: StatementNode | undefined,
): statement is Extract<StatementNode, { kind: "verdict map" }> =>
  statement?.kind === "verdict map" && statement.map.kind === "map" && statement.map.mapping.kind === "set";

/** Whether a packet that fits goes no further in this chain, whatever else the rule does. */
export function ends(rule: Studied): boolean {
  const last = rule.tail.at(-1);
  if (last === undefined || !rule.known) return false;
  return isEnd(last) && rule.tail.slice(0, -1).every(isCertain);
}

/** Whether a statement is always gone past. */
const isCertain = (statement: StatementNode): boolean =>
  ["counter", "last", "log", "notrack"].includes(statement.kind) ||
  (statement.kind === "set value" && statement.target.kind === "meta" && statement.value.kind === "symbol");

export function isEnd(statement: StatementNode): boolean {
  switch (statement.kind) {
    case "verdict":
      return statement.verdict.code !== "jump" && statement.verdict.code !== "continue";
    case "reject":
      return true;
    case "nat":
      // A map may hold nothing for the packet, which then goes on.
      return statement.nat.address?.kind !== "map" && statement.nat.port?.kind !== "map";
    default:
      return false;
  }
}

/** The verdict of a rule that only asks, and then decides for good. */
export function bareVerdict(rule: Studied): string | undefined {
  const [only] = rule.tail;
  if (!rule.known || rule.tail.length !== 1 || only?.kind !== "verdict" || !isEnd(only)) return undefined;
  return written(only.span);
}

export const written = ({ source, start, end }: Span): string => source.text.slice(start, end);
