import type { Expression } from "../expr/expression.ts";
import { objectKey } from "../ruleset/ruleset.ts";
import type { CheckContext } from "./check_context.ts";
import { refuse } from "./diagnostic.ts";
import type { LimitNode, StatementNode } from "./tree.ts";
import { nearest } from "./types.ts";

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
]);

export const limitExpression = (limit: LimitNode): Extract<Expression, { kind: "limit" }> => ({
  kind: "limit",
  rate: limit.rate,
  unit: limit.unit,
  burst: limit.burst,
  type: limit.type,
  inverted: limit.inverted,
});

/** A reference to a stateful object of the table. */
export function checkObject(context: CheckContext, node: Extract<StatementNode, { kind: "object" }>): void {
  const type = OBJECT_TYPES.get(node.type);
  if (type === undefined) return refuse(node.span, `${node.type} is not built yet`);
  const name = node.name.kind === "variable" ? node.name.value : node.name;
  if (name.kind !== "symbol") return refuse(name.span, `a map of ${node.type}s is not built yet`);
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
