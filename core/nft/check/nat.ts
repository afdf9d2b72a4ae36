import type { CheckContext } from "./context.ts";
import { setSource } from "./context.ts";
import { asConstant, type Wanted } from "./constant.ts";
import { namedSet } from "./lookup.ts";
import { checkMap } from "./map.ts";
import { checkOperand } from "./operand.ts";
import { setOf } from "./set.ts";
import { ipv4Type, ipv6Type } from "../datatype/address.ts";
import { inetServiceType } from "../datatype/protocol.ts";
import { refuse } from "../text/diagnostic.ts";
import type { Node, StatementNode } from "../tree/tree.ts";
import {
  concatenatedType,
  type Constant,
  type Expr,
  type NatMapParts,
  type NatStatement,
} from "../tree/typed.ts";

type NatNode = Extract<StatementNode, { kind: "nat" }>;

const PORT: Wanted = { type: inetServiceType, bits: 16, order: "big" };

export function checkNat(context: CheckContext, node: NatNode): void {
  const { nat, span } = node;
  if (!["ip", "ip6", "inet"].includes(context.family)) {
    refuse(nat.typeSpan, "NAT is only supported for IPv4/IPv6");
  }
  const result: { -readonly [K in keyof NatStatement]: NatStatement[K] } = {
    type: nat.type,
    flags: nat.flags,
  };
  if (nat.type === "snat" || nat.type === "dnat") {
    const family = familyOf(context, node);
    result.family = family;
    if (nat.address !== undefined && family !== "inet") address(context, node, family, nat.address, result);
  }
  if (nat.port !== undefined) {
    requireTransport(context, node, nat.portSpan ?? nat.port.span);
    const port = portOf(context, nat.port);
    const [from, to] = ends(port);
    result.port = from;
    if (to !== undefined) result.portMax = to;
  }
  context.statements.push({ kind: "nat", nat: result, span });
}

function familyOf(context: CheckContext, node: NatNode): "ip" | "ip6" | "inet" {
  const { family } = node.nat;
  const known = context.protocols.network.protocol?.name;
  const own = context.family === "ip" || context.family === "ip6" ? context.family : undefined;
  if (own !== undefined && (family === undefined || family === own || node.nat.address === undefined)) {
    return own;
  }
  if (family !== undefined && (known === "ip" || known === "ip6") && known !== family) {
    const where = context.protocols.network.span;
    refuse(
      node.nat.typeSpan,
      `conflicting protocols specified: ${known} vs. ${family}. You must specify ip or ip6 family in nat statement`,
      where === undefined ? [] : [where],
    );
  }
  if (family !== undefined) return family;
  if (node.nat.address === undefined) return "inet";
  if (known === "ip" || known === "ip6") return known;
  return refuse(node.nat.typeSpan, "ip or ip6 must be specified with address for inet tables.", [], [
    `write ${node.nat.type} ip to ... or ${node.nat.type} ip6 to ...`,
  ]);
}

function requireTransport(context: CheckContext, node: NatNode, span: Node["span"]): void {
  const { transport } = context.protocols;
  if (transport.protocol !== undefined || transport.candidates.length > 0) return;
  refuse(
    span,
    "transport protocol mapping is only valid after transport protocol match",
    [node.nat.typeSpan],
    [
      "match the protocol first: meta l4proto { tcp, udp }",
    ],
  );
}

function portOf(context: CheckContext, node: Node): Expr {
  if (node.kind === "map") return checkMap(context, node, PORT);
  return checkOperand(context, node, PORT);
}

/** The two ends of a range; one value is its own end. */
function ends(expr: Expr): [Expr, Expr | undefined] {
  if (expr.kind !== "range" && expr.kind !== "prefix") return [expr, undefined];
  const { type, bits, order, span } = expr;
  const value = (number: bigint): Constant => ({ kind: "value", value: number, type, bits, order, span });
  if (expr.kind === "range") return [value(expr.from), value(expr.to)];
  const rest = (1n << BigInt(bits - expr.length)) - 1n;
  return [value(expr.value), value(expr.value | rest)];
}

const NETMAP = 64;

function address(
  context: CheckContext,
  node: NatNode,
  family: "ip" | "ip6",
  written: Node,
  result: { -readonly [K in keyof NatStatement]: NatStatement[K] },
): void {
  const type = family === "ip" ? ipv4Type : ipv6Type;
  const plain: Wanted = { type, bits: type.bits, order: "big" };
  if (node.nat.spread === "prefix") result.flags |= NETMAP;
  if (written.kind === "map") return addressMap(context, node, written, type, result);
  const expr = isOperand(written)
    ? checkOperand(context, written, plain)
    : asConstant(context, written, plain);
  const [from, to] = ends(expr);
  result.address = from;
  if (to !== undefined) result.addressMax = to;
}

const isOperand = (node: Node): boolean =>
  ["payload", "meta", "ct", "numgen", "hash", "rt"].includes(node.kind);

/** The data of the map decide what it holds: an address, a range of them, address and port. */
function addressMap(
  context: CheckContext,
  node: NatNode,
  map: Extract<Node, { kind: "map" }>,
  type: typeof ipv4Type,
  result: { -readonly [K in keyof NatStatement]: NatStatement[K] },
): void {
  const written = setOf(map.mapping);
  let ports = false;
  let ranges = false;
  if (written !== undefined) {
    ports = written.elements.some((element) => element.data?.kind === "concatenation");
    ranges = written.elements.some((element) => element.data !== undefined && spreads(element.data));
  } else {
    const source = setSource(namedSet(context, map.mapping, "map"));
    ports = (source?.data?.length ?? 1) > 1;
    ranges = source?.dataInterval ?? false;
  }
  const wantedType = ports ? concatenatedType([type, inetServiceType]) : type;
  const expr = checkMap(context, map, { type: wantedType, bits: wantedType.bits, order: "big" }, ranges);
  if (ports) requireTransport(context, node, map.span);
  const parts: NatMapParts = {
    addressMin: true,
    addressMax: ranges,
    portMin: ports,
    portMax: ports && ranges,
  };
  result.address = expr;
  result.parts = parts;
}

function spreads(node: Node): boolean {
  if (node.kind === "concatenation") return node.parts.some(spreads);
  if (node.kind === "variable") return spreads(node.value);
  return node.kind === "range" || node.kind === "prefix";
}
