import type { ElementStatement, Expression } from "../../expr/expression.ts";
import { OBJECT_FLOWTABLE, objectKey } from "../../ruleset/ruleset.ts";
import type { CheckContext } from "./context.ts";
import { checkMapping } from "./map.ts";
import { refuse } from "../text/diagnostic.ts";
import type { LimitNode, Node, StatementNode } from "../tree/tree.ts";
import { nearest } from "../types.ts";

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

export const limitExpression = (limit: LimitNode): Extract<Expression, { kind: "limit" }> => ({
  kind: "limit",
  rate: limit.rate,
  unit: limit.unit,
  burst: limit.burst,
  type: limit.type,
  inverted: limit.inverted,
});

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
    default:
      return refuse(node.span, "an element can have counter, limit, quota and ct count");
  }
}

/** `counter name KEY map { ... }`: the object the key leads to. */
function objectMap(
  context: CheckContext,
  map: Extract<Node, { kind: "map" }>,
  type: number,
  span: Node["span"],
): void {
  const mapping = checkMapping(context, map, { objects: type });
  context.statements.push({ kind: "action", action: { name: "object", type, ...mapping }, span });
}

/** A reference to a stateful object of the table. */
export function checkObject(context: CheckContext, node: Extract<StatementNode, { kind: "object" }>): void {
  const type = OBJECT_TYPES.get(node.type);
  if (type === undefined) return refuse(node.span, `${node.type} is not built yet`);
  const name = node.name.kind === "variable" ? node.name.value : node.name;
  if (name.kind === "map") return objectMap(context, name, type, node.span);
  if (name.kind !== "symbol") return refuse(name.span, `the name of a ${node.type} was expected here`);
  const objects = context.table?.objects;
  if (objects !== undefined && !objects.has(objectKey(type, name.text))) {
    const names = [...objects.values()].filter((object) => object.type === type).map((object) => object.name);
    const near = nearest(name.text, names);
    refuse(name.span, "Could not process rule: No such file or directory", [], [
      near === undefined ? `the table has no ${node.type} of this name` : `did you mean ${near}?`,
    ]);
  }
  context.statements.push({
    kind: "plain",
    expression: { kind: "objref", type, name: name.text },
    span: node.span,
  });
}
