import { number } from "./protocol.ts";
import type { TcpOption } from "./tcp_option.ts";

const row = (name: string, type: number, ...fields: TcpOption["fields"]): TcpOption => ({
  name,
  type,
  fields: [number("type", 0, 8), number("flags", 8, 8), number("length", 16, 16), ...fields],
});
const init = [
  number("init-tag", 32, 32),
  number("a-rwnd", 64, 32),
  number("num-outbound-streams", 96, 16),
  number("num-inbound-streams", 112, 16),
  number("initial-tsn", 128, 32),
];

/** SCTP chunks, RFC 9260, RFC 5061 (ASCONF) and RFC 3758 (FORWARD-TSN); offsets from the chunk's first byte. */
export const SCTP_CHUNKS: ReadonlyMap<string, TcpOption> = new Map(
  [
    row(
      "data",
      0,
      number("tsn", 32, 32),
      number("stream", 64, 16),
      number("ssn", 80, 16),
      number("ppid", 96, 32),
    ),
    row("init", 1, ...init),
    row("init-ack", 2, ...init),
    row(
      "sack",
      3,
      number("cum-tsn-ack", 32, 32),
      number("a-rwnd", 64, 32),
      number("num-gap-ack-blocks", 96, 16),
      number("num-dup-tsns", 112, 16),
    ),
    row("heartbeat", 4),
    row("heartbeat-ack", 5),
    row("abort", 6),
    row("shutdown", 7, number("cum-tsn-ack", 32, 32)),
    row("shutdown-ack", 8),
    row("error", 9),
    row("cookie-echo", 10),
    row("cookie-ack", 11),
    row("ecne", 12, number("lowest-tsn", 32, 32)),
    row("cwr", 13, number("lowest-tsn", 32, 32)),
    row("shutdown-complete", 14),
    row("asconf-ack", 128, number("seqno", 32, 32)),
    row("forward-tsn", 192, number("new-cum-tsn", 32, 32)),
    row("asconf", 193, number("seqno", 32, 32)),
  ].map((chunk) => [chunk.name, chunk]),
);
