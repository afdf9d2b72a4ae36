import { ipv4Type } from "../datatype/address.ts";
import { inetProtocolType } from "../datatype/protocol.ts";
import { dscpType, ecnType } from "../datatype/symbolic.ts";
import { field, number, type Protocol } from "./protocol.ts";
import { TRANSPORTS } from "./transports.ts";

/** RFC 791. */
export const ipv4Row = {
  name: "ip",
  base: "network",
  fields: [
    number("version", 0, 4),
    number("hdrlength", 4, 4),
    field("dscp", dscpType, 8),
    field("ecn", ecnType, 14),
    number("length", 16, 16),
    number("id", 32, 16),
    number("frag-off", 48, 16),
    number("ttl", 64, 8),
    { ...field("protocol", inetProtocolType, 72), meta: "l4proto" },
    number("checksum", 80, 16),
    field("saddr", ipv4Type, 96),
    field("daddr", ipv4Type, 128),
  ],
  nextField: "protocol",
  next: TRANSPORTS,
  checksum: 10,
} as const satisfies Protocol;
