import { ipv6Type } from "../datatype/address.ts";
import { inetProtocolType } from "../datatype/protocol.ts";
import { dscpType, ecnType } from "../datatype/symbolic.ts";
import { field, number, type Protocol } from "./protocol.ts";
import { TRANSPORTS } from "./transports.ts";

/** RFC 8200. */
export const ipv6Row = {
  name: "ip6",
  base: "network",
  fields: [
    number("version", 0, 4),
    field("dscp", dscpType, 4),
    field("ecn", ecnType, 10),
    number("flowlabel", 12, 20),
    number("length", 32, 16),
    { ...field("nexthdr", inetProtocolType, 48), meta: "l4proto" },
    number("hoplimit", 56, 8),
    field("saddr", ipv6Type, 64),
    field("daddr", ipv6Type, 192),
  ],
  nextField: "nexthdr",
  next: TRANSPORTS,
} as const satisfies Protocol;
