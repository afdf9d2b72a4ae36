import type { ProtocolContext } from "../check/protocol_context.ts";
import type { Field, Protocol } from "../protocol/protocol.ts";
import { PROTOCOLS } from "../protocol/registry.ts";
import type { Expr, PayloadExpr } from "../tree/typed.ts";

/** The header field a load reads; the load itself where no known header has one there. Width 0: any field. */
export function resolvePayload(payload: PayloadExpr, context: ProtocolContext): PayloadExpr {
  if (payload.behind) return payload;
  const layer = context.at(payload.base);
  const several = layer.candidates.length > 1;
  const protocol = several ? undefined : layer.protocol;
  if (protocol !== undefined) {
    const found = named(payload, protocol, layer.offset, context.icmpTypes);
    if (found !== undefined) return found;
    if (payload.base === "link" && layer.offset > 0) {
      // What lies before the stacked header belongs to Ethernet.
      const ether = named(payload, PROTOCOLS.get("ether")!, 0);
      if (ether !== undefined && payload.offset < layer.offset) return ether;
    }
    return payload;
  }
  if (payload.base === "transport") return named(payload, PROTOCOLS.get("th")!, 0) ?? payload;
  return payload;
}

function named(
  payload: PayloadExpr,
  protocol: Protocol,
  shift: number,
  types?: readonly number[],
): PayloadExpr | undefined {
  const offset = payload.offset - shift;
  const field = protocol.fields.find((known) =>
    known.offset === offset && (payload.bits === 0 ? (known.bits & 7) === 0 : known.bits === payload.bits) &&
    (known.onlyIn === undefined || known.onlyIn.some((type) => types?.includes(type)))
  );
  return field === undefined ? undefined : filled(payload, protocol, field);
}

const filled = (payload: PayloadExpr, protocol: Protocol, field: Field): PayloadExpr => ({
  ...payload,
  protocol,
  field,
  bits: field.bits,
  type: field.type,
});

/** The field whose first bits a load reads: whole bytes of an address are a prefix of it. */
export function longerField(payload: PayloadExpr, context: ProtocolContext): PayloadExpr | undefined {
  if (payload.behind) return undefined;
  const layer = context.at(payload.base);
  const protocol = layer.candidates.length > 1 ? undefined : layer.protocol;
  const field = protocol?.fields.find((known) =>
    known.offset === payload.offset - layer.offset && known.bits > payload.bits
  );
  return field === undefined ? undefined : filled(payload, protocol!, field);
}

/** The bit field a mask picks out of a load: the mask's ones must be its very bits. */
export function fieldsOf(
  payload: PayloadExpr,
  mask: bigint,
  shift: bigint,
  context: ProtocolContext,
): Expr | undefined {
  if (payload.behind) return undefined;
  const place = maskPlace(mask, payload.bits);
  if (place === undefined) return undefined;
  if (shift !== 0n && shift !== BigInt(place.low)) return undefined;
  const layer = context.at(payload.base);
  const protocol = layer.candidates.length > 1 ? undefined : layer.protocol;
  const offset = payload.offset + payload.bits - place.low - place.width - layer.offset;
  const field = protocol?.fields.find((known) => known.offset === offset && known.bits === place.width);
  return field === undefined
    ? undefined
    : { ...filled(payload, protocol!, field), offset: offset + layer.offset };
}

/** Position and width of a run of ones; undefined where there are several runs or none. */
export function maskPlace(mask: bigint, bits: number): { low: number; width: number } | undefined {
  if (mask === 0n) return undefined;
  let low = 0;
  while (((mask >> BigInt(low)) & 1n) === 0n) low++;
  let width = 0;
  while (low + width < bits && ((mask >> BigInt(low + width)) & 1n) === 1n) width++;
  return mask >> BigInt(low + width) === 0n ? { low, width } : undefined;
}
