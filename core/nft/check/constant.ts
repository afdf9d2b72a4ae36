import { freshBytes } from "../byte_pool.ts";
import type { CheckContext } from "./context.ts";
import { errorAt, Refusal, refuse } from "../text/diagnostic.ts";
import { sharedBytes } from "../linearize/shared_bytes.ts";
import type { Span } from "../text/source.ts";
import type { Node } from "../tree/tree.ts";
import { type Constant, paddedBits } from "../tree/typed.ts";
import {
  type ByteOrder,
  type DataType,
  isBitmask,
  isError,
  isText,
  parseSymbol,
  textValue,
} from "../types.ts";

/** What a value must fit: the other side of the relation, or the target of a statement. */
export interface Wanted {
  readonly type: DataType;
  readonly bits: number;
  readonly order: ByteOrder;
  /** Bits of the parts of a concatenation, where they differ from their types'. */
  readonly partBits?: readonly number[];
  /** A statement's target, in whose width values are computed (see `arithmetic`). */
  readonly statement?: true;
  /** A range may end before it begins: hours go on after midnight. */
  readonly cyclic?: true;
}

export type Value = Extract<Constant, { kind: "value" }>;

/** Reads a written value as a constant of the wanted type. */
export function asConstant(context: CheckContext, node: Node, wanted: Wanted): Constant {
  switch (node.kind) {
    case "variable":
      return asConstant(context, node.value, wanted);
    case "symbol":
      return symbol(context, node, wanted);
    case "wildcard":
      return { kind: "wildcard", ...typed(wanted, node.span) };
    case "prefix":
      return prefix(context, node, wanted);
    case "range":
      return range(context, node, wanted);
    case "list":
      return flagList(context, node, wanted);
    case "binary": {
      const left = single(asConstant(context, node.left, wanted));
      const right = single(asConstant(context, node.right, wanted));
      return fold(node, left, right);
    }
    case "concatenation": {
      const parts = wanted.type.parts;
      if (parts === undefined) {
        return refuse(node.span, `unexpected concatenation, expecting ${wanted.type.description}`);
      }
      return constants(context, node.parts, parts, wanted, node.span);
    }
    default:
      return refuse(node.span, `a constant ${wanted.type.description} was expected here`);
  }
}

const typed = (wanted: Wanted, span: Span) => ({
  type: wanted.type,
  bits: wanted.bits,
  order: wanted.order,
  span,
});

function constants(
  context: CheckContext,
  nodes: readonly Node[],
  types: readonly DataType[],
  wanted: Wanted,
  span: Span,
): Constant {
  const flat = nodes.flatMap((node) => flatten(node));
  if (flat.length > types.length) {
    return refuse(
      flat[types.length]!.span,
      `unexpected concat component, expecting ${types.map((t) => t.description).join(" . ")}`,
    );
  }
  if (flat.length < types.length) {
    return refuse(
      span,
      `datatype mismatch, expected concatenation of (${types.map((t) => t.description).join(", ")})`,
    );
  }
  const parts = types.map((type, index) =>
    asConstant(context, flat[index]!, {
      type,
      bits: wanted.partBits?.[index] ?? type.bits,
      order: type.order,
    })
  );
  return { kind: "constants", parts, ...typed(wanted, span) };
}

/** A variable may stand for several parts. */
const flatten = (node: Node): Node[] =>
  node.kind === "variable"
    ? flatten(node.value)
    : node.kind === "concatenation"
    ? node.parts.flatMap(flatten)
    : [node];

function symbol(context: CheckContext, node: Extract<Node, { kind: "symbol" }>, wanted: Wanted): Constant {
  const { type, bits } = wanted;
  if (type.parts !== undefined) {
    return refuse(
      node.span,
      `datatype mismatch, expected concatenation of (${type.parts.map((t) => t.description).join(", ")})`,
    );
  }
  if (isText(type)) return text(node, wanted);
  const parsed = parseSymbol(type, node.text, context.types);
  if (isError(parsed)) {
    throw new Refusal(errorAt(node.span, parsed.error, ...(parsed.hint === undefined ? [] : [parsed.hint])));
  }
  const most = type.most ?? (1n << BigInt(bits)) - 1n;
  if (parsed > most || bits === 0) refuse(node.span, `Value ${parsed} exceeds valid range 0-${most}`);
  return { kind: "value", value: parsed, ...typed(wanted, node.span) };
}

/** Characters; a trailing `*` matches any rest, `\*` is a star. */
function text(node: Extract<Node, { kind: "symbol" }>, wanted: Wanted): Constant {
  const bytes = wanted.bits / 8;
  let value = node.text;
  if (value === "") refuse(node.span, "Empty string is not allowed");
  const wild = value.endsWith("*") && !value.endsWith("\\*");
  if (wild) value = value.slice(0, -1);
  value = value.replaceAll("\\*", "*");
  const length = new TextEncoder().encode(value).length;
  if (length > bytes || (!wild && length === bytes && wanted.type.name === "ifname")) {
    refuse(node.span, `String exceeds maximum length of ${bytes}`);
  }
  const padded = textValue(value) << BigInt((bytes - length) * 8);
  const type = typed({ ...wanted, order: "big" }, node.span);
  if (!wild) return { kind: "value", value: padded, ...type };
  if (length === 0) {
    refuse(node.span, "All-wildcard strings are not supported", [], ["leave the match out instead"]);
  }
  return { kind: "prefix", value: padded, length: length * 8, ...type };
}

