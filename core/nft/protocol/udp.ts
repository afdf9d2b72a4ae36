import { inetServiceType } from "../datatype/protocol.ts";
import { field, number, type Protocol } from "./protocol.ts";

/** RFC 768. */
export const udpRow = {
  name: "udp",
  base: "transport",
  fields: [
    field("sport", inetServiceType, 0),
    field("dport", inetServiceType, 16),
    number("length", 32, 16),
    number("checksum", 48, 16),
  ],
  checksum: 6,
  pseudoHeader: true,
} as const satisfies Protocol;

/** RFC 3828. */
export const udpliteRow = {
  name: "udplite",
  base: "transport",
  fields: [
    field("sport", inetServiceType, 0),
    field("dport", inetServiceType, 16),
    number("csumcov", 32, 16),
    number("checksum", 48, 16),
  ],
} as const satisfies Protocol;

/** Any transport with ports: the caller vouches for the protocol. */
export const portsRow = {
  name: "th",
  base: "transport",
  fields: [field("sport", inetServiceType, 0), field("dport", inetServiceType, 16)],
} as const satisfies Protocol;
