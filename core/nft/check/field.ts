import { refuse } from "../text/diagnostic.ts";
import { fieldOf, PROTOCOLS } from "../protocol/registry.ts";
import type { Node } from "../tree/tree.ts";
import type { Expr, Operand, PayloadExpr } from "../tree/typed.ts";
import { type DataType, integerType, rawType } from "../types.ts";
import type { CheckContext } from "./context.ts";
import { fieldPayload, requireProtocol } from "./dependency.ts";
import { checkIcmpField } from "./icmp.ts";

/** `tcp dport`: a field of a header, with the matches it needs. */
export function payloadField(context: CheckContext, node: Extract<Node, { kind: "payload" }>): Expr {
  const protocol = PROTOCOLS.get(node.protocol)!;
  const field = fieldOf(protocol, node.field)!;
  if (field.newest && !context.types.newest) {
    refuse(node.span, `nft 1.0.6 has no ${protocol.name} ${field.name}`);
  }
  const payload = requireProtocol(context, fieldPayload(protocol, field, node.span));
  checkIcmpField(context, payload);
  return aligned(payload);
}

/** A field that is not made of whole bytes is loaded with its neighbours, masked and shifted. */
export function aligned(payload: PayloadExpr): Expr {
  const first = payload.offset & ~7;
  const last = (payload.offset + payload.bits + 7) & ~7;
  const bits = last - first;
  if (bits === payload.bits) return payload;
  const shift = last - payload.offset - payload.bits;
  const { type, span } = payload;
  const wide: PayloadExpr = { ...payload, offset: first, bits };
  return maskAndShift(wide, bits, payload.bits, shift, type, span);
}

/** Some bits out of what was loaded. */
export function maskAndShift(
  wide: Operand,
  wideBits: number,
  bits: number,
  shift: number,
  type: DataType,
  span: Node["span"],
): Expr {
  const mask = ((1n << BigInt(bits)) - 1n) << BigInt(shift);
  const masked: Expr = {
    kind: "binary",
    op: "&",
    left: wide,
    right: { kind: "value", value: mask, type: integerType, bits: wideBits, order: "big", span },
    type,
    bits: wideBits,
    order: "big",
    span,
  };
  if (shift === 0) return { ...masked, bits };
  const by = {
    kind: "value",
    value: BigInt(shift),
    type: integerType,
    bits: 32,
    order: "host",
    span,
  } as const;
  return { kind: "binary", op: ">>", left: masked, right: by, type, bits, order: "big", span };
}

/** `@th,16,16`: bits wherever they are. */
export function rawPayload(node: Extract<Node, { kind: "raw payload" }>): Expr {
  const { base, offset, bits, span } = node;
  if (bits > 128) refuse(span, "payload length exceeds 128 bits");
  const raw = { kind: "payload", offset, bits, type: rawType, order: "big", span } as const;
  return aligned(base === "inner" ? { ...raw, base: "transport", behind: true } : { ...raw, base });
}
