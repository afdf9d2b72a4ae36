import type { Node } from "../tree/tree.ts";
import type { Expr } from "../tree/typed.ts";
import type { Wanted } from "./constant.ts";
import type { CheckContext } from "./context.ts";
import { requireFamily } from "./ct.ts";
import { mapOf, type Mapping, mappingOf } from "./mapping.ts";
import { checkOperand } from "./operand.ts";

type MapNode = Extract<Node, { kind: "map" }>;

function keyOf(context: CheckContext, node: MapNode): Expr {
  requireFamily(node.key);
  return checkOperand(context, node.key);
}

/** `KEY map { ... }` or `KEY map @name`, giving a value of the wanted type. */
export const checkMap = (context: CheckContext, node: MapNode, wanted: Wanted, ranges = false): Expr =>
  mapOf(context, node, keyOf(context, node), wanted, ranges);

/** The same for statements that take what the key leads to: a verdict, an object. */
export const checkMapping = (
  context: CheckContext,
  node: MapNode,
  data: Wanted | "verdict" | { readonly objects: number },
): Mapping => mappingOf(context, node, keyOf(context, node), data);
