import { formatWords } from "../packet/address.ts";
import {
  PROTOCOL_DCCP,
  PROTOCOL_GRE,
  PROTOCOL_ICMP,
  PROTOCOL_ICMPV6,
  PROTOCOL_SCTP,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  PROTOCOL_UDPLITE,
} from "../packet/ipv4.ts";
import { RECORD_BYTE_STATE, RECORD_BYTES, RECORD_WORDS } from "./layout.ts";
import { IPS_ASSURED, IPS_SEEN_REPLY, ORIGINAL, REPLY } from "./status.ts";
import type { FlowTable } from "./table.ts";
import { TCP_STATE_NAMES } from "./tcp_states.ts";

/** What `conntrack` prints beyond the tuples. */
export interface FormatOptions {
  /** packets= and bytes=, as with net.netfilter.nf_conntrack_acct. */
  readonly accounting?: boolean;
  readonly id?: boolean;
}

/** One line as `conntrack -L` prints it. `now` is the monotonic time in milliseconds. */
export function formatFlow(table: FlowTable, row: number, now: number, options: FormatOptions = {}): string {
  const protocol = table.protocol(row), status = table.status[row]!;
  const name = NAMES[protocol] ?? "unknown";
  let line = `${name.padEnd(8)} ${protocol} ${Math.floor(table.expiration(row, now) / 1000)} `;
  if (protocol === PROTOCOL_TCP) line += `${tcpStateName(table, row)} `;
  const zone = table.zone(row, ORIGINAL), replyZone = table.zone(row, REPLY);
  line += tuple(table, row, ORIGINAL, zone === replyZone ? "" : zoneText("zone-orig", zone), options);
  if ((status & IPS_SEEN_REPLY) === 0) line += "[UNREPLIED] ";
  line += tuple(table, row, REPLY, zone === replyZone ? "" : zoneText("zone-reply", replyZone), options);
  if ((status & IPS_ASSURED) !== 0) line += "[ASSURED] ";
  line += `mark=${table.mark[row]!} `;
  if (zone === replyZone) line += zoneText("zone", zone);
  const helper = table.assigned.helper(row);
  if (helper !== "") line += `helper=${helper} `;
  line += "use=1";
  return options.id === true ? `${line} id=${table.id(row)}` : line;
}

export const tcpStateName = (table: FlowTable, row: number): string =>
  TCP_STATE_NAMES[table.recordBytes[(row * RECORD_WORDS + RECORD_BYTES) * 4 + RECORD_BYTE_STATE]!] ?? "NONE";

const zoneText = (name: string, zone: number): string => zone === 0 ? "" : `${name}=${zone} `;

function tuple(
  table: FlowTable,
  row: number,
  direction: number,
  zone: string,
  options: FormatOptions,
): string {
  const words: number[] = [];
  for (let i = 0; i < 4; i++) words.push(table.sourceWord(row, direction, i));
  for (let i = 0; i < 4; i++) words.push(table.destinationWord(row, direction, i));
  const family = table.family(row);
  let text = `src=${formatWords(family, words, 0)} dst=${formatWords(family, words, 4)} `;
  const source = table.sourcePort(row, direction), destination = table.destinationPort(row, direction);
  switch (table.protocol(row)) {
    case PROTOCOL_TCP:
    case PROTOCOL_UDP:
    case PROTOCOL_UDPLITE:
    case PROTOCOL_SCTP:
      text += `sport=${source} dport=${destination} `;
      break;
    case PROTOCOL_ICMP:
    case PROTOCOL_ICMPV6:
      text += `type=${destination >>> 8} code=${destination & 255} id=${source} `;
      break;
    case PROTOCOL_GRE:
      text += `srckey=0x${source.toString(16)} dstkey=0x${destination.toString(16)} `;
  }
  text += zone;
  if (options.accounting === true) {
    text += `packets=${table.packets(row, direction)} bytes=${table.bytes(row, direction)} `;
  }
  return text;
}

const NAMES: Record<number, string> = {
  [PROTOCOL_ICMP]: "icmp",
  [PROTOCOL_TCP]: "tcp",
  [PROTOCOL_UDP]: "udp",
  [PROTOCOL_DCCP]: "dccp",
  [PROTOCOL_GRE]: "gre",
  [PROTOCOL_ICMPV6]: "icmpv6",
  [PROTOCOL_SCTP]: "sctp",
  [PROTOCOL_UDPLITE]: "udplite",
};
