import { etherType } from "../datatype/address.ts";
import { etherTypeType } from "../datatype/symbolic.ts";
import { field, number, type Protocol } from "./protocol.ts";

const ETHERTYPES = [[0x0800, "ip"], [0x0806, "arp"], [0x86dd, "ip6"], [0x8100, "vlan"], [
  0x88a8,
  "vlan",
]] as const;

export const ethernetRow = {
  name: "ether",
  base: "link",
  length: 112,
  fields: [field("daddr", etherType, 0), field("saddr", etherType, 48), field("type", etherTypeType, 96)],
  nextField: "type",
  next: ETHERTYPES,
} as const satisfies Protocol;

/** IEEE 802.1Q tag, counted from behind the Ethernet header. */
export const vlanRow = {
  name: "vlan",
  base: "link",
  length: 32,
  fields: [
    number("pcp", 0, 3),
    number("dei", 3, 1),
    number("cfi", 3, 1),
    number("id", 4, 12),
    field("type", etherTypeType, 16),
  ],
  nextField: "type",
  next: ETHERTYPES,
} as const satisfies Protocol;
