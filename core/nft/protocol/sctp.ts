import { inetServiceType } from "../datatype/protocol.ts";
import { dccpType } from "../datatype/symbolic.ts";
import { field, number, type Protocol } from "./protocol.ts";

/** RFC 9260. */
export const sctpRow = {
  name: "sctp",
  base: "transport",
  fields: [
    field("sport", inetServiceType, 0),
    field("dport", inetServiceType, 16),
    number("vtag", 32, 32),
    number("checksum", 64, 32),
  ],
  crc: 8,
} as const satisfies Protocol;

/** RFC 4340. */
export const dccpRow = {
  name: "dccp",
  base: "transport",
  fields: [
    field("sport", inetServiceType, 0),
    field("dport", inetServiceType, 16),
    field("type", dccpType, 67),
  ],
} as const satisfies Protocol;
