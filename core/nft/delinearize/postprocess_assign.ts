import { operations } from "./value.ts";
import { maskPlace } from "./postprocess_payload.ts";
import type { ProtocolContext } from "../check/protocol_context.ts";
import type { Expr, PayloadExpr, Statement } from "../tree/typed.ts";
import { bytesOf, valueOf } from "../types.ts";

type Assign = Extract<Statement, { kind: "assign" }>;

/** A field written as part of whole words (load, mask, write back) as the plain assignment it was. */
export function writtenField(
  statement: Assign,
  context: ProtocolContext,
  inPart: boolean,
): { target: PayloadExpr; value: Expr } | undefined {
  const { target, value } = statement;
  if (target.kind !== "payload" || target.behind) return undefined;
  let at: Expr = value;
  const operations: { op: string; by: bigint }[] = [];
  while (at.kind === "binary" && at.right.kind === "value") {
    operations.unshift({ op: at.op, by: at.right.value });
    at = at.left;
  }
  if (
    at.kind !== "payload" || at.offset !== target.offset || at.bits !== target.bits || operations.length === 0
  ) return undefined;
  const all = (1n << BigInt(target.bits)) - 1n;
  let keep = all;
  let constant = 0n;
  for (const { op, by } of operations) {
    if (op === "&") {
      keep &= by;
      constant &= by;
    } else if (op === "|") {
      keep &= ~by;
      constant |= by;
    } else constant ^= by;
  }
  const change = inPart ? changedField(target, all & ~keep, constant, context) : undefined;
  if (change !== undefined) return change;
  const place = maskPlace(all & ~keep, target.bits);
  const layer = context.at(target.base);
  const protocol = layer.protocol;
  if (place === undefined || protocol === undefined || (constant & keep) !== 0n) return undefined;
  const offset = target.offset + target.bits - place.low - place.width;
  const field = protocol.fields.find((known) =>
    known.offset === offset - layer.offset && known.bits === place.width
  );
  if (field === undefined) return undefined;
  const { type, bits } = field;
  const written = constant >> BigInt(place.low);
  return {
    target: { ...target, protocol, field, offset, bits, type },
    value: { kind: "value", value: written, type, bits, order: "big", span: value.span },
  };
}

/** Some bits of a field set, cleared or turned (`ip dscp set ip dscp | 0x3`): the field is the one that holds them all. */
function changedField(
  target: PayloadExpr,
  cleared: bigint,
  turned: bigint,
  context: ProtocolContext,
): { target: PayloadExpr; value: Expr } | undefined {
  const { protocol, offset } = context.at(target.base);
  const touched = cleared | turned;
  const field = protocol?.fields.find((known) => {
    const low = target.offset + target.bits - offset - known.offset - known.bits;
    return low >= 0 && known.offset + offset >= target.offset &&
      touched >> BigInt(low) << BigInt(low) === touched &&
      touched >> BigInt(low + known.bits) === 0n;
  });
  if (protocol === undefined || field === undefined) return undefined;
  const { type, bits } = field;
  const low = BigInt(target.offset + target.bits - offset - field.offset - bits);
  const all = (1n << BigInt(bits)) - 1n;
  const gone = cleared >> low;
  // All of it is another value.
  if (gone === all) return undefined;
  const written: PayloadExpr = { ...target, protocol, field, offset: offset + field.offset, bits, type };
  return { target: written, value: operations(written, all & ~gone, turned >> low) };
}

/** A constant read as what it is written to. */
export function adopt(value: Expr, target: Expr): Expr {
  if (value.kind !== "value" || value.type === target.type) return value;
  const bytes = bytesOf(value.value, value.bits, value.order);
  return {
    ...value,
    type: target.type,
    order: target.order,
    bits: target.bits,
    value: valueOf(bytes, target.order),
  };
}