function prefix(context: CheckContext, node: Extract<Node, { kind: "prefix" }>, wanted: Wanted): Constant {
  const base = single(asConstant(context, node.base, wanted));
  if (isText(wanted.type)) {
    refuse(node.span, `Prefix expression is not defined for ${wanted.type.description} types`);
  }
  if (node.length > wanted.bits) {
    refuse(node.span, `Prefix length ${node.length} is invalid for type of ${wanted.bits} bits width`);
  }
  const mask = prefixMask(wanted.bits, node.length);
  return { kind: "prefix", length: node.length, ...typed(wanted, node.span), value: base.value & mask };
}

export const prefixMask = (bits: number, length: number): bigint =>
  ((1n << BigInt(length)) - 1n) << BigInt(bits - length);

function range(context: CheckContext, node: Extract<Node, { kind: "range" }>, wanted: Wanted): Constant {
  if (isText(wanted.type)) {
    asConstant(context, node.from, wanted);
    refuse(node.from.span, `Range expression is not defined for ${wanted.type.description} types`, [
      node.span,
    ]);
  }
  const from = single(asConstant(context, node.from, wanted));
  const to = single(asConstant(context, node.to, wanted));
  if (from.value > to.value && !wanted.cyclic) {
    refuse(node.span, "Range has zero or negative size", [], ["the smaller value comes first"]);
  }
  return { kind: "range", from: from.value, to: to.value, ...typed(wanted, node.span) };
}

/** Flags separated by commas are all of them together. */
function flagList(context: CheckContext, node: Extract<Node, { kind: "list" }>, wanted: Wanted): Constant {
  if (!isBitmask(wanted.type)) {
    return refuse(
      node.items[0]?.span ?? node.span,
      `Basetype of type ${wanted.type.description} is not bitmask`,
      [],
      [
        "put several values in a set: { a, b }",
      ],
    );
  }
  const value = node.items.reduce((sum, item) => sum | single(asConstant(context, item, wanted)).value, 0n);
  return { kind: "value", value, ...typed(wanted, node.span) };
}

/** The one value, where a range, prefix or set would make no sense. */
export function single(constant: Constant): Value {
  if (constant.kind === "value") return constant;
  return refuse(constant.span, `a single value was expected, not a ${constant.kind}`);
}

/** Computes an operation of two constants. */
export function fold(node: Extract<Node, { kind: "binary" }>, left: Value, right: Value): Value {
  const bits = BigInt(Math.max(left.bits, 1));
  const result = compute(node.op, left.value, right.value, bits);
  return { ...left, value: result, span: node.span };
}

function compute(op: string, a: bigint, b: bigint, bits: bigint): bigint {
  const mask = (1n << bits) - 1n;
  switch (op) {
    case "&":
      return a & b;
    case "|":
      return a | b;
    case "^":
      return a ^ b;
    case "<<":
      return b >= bits ? 0n : (a << b) & mask;
    default:
      return b >= bits ? 0n : a >> b;
  }
}

/**
 * First and last value a constant covers, as register bytes; parts of a concatenation padded to four bytes.
 * `big`: in network order whatever its type, as intervals need it (they compare byte by byte).
 */
export function boundsOf(constant: Constant, big: boolean): { from: Uint8Array; to: Uint8Array } {
  const order = big || isText(constant.type) ? "big" : constant.order;
  switch (constant.kind) {
    case "value": {
      const bytes = sharedBytes(constant.value, constant.bits, order);
      return { from: bytes, to: bytes };
    }
    case "prefix": {
      const rest = (1n << BigInt(constant.bits - constant.length)) - 1n;
      return {
        from: sharedBytes(constant.value, constant.bits, order),
        to: sharedBytes(constant.value | rest, constant.bits, order),
      };
    }
    case "range":
      return {
        from: sharedBytes(constant.from, constant.bits, order),
        to: sharedBytes(constant.to, constant.bits, order),
      };
    case "constants": {
      const parts = constant.parts.map((part) => boundsOf(part, big));
      return {
        from: joinPadded(parts.map((part) => part.from)),
        to: joinPadded(parts.map((part) => part.to)),
      };
    }
    default:
      return { from: new Uint8Array(0), to: new Uint8Array(0) };
  }
}

/** Joins byte strings, each padded with zeros to a multiple of four. */
export function joinPadded(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = freshBytes(parts.reduce((sum, part) => sum + paddedBits(part.length * 8) / 8, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += paddedBits(part.length * 8) / 8;
  }
  return bytes;
}
