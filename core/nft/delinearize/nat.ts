import type { Expression } from "../../expr/expression.ts";
import { retyped } from "./value.ts";
import { ipv4Type, ipv6Type } from "../datatype/address.ts";
import { inetServiceType } from "../datatype/protocol.ts";
import { NOWHERE } from "../text/source.ts";
import { concatenatedType, type Expr, type NatMapParts, type NatStatement } from "../tree/typed.ts";
import type { DataType } from "../types.ts";

/** NF_NAT_RANGE_PROTO_SPECIFIED and _MAP_IPS: said by the registers. */
const IMPLIED_FLAGS = 3;

export function natStatement(
  e: Extract<Expression, { kind: "nat" | "masquerade" | "redirect" }>,
  get: (register: number) => Expr,
): NatStatement {
  const flags = e.flags & ~IMPLIED_FLAGS;
  const ports = (): { port?: Expr; portMax?: Expr } => ({
    ...(e.portMin === undefined ? {} : { port: typed(get(e.portMin), inetServiceType) }),
    ...(e.portMax === undefined ? {} : { portMax: typed(get(e.portMax), inetServiceType) }),
  });
  if (e.kind !== "nat") return { type: e.kind, flags, ...ports() };
  const type = e.family === "ip6" ? ipv6Type : ipv4Type;
  const base = { type: e.type, family: e.family, flags };
  if (e.addressMin === undefined) return { ...base, ...ports() };
  const address = get(e.addressMin);
  if (address.kind === "map") {
    const own = e.portMin !== undefined && get(e.portMin).kind !== "value" && get(e.portMin).kind !== "map";
    const carried = e.portMin !== undefined && (own || e.portMin >= 8);
    const parts: NatMapParts = {
      addressMin: true,
      addressMax: e.addressMax !== undefined,
      portMin: carried,
      portMax: carried && e.portMax !== undefined,
    };
    const dataType = carried ? concatenatedType([type, inetServiceType]) : type;
    const map = { ...address, type: dataType, bits: dataType.bits };
    return { ...base, address: map, parts, ...(carried ? {} : ports()) };
  }
  return {
    ...base,
    address: typed(address, type),
    ...(e.addressMax === undefined ? {} : { addressMax: typed(get(e.addressMax), type) }),
    ...ports(),
  };
}

function typed(expr: Expr, type: DataType): Expr {
  const target: Expr = { kind: "value", value: 0n, type, bits: type.bits, order: "big", span: NOWHERE };
  if (expr.kind === "value") return retyped(expr, target);
  return expr.kind === "map" ? { ...expr, type, bits: type.bits, order: "big" } : expr;
}
