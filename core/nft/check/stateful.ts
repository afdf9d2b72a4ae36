import type { ElementStatement, Expression } from "../../expr/expression.ts";
import { OBJECT_FLOWTABLE } from "../../ruleset/ruleset.ts";
import { refuse } from "../text/diagnostic.ts";
import type { LimitNode, StatementNode } from "../tree/tree.ts";

/** NFT_OBJECT_* numbers by the words of the language. */
export const OBJECT_TYPES: ReadonlyMap<string, number> = new Map([
  ["counter", 1],
  ["quota", 2],
  ["ct helper", 3],
  ["limit", 4],
  ["ct timeout", 7],
  ["secmark", 8],
  ["ct expectation", 9],
  ["synproxy", 10],
  ["flowtable", OBJECT_FLOWTABLE],
]);

/** A rate as an expression. */
export const limitExpression = (limit: LimitNode): Extract<Expression, { kind: "limit" }> => ({
  kind: "limit",
  rate: limit.rate,
  unit: limit.unit,
  burst: limit.burst,
  type: limit.type,
  inverted: limit.inverted,
});

export const lastExpression = ({ used }: Extract<StatementNode, { kind: "last" }>) =>
  ({ kind: "last", ...(used === undefined ? {} : { used }) }) as const;

/** A statement of an element as an expression. */
export function elementStatement(node: StatementNode): ElementStatement {
  switch (node.kind) {
    case "counter":
      return { kind: "counter", packets: node.packets, bytes: node.bytes };
    case "limit":
      return limitExpression(node.limit);
    case "quota":
      return { kind: "quota", bytes: node.bytes, used: node.used, inverted: node.inverted };
    case "connlimit":
      return { kind: "connlimit", count: node.count, inverted: node.inverted };
    case "last":
      return lastExpression(node);
    default:
      return refuse(node.span, "an element can have counter, limit, quota, ct count and last");
  }
}
