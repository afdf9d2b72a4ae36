import { objectKey } from "../../ruleset/ruleset.ts";
import { refuse } from "../text/diagnostic.ts";
import type { Node, StatementNode } from "../tree/tree.ts";
import { checkOperand } from "./operand.ts";
import { nearest, stringType } from "../types.ts";
import type { CheckContext } from "./context.ts";
import { checkMapping } from "./map.ts";
import { OBJECT_TYPES } from "./stateful.ts";

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

/** Which object it is must be known beforehand, or a map has to say. */
function notConstant(
  context: CheckContext,
  name: Node,
  node: Extract<StatementNode, { kind: "object" }>,
): never {
  const { type } = checkOperand(context, name, { type: stringType, bits: 128, order: "host" });
  if (type.name !== "string" && type.name !== "integer") {
    refuse(name.span, `datatype mismatch: expected string, expression has type ${type.description}`, [
      { ...node.span, end: name.span.start },
    ]);
  }
  return refuse(name.span, "Counter expression must be constant", [], [`write the name of a ${node.type}`]);
}

/** A reference to a stateful object of the table. */
export function checkObject(context: CheckContext, node: Extract<StatementNode, { kind: "object" }>): void {
  const type = OBJECT_TYPES.get(node.type);
  if (type === undefined) return refuse(node.span, `${node.type} is not built yet`);
  const name = node.name.kind === "variable" ? node.name.value : node.name;
  if (name.kind === "map") return objectMap(context, name, type, node.span);
  if (name.kind !== "symbol") return notConstant(context, name, node);
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
