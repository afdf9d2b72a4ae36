import type { ProtocolContext } from "../check/protocol_context.ts";
import { fieldsOf, longerField, maskPlace } from "./postprocess_payload.ts";
import { prefixMask } from "../check/constant.ts";
import type { Constant, Expr, SetUse, Statement } from "../tree/typed.ts";
import { type DataType, isBitmask, isText } from "../types.ts";

type Match = Extract<Statement, { kind: "match" }>;

/** Types whose values are written with a prefix length: 10.0.0.0/8, 0xff00/8. */
const WITH_PREFIX = new Set(["ipv4_addr", "ipv6_addr", "mark"]);
export const takesPrefix = (type: DataType): boolean => WITH_PREFIX.has(type.name);

/** Masks as bit fields, prefixes and flags. */
export function simplifyMatch(match: Match, context: ProtocolContext): Match {
  const shortened = bytePrefix(match, context);
  if (shortened !== undefined) return shortened;
  const { left, right } = match;
  if (left.kind !== "binary") return adopt(match, left);
  if (left.op !== "&" || left.right.kind !== "value") return adopt(match, left);
  const mask = left.right.value;
  const field = bitField(left, context);
  if (field !== undefined) {
    const place = maskPlace(mask, left.left.bits)!;
    if (right.kind === "set") {
      return {
        ...match,
        left: field,
        right: { ...right, set: { ...right.set, shift: place.low } as SetUse },
      };
    }
    return adopt({ ...match, left: field, right: shifted(right, place.low, field) }, field);
  }
  if (right.kind !== "value") return adopt(match, left);
  if (isBitmask(left.type)) return flags(match, left, mask, right);
  return prefixed(match, left, mask, right) ?? adopt(match, left);
}

function bitField(left: Extract<Expr, { kind: "binary" }>, context: ProtocolContext): Expr | undefined {
  if (left.right.kind !== "value") return undefined;
  const source = left.left;
  if (source.kind === "payload") {
    return source.field === undefined ? fieldsOf(source, left.right.value, 0n, context) : undefined;
  }
  const place = maskPlace(left.right.value, source.bits);
  if (place === undefined) return undefined;
  const offset = "offset" in source ? source.offset + source.bits - place.low - place.width : -1;
  if (source.kind === "option" && source.field === undefined) {
    const field = source.option.fields.find((known) => known.offset === offset && known.bits === place.width);
    if (field === undefined) return undefined;
    const { raw: _raw, ...rest } = source;
    return { ...rest, field, offset, bits: field.bits, type: field.type };
  }
  if (source.kind === "extension" && source.field === undefined) {
    const field = source.header.fields.find((known) => known.offset === offset && known.bits === place.width);
    return field && { ...source, field, offset, bits: field.bits, type: field.type };
  }
  return undefined;
}

function shifted(constant: Constant, low: number, field: Expr): Constant {
  const by = BigInt(low);
  const { type, bits } = field;
  if (constant.kind === "value") return { ...constant, type, bits, value: constant.value >> by };
  if (constant.kind === "range") {
    return { ...constant, type, bits, from: constant.from >> by, to: constant.to >> by };
  }
  return constant;
}

/** Gives the constant the type of the other side. */
function adopt(match: Match, left: Expr): Match {
  const { right } = match;
  return right.kind === "set" || right.type === left.type
    ? match
    : { ...match, right: { ...right, type: left.type } };
}

/** The first whole bytes of a field compared alone. */
function bytePrefix(match: Match, context: ProtocolContext): Match | undefined {
  const { left, right } = match;
  if (left.kind !== "payload" || left.field !== undefined || right.kind !== "value") return undefined;
  if (match.op !== "eq" && match.op !== "neq") return undefined;
  const whole = longerField(left, context);
  if (whole === undefined || isText(whole.type)) return undefined;
  const value = right.value << BigInt(whole.bits - left.bits);
  const { type, bits } = whole;
  return { ...match, left: whole, right: { ...right, kind: "prefix", value, length: left.bits, type, bits } };
}

function prefixed(
  match: Match,
  left: Extract<Expr, { kind: "binary" }>,
  mask: bigint,
  right: Extract<Constant, { kind: "value" }>,
): Match | undefined {
  if (!takesPrefix(left.type) || (match.op !== "eq" && match.op !== "neq")) return undefined;
  const bits = left.left.bits;
  let length = 0;
  while (length < bits && ((mask >> BigInt(bits - 1 - length)) & 1n) === 1n) length++;
  if (mask !== prefixMask(bits, length)) return undefined;
  const { type } = left;
  return { ...match, left: left.left, right: { ...right, kind: "prefix", length, type, bits } };
}

/** `x & f != 0` is `x f`, `x & f == 0` is `x ! f`; of several flags just some is `some / all`. */
function flags(
  match: Match,
  left: Extract<Expr, { kind: "binary" }>,
  mask: bigint,
  right: Extract<Constant, { kind: "value" }>,
): Match {
  const { type } = left;
  const bare = left.left;
  const all = (1n << BigInt(bare.bits)) - 1n;
  if (right.value === 0n && (match.op === "neq" || match.op === "eq")) {
    return {
      ...match,
      op: match.op === "neq" ? "flags" : "not flags",
      left: bare,
      implicit: match.op === "neq",
      right: { ...right, type, value: mask },
    };
  }
  if (mask === all) return { ...match, left: bare, implicit: false, right: { ...right, type } };
  return { ...match, implicit: false, right: { ...right, type } };
}
