import { ipv4Type, ipv6Type } from "../datatype/address.ts";
import { interfaceIndexType, interfaceNameType } from "../datatype/interface.ts";
import { booleanType, fibTypeType, realmType } from "../datatype/symbolic.ts";
import { refuse } from "../text/diagnostic.ts";
import type { Node } from "../tree/tree.ts";
import type { Expr } from "../tree/typed.ts";
import { type DataType, integerType } from "../types.ts";
import type { CheckContext } from "./context.ts";

/** What `rt` tells of the route, as written. */
export const ROUTE_TYPES: Readonly<
  Record<string, { readonly type: DataType; readonly bits: number; readonly help: string }>
> = {
  classid: { type: realmType, bits: 32, help: "realm of the route" },
  mtu: { type: integerType, bits: 16, help: "largest TCP segment the route carries" },
  ipsec: { type: booleanType, bits: 1, help: "whether the route goes through IPsec" },
  "ip nexthop": { type: ipv4Type, bits: 32, help: "IPv4 address of the next router" },
  "ip6 nexthop": { type: ipv6Type, bits: 128, help: "IPv6 address of the next router" },
};

/** What a route lookup gives, and its type. */
export const FIB_TYPES: Readonly<Record<"oif" | "oifname" | "type", DataType>> = {
  oif: interfaceIndexType,
  oifname: interfaceNameType,
  type: fibTypeType,
};

/** `rt nexthop`: the route the packet has. */
export function route(context: CheckContext, node: Extract<Node, { kind: "rt" }>): Expr {
  const { span } = node;
  switch (node.key) {
    case "classid":
      return { kind: "rt", key: "classid", ...read("classid"), order: "host", span };
    case "mtu":
      return { kind: "rt", key: "tcpmss", ...read("mtu"), order: "host", span };
    case "ipsec":
      return { kind: "rt", key: "ipsec", ...read("ipsec"), order: "host", span };
    case "nexthop": {
      const known = context.protocols.network.protocol?.name;
      const family = node.family ?? (known === "ip" || known === "ip6" ? known : undefined);
      if (family === undefined) {
        return refuse(
          span,
          'cannot determine ip protocol version, use "ip nexthop" or "ip6 nexthop" instead',
        );
      }
      if ((context.family === "ip" || context.family === "ip6") && family !== context.family) {
        refuse(span, `${family} nexthop will not match`);
      }
      return family === "ip"
        ? { kind: "rt", key: "nexthop4", ...read("ip nexthop"), order: "big", span }
        : { kind: "rt", key: "nexthop6", ...read("ip6 nexthop"), order: "big", span };
    }
    default:
      return refuse(span, "syntax error, unexpected string", [], [
        "keys of rt: classid, nexthop, mtu, ipsec",
      ]);
  }
}

const read = (key: string): { type: DataType; bits: number } => {
  const { type, bits } = ROUTE_TYPES[key]!;
  return { type, bits };
};

/** `fib saddr . iif oif`: the route a lookup would give. */
export function fib(context: CheckContext, node: Extract<Node, { kind: "fib" }>): Expr {
  const has = (flag: string) => node.flags.includes(flag);
  if (!has("saddr") && !has("daddr")) refuse(node.flagSpan, "fib: need either saddr or daddr");
  if (has("saddr") && has("daddr")) refuse(node.flagSpan, "fib: saddr and daddr are mutually exclusive");
  if (has("iif") && has("oif")) refuse(node.flagSpan, "fib: iif and oif are mutually exclusive");
  const order = ["saddr", "daddr", "mark", "iif", "oif"] as const;
  const flags = order.filter(has);
  // Whether there is a route: since nft 1.1.4.
  if (node.result === "check") {
    if (!context.types.newest) refuse(node.span, "nft 1.0.6 has no fib check");
    const asked = { flags, result: "oif", present: true, type: booleanType, bits: 1 } as const;
    return { kind: "fib", ...asked, order: "host", span: node.span };
  }
  const result = node.result as "oif" | "oifname" | "type";
  const type = FIB_TYPES[result];
  return {
    kind: "fib",
    flags,
    result,
    present: false,
    type,
    bits: type.bits,
    order: type.order,
    span: node.span,
  };
}
