import { asWanted, bigEndian, describeTypes, namedSet, typesAgree, unbounded } from "./lookup.ts";
import type { Wanted } from "./constant.ts";
import { type CheckContext, setSource } from "./context.ts";
import { checkElements, setOf } from "./set.ts";
import { refuse } from "../text/diagnostic.ts";
import type { Span } from "../text/source.ts";
import type { Node } from "../tree/tree.ts";
import { transferOf } from "./transfer.ts";
import type { Expr, SetUse } from "../tree/typed.ts";

/** `KEY map { ... }` or `KEY map @name`, its key checked, giving a value of the wanted type. */
export function mapOf(
  context: CheckContext,
  node: Extract<Node, { kind: "map" }>,
  given: Expr,
  wanted: Wanted,
  ranges = false,
): Expr {
  const { key, set } = mappingOf(context, node, given, wanted, ranges);
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

/** What `key` leads to. */
export function mappingOf(
  context: CheckContext,
  node: Extract<Node, { kind: "map" }>,
  key: Expr,
  data: Wanted | "verdict" | { readonly objects: number },
  dataRanges = false,
): Mapping {
  const written = setOf(node.mapping);
  if (written !== undefined) {
    const transfer = transferOf(key);
    const shape = {
      key: { ...asWanted(key), type: unbounded(asWanted(key).type) },
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
  if (set.data === undefined && set.objects === undefined) {
    refuse(
      node.mapping.span,
      typeof data === "object" && "objects" in data
        ? "Expression is not a map with objects"
        : "Expression is not a map",
    );
  }
  const source = setSource(set);
  if (source !== undefined && !typesAgree(source.key, key)) {
    const given = key.kind === "concatenation" ? key.parts.map((part) => part.type) : [key.type];
    refuse(
      node.mapping.span,
      `datatype mismatch, map expects ${describeTypes(source.key)}, mapping expression has type ${
        describeTypes(given)
      }`,
      [node.key.span],
    );
  }
  if (typeof data === "object" && "objects" in data) {
    return {
      key: set.interval ? bigEndian(key) : key,
      set: { kind: "named", name: set.name, interval: set.interval },
    };
  }
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
