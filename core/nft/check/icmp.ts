import type { CheckContext } from "./context.ts";
import type { PayloadExpr } from "../tree/typed.ts";
import { refuse } from "../text/diagnostic.ts";
import { fieldPayload } from "./dependency.ts";
import { fieldOf } from "../protocol/registry.ts";

/** A field that only some messages have needs the match on `type` (payload_gen_icmp_dependency). */
export function checkIcmpField(context: CheckContext, payload: PayloadExpr): void {
  const only = payload.field?.onlyIn;
  const { protocol } = payload;
  if (only === undefined || protocol === undefined) return;
  const types = context.protocols.icmpTypes;
  if (types !== undefined) {
    if (types.some((type) => only.includes(type))) return;
    refuse(payload.span, `incompatible icmp match: rule has ${types[0] ?? "none"}, need ${only[0]}`);
  }
  context.protocols.icmpTypes = only;
  const left = fieldPayload(protocol, fieldOf(protocol, "type")!, payload.span);
  const { type, bits, order, span } = left;
  const [first, second] = only;
  const value = (number: number) => ({
    kind: "value" as const,
    value: BigInt(number),
    type,
    bits,
    order,
    span,
  });
  if (second === undefined) {
    context.statements.push({
      kind: "match",
      op: "eq",
      left,
      right: value(first!),
      implicit: true,
      generated: true,
      span,
    });
    return;
  }
  const elements = only.map((number) => ({ key: Uint8Array.of(number) }));
  const literal = { key: type, keyBits: [8], interval: false, elements, span };
  context.statements.push({
    kind: "match",
    op: "eq",
    left,
    right: { kind: "set", set: { kind: "literal", literal }, span },
    implicit: true,
    generated: true,
    span,
  });
}
