import { ipv4Type, ipv6Type } from "../datatype/address.ts";
import { interfaceIndexType, interfaceNameType } from "../datatype/interface.ts";
import { booleanType, fibTypeType, realmType } from "../datatype/symbolic.ts";
import { refuse } from "../text/diagnostic.ts";
import type { Node } from "../tree/tree.ts";
import type { Expr } from "../tree/typed.ts";
import { integerType } from "../types.ts";
import type { CheckContext } from "./context.ts";

/** `rt nexthop`: the route the packet has. */
export function route(context: CheckContext, node: Extract<Node, { kind: "rt" }>): Expr {
  const { span } = node;
  switch (node.key) {
    case "classid":
      return { kind: "rt", key: "classid", type: realmType, bits: 32, order: "host", span };
    case "mtu":
      return { kind: "rt", key: "tcpmss", type: integerType, bits: 16, order: "host", span };
    case "ipsec":
      return { kind: "rt", key: "ipsec", type: booleanType, bits: 1, order: "host", span };
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
        ? { kind: "rt", key: "nexthop4", type: ipv4Type, bits: 32, order: "big", span }
        : { kind: "rt", key: "nexthop6", type: ipv6Type, bits: 128, order: "big", span };
    }
    default:
      return refuse(span, "syntax error, unexpected string", [], [
        "keys of rt: classid, nexthop, mtu, ipsec",
      ]);
  }
}

/** `fib saddr . iif oif`: the route a lookup would give. */
export function fib(node: Extract<Node, { kind: "fib" }>): Expr {
  const has = (flag: string) => node.flags.includes(flag);
  if (!has("saddr") && !has("daddr")) refuse(node.flagSpan, "fib: need either saddr or daddr");
  if (has("saddr") && has("daddr")) refuse(node.flagSpan, "fib: saddr and daddr are mutually exclusive");
  if (has("iif") && has("oif")) refuse(node.flagSpan, "fib: iif and oif are mutually exclusive");
  const order = ["saddr", "daddr", "mark", "iif", "oif"] as const;
  const flags = order.filter(has);
  const result = node.result as "oif" | "oifname" | "type";
  const type = result === "oif" ? interfaceIndexType : result === "oifname" ? interfaceNameType : fibTypeType;
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
