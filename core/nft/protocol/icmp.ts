import { ipv6Type } from "../datatype/address.ts";
import { icmpCodeType, icmpTypeType, icmpv6CodeType, icmpv6TypeType } from "../datatype/icmp.ts";
import { igmpType } from "../datatype/symbolic.ts";
import { field, number, type Protocol } from "./protocol.ts";

/** RFC 792. */
export const icmpRow = {
  name: "icmp",
  base: "transport",
  fields: [
    field("type", icmpTypeType, 0),
    field("code", icmpCodeType, 8),
    number("checksum", 16, 16),
    { ...number("id", 32, 16), onlyIn: [8, 0] },
    { ...number("sequence", 48, 16), onlyIn: [8, 0] },
    { ...number("gateway", 32, 32), onlyIn: [5] },
    { ...number("mtu", 48, 16), onlyIn: [3] },
  ],
  checksum: 2,
} as const satisfies Protocol;

/** RFC 4443. */
export const icmpv6Row = {
  name: "icmpv6",
  base: "transport",
  fields: [
    field("type", icmpv6TypeType, 0),
    field("code", icmpv6CodeType, 8),
    number("checksum", 16, 16),
    { ...number("parameter-problem", 32, 32), written: "param-problem", onlyIn: [4] },
    { ...number("mtu", 32, 32), onlyIn: [2] },
    { ...number("id", 32, 16), onlyIn: [128, 129] },
    { ...number("sequence", 48, 16), onlyIn: [128, 129] },
    { ...number("max-delay", 32, 16), onlyIn: [130] },
    // RFC 2710, RFC 4861: the group or the neighbour that is asked for, and where a redirect leads.
    { ...field("taddr", ipv6Type, 64), onlyIn: [130, 131, 132, 135, 136, 137], newest: true },
    { ...field("daddr", ipv6Type, 192), onlyIn: [137], newest: true },
  ],
  checksum: 2,
  pseudoHeader: true,
} as const satisfies Protocol;

/** RFC 3376. */
export const igmpRow = {
  name: "igmp",
  base: "transport",
  fields: [
    field("type", igmpType, 0),
    number("mrt", 8, 8),
    number("checksum", 16, 16),
    number("group", 32, 32),
  ],
  checksum: 2,
} as const satisfies Protocol;
