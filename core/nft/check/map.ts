import { asWanted, bigEndian, namedSet, requireType } from "./lookup.ts";
import type { Wanted } from "./constant.ts";
import { type CheckContext, setSource } from "./context.ts";
import { checkOperand, requireFamily } from "./operand.ts";
import { checkElements, setOf } from "./set.ts";
import { refuse } from "../text/diagnostic.ts";
import type { Span } from "../text/source.ts";
import type { Node } from "../tree/tree.ts";
import { transferOf } from "./transfer.ts";
import type { Expr, SetUse } from "../tree/typed.ts";

/** `KEY map { ... }` or `KEY map @name`, giving a value of the wanted type. */
export function checkMap(
  context: CheckContext,
  node: Extract<Node, { kind: "map" }>,
  wanted?: Wanted,
  ranges = false,
): Expr {
  if (wanted === undefined) return refuse(node.span, "a map gives a value; nothing here takes one");
  const { key, set } = checkMapping(context, node, wanted, ranges);
  return {
    kind: "map",
    key,
    set,
    type: wanted.type,
    bits: wanted.bits,
    order: wanted.order,
    span: node.span,
  };
}

export interface Mapping {
  readonly key: Expr;
  readonly set: SetUse;
}

export function checkMapping(
  context: CheckContext,
  node: Extract<Node, { kind: "map" }>,
  data: Wanted | "verdict" | { readonly objects: number },
  dataRanges = false,
): Mapping {
  requireFamily(node.key);
  const key = checkOperand(context, node.key);
  const written = setOf(node.mapping);
  if (written !== undefined) {
    const transfer = transferOf(key);
    const shape = {
      key: asWanted(key),
      ...(typeof data === "object" && "objects" in data ? data : { data }),
      merge: false,
      dataRanges,
      keyBits: transfer.left.bits,
      adapt: transfer.adapt,
    };
    const literal = checkElements(context, written.elements, shape, written.span);
    return {
      key: literal.interval ? bigEndian(transfer.left) : transfer.left,
      set: { kind: "literal", literal },
    };
  }
  const set = namedSet(context, node.mapping, "map");
  if (typeof data === "object" && "objects" in data && set.objects !== data.objects) {
    refuse(node.mapping.span, "Expression is not a map with objects");
  }
  requireType(set, key, node.mapping.span);
  const source = setSource(set);
  if (typeof data === "object" && "objects" in data) {
    return {
      key: set.interval ? bigEndian(key) : key,
      set: { kind: "named", name: set.name, interval: set.interval },
    };
  }
  if (set.data === undefined) refuse(node.mapping.span, `Expression is not a map`);
  if ((set.data === "verdict") !== (data === "verdict")) {
    refuse(
      node.mapping.span,
      data === "verdict" ? "this map has no verdicts" : "this map holds verdicts, use vmap",
    );
  }
  if (data !== "verdict" && source?.data !== undefined) {
    mismatch(source.data.map((t) => t.name).join(" . "), data, node.span);
  }
  return {
    key: set.interval ? bigEndian(key) : key,
    set: { kind: "named", name: set.name, interval: set.interval },
  };
}

function mismatch(found: string, wanted: Wanted, span: Span): void {
  const expected = wanted.type.name;
  if (found !== expected && !found.startsWith("integer") && !expected.startsWith("integer")) {
    refuse(span, `datatype mismatch, map expects ${found}, mapping expression has type ${expected}`);
  }
}
