import { etherType, ipv4Type } from "../datatype/address.ts";
import { arpOperationType, etherTypeType } from "../datatype/symbolic.ts";
import { field, number, type Protocol } from "./protocol.ts";

/** RFC 826 over Ethernet and IPv4. */
export const arpRow = {
  name: "arp",
  base: "network",
  fields: [
    number("htype", 0, 16),
    field("ptype", etherTypeType, 16),
    number("hlen", 32, 8),
    number("plen", 40, 8),
    field("operation", arpOperationType, 48),
    field("saddr ether", etherType, 64),
    field("saddr ip", ipv4Type, 112),
    field("daddr ether", etherType, 144),
    field("daddr ip", ipv4Type, 192),
  ],
} as const satisfies Protocol;
