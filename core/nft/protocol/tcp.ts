import { tcpFlagType } from "../datatype/connection.ts";
import { inetServiceType } from "../datatype/protocol.ts";
import { field, number, type Protocol } from "./protocol.ts";

/** RFC 9293. */
export const tcpRow = {
  name: "tcp",
  base: "transport",
  fields: [
    field("sport", inetServiceType, 0),
    field("dport", inetServiceType, 16),
    number("sequence", 32, 32),
    number("ackseq", 64, 32),
    number("doff", 96, 4),
    number("reserved", 100, 4),
    field("flags", tcpFlagType, 104),
    number("window", 112, 16),
    number("checksum", 128, 16),
    number("urgptr", 144, 16),
  ],
  checksum: 16,
  pseudoHeader: true,
} as const satisfies Protocol;
