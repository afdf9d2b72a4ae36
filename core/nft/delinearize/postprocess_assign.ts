import { maskPlace } from "./postprocess_payload.ts";
import type { ProtocolContext } from "../check/protocol_context.ts";
import type { Expr, PayloadExpr, Statement } from "../tree/typed.ts";
import { bytesOf, valueOf } from "../types.ts";

type Assign = Extract<Statement, { kind: "assign" }>;

/** A field written as part of whole words (load, mask, write back) as the plain assignment it was. */
export function writtenField(
  statement: Assign,
  context: ProtocolContext,
): { target: PayloadExpr; value: Expr } | undefined {
  const { target, value } = statement;
  if (target.kind !== "payload") return undefined;
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
