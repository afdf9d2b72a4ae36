import type { CheckContext } from "./context.ts";
import { refuse } from "../text/diagnostic.ts";
import { META_KEYS } from "../keys.ts";
import type { Field, Protocol } from "../protocol/protocol.ts";
import { fieldOf, nextNumber, PROTOCOLS } from "../protocol/registry.ts";
import { TRANSPORTS } from "../protocol/transports.ts";
import type { Span } from "../text/source.ts";
import type { Operand, PayloadExpr } from "../tree/typed.ts";

/**
 * Dependencies: before a header field is compared the packet must be known to have that header. Where the rule
 * does not say so, the match that says it is written first (nft's payload_gen_dependency).
 */
export function requireProtocol(
  context: CheckContext,
  payload: PayloadExpr,
  /** For an option or extension of it, not for a field. */
  inside = false,
): PayloadExpr {
  const protocol = payload.protocol;
  if (protocol === undefined || protocol.name === "th") return payload;
  const layer = context.protocols.at(protocol.base);
  if (layer.protocol !== undefined && layer.candidates.length > 1) {
    if (!layer.candidates.every((candidate) => candidate === protocol)) {
      const other = layer.candidates.find((candidate) => candidate !== protocol)!;
      conflict(payload.span, other.name, protocol.name);
    }
  }
  if (layer.protocol === protocol) return shifted(payload, layer.offset);
  if (layer.protocol === undefined) {
    generate(context, protocol, payload.span, inside);
    return shifted(payload, context.protocols.at(protocol.base).offset);
  }
  // A VLAN tag stacks upon Ethernet as long as no match has said what comes behind.
  if (protocol.base === "link" && context.protocols.network.span === undefined) {
    const number = protocol === PROTOCOLS.get("vlan") ? 0x8100 : nextNumber(layer.protocol, protocol);
    if (number !== undefined && layer.protocol.nextField !== undefined) {
      announce(context, layer.protocol, number, payload.span);
      return shifted(payload, context.protocols.at("link").offset);
    }
  }
  return conflict(payload.span, layer.protocol.name, protocol.name, layer.span);
}

const shifted = (payload: PayloadExpr, offset: number): PayloadExpr =>
  offset === 0 ? payload : { ...payload, offset: payload.offset + offset };

function conflict(span: Span, one: string, other: string, _where?: Span): never {
  return refuse(span, `conflicting protocols specified: ${one} vs. ${other}`, [], [
    "a packet has only one of them: make two rules of it",
  ]);
}

function generate(context: CheckContext, protocol: Protocol, span: Span, inside: boolean): void {
  switch (protocol.base) {
    case "link":
      if (context.family === "arp" && protocol.name !== "ether") break;
      match(context, metaOperand("iiftype", span), 1n, span);
      if (context.protocols.link.protocol === protocol) return;
      return void requireProtocol(context, { ...linkPayload(protocol, span) });
    case "network":
      return networkDependency(context, protocol, span, inside);
    case "transport":
      return transportDependency(context, protocol, span);
  }
}

const linkPayload = (protocol: Protocol, span: Span): PayloadExpr =>
  fieldPayload(protocol, protocol.fields[0]!, span);

function networkDependency(
  context: CheckContext,
  protocol: Protocol,
  span: Span,
  forTransport = false,
): void {
  const { family } = context;
  const link = context.protocols.link.protocol;
  // In a bridge the frame is Ethernet anyway, and the kernel keeps its type at hand.
  const routed = protocol.name === "ip" || protocol.name === "ip6";
  const known = family === "bridge" && link === PROTOCOLS.get("ether") && routed && !forTransport;
  if (link !== undefined && !known) {
    const number = nextNumber(link, protocol);
    if (number === undefined) return conflict(span, link.name, protocol.name);
    return announce(context, link, number, span);
  }
  if (family === "inet") {
    const number = protocol.name === "ip" ? 2n : protocol.name === "ip6" ? 10n : undefined;
    if (number === undefined) return conflict(span, "inet", protocol.name);
    return match(context, metaOperand("nfproto", span), number, span);
  }
  if (family === "netdev" || family === "bridge") {
    const number = nextNumber(PROTOCOLS.get("ether")!, protocol);
    if (number !== undefined) return match(context, metaOperand("protocol", span), BigInt(number), span);
  }
  return conflict(span, family, protocol.name);
}

function transportDependency(context: CheckContext, protocol: Protocol, span: Span): void {
  const number = TRANSPORTS.find(([, name]) => name === protocol.name)?.[0];
  if (number === undefined) return;
  const network = context.protocols.network.protocol;
  const only = protocol.name === "icmp" || protocol.name === "igmp"
    ? "ip"
    : protocol.name === "icmpv6"
    ? "ip6"
    : "";
  if (network === undefined && only !== "") networkDependency(context, PROTOCOLS.get(only)!, span, true);
  if (network !== undefined && network.next === undefined) conflict(span, network.name, protocol.name);
  match(context, metaOperand("l4proto", span), BigInt(number), span);
}

/** Writes the match on the next-header field of `lower`. */
function announce(context: CheckContext, lower: Protocol, number: number, span: Span): void {
  const field = fieldOf(lower, lower.nextField!)!;
  const payload = shifted(fieldPayload(lower, field, span), context.protocols.at(lower.base).offset);
  match(context, payload, BigInt(number), span);
}

function match(context: CheckContext, left: Operand, value: bigint, span: Span): void {
  const { type, bits, order } = left;
  context.statements.push({
    kind: "match",
    op: "eq",
    left,
    right: { kind: "value", value, type, bits, order, span },
    implicit: true,
    generated: true,
    span,
  });
  context.protocols.learnFrom(left, [value], span);
}

/** Writes the match of a key of `meta` that says which packets these are. */
export const requireNumber = (context: CheckContext, key: string, number: number, span: Span): void =>
  match(context, metaOperand(key, span), BigInt(number), span);

export function metaOperand(name: string, span: Span): Operand {
  const row = META_KEYS.get(name)!;
  return { kind: "meta", row, type: row.type, bits: row.bits, order: row.order, span };
}

/** A field at its place in its own header; bytes on the wire are in network order. */
export const fieldPayload = (protocol: Protocol, field: Field, span: Span): PayloadExpr => ({
  kind: "payload",
  base: protocol.base,
  offset: field.offset,
  protocol,
  field,
  type: field.type,
  bits: field.bits,
  order: "big",
  span,
});
