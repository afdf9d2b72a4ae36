import type { TracedPacket } from "../../expr/trace_event.ts";
import { ethernetRow } from "../protocol/ethernet.ts";
import { icmpRow, icmpv6Row } from "../protocol/icmp.ts";
import { ipv4Row } from "../protocol/ipv4.ts";
import { ipv6Row } from "../protocol/ipv6.ts";
import type { Protocol } from "../protocol/protocol.ts";
import { tcpRow } from "../protocol/tcp.ts";
import { udpRow } from "../protocol/udp.ts";
import { isBitmask, printValue, type TypeContext } from "../types.ts";
import { printFlags } from "../print/value.ts";

/** What nft shows of a header in a trace: its fields in this order, bytes that it takes up. */
interface Shown {
  readonly row: Protocol;
  readonly fields: readonly string[];
  readonly bytes: number;
}

const LINK: Shown = { row: ethernetRow, fields: ["saddr", "daddr"], bytes: 14 };
const NETWORK: ReadonlyMap<number, Shown> = new Map([
  [4, {
    row: ipv4Row,
    fields: ["saddr", "daddr", "dscp", "ecn", "ttl", "id", "protocol", "length"],
    bytes: 20,
  }],
  [6, {
    row: ipv6Row,
    fields: ["saddr", "daddr", "dscp", "ecn", "hoplimit", "flowlabel", "nexthdr", "length"],
    bytes: 40,
  }],
]);
const TRANSPORT: ReadonlyMap<number, Shown> = new Map([
  [1, { row: icmpRow, fields: ["type", "code", "id", "sequence"], bytes: 8 }],
  [6, { row: tcpRow, fields: ["sport", "dport", "flags", "window"], bytes: 20 }],
  [17, { row: udpRow, fields: ["sport", "dport", "length"], bytes: 8 }],
  [58, { row: icmpv6Row, fields: ["type", "code", "parameter-problem"], bytes: 8 }],
]);

/** The headers of a traced packet as matches, a space behind each (trace_print_packet). */
export function packetText(packet: TracedPacket, types: TypeContext): string {
  let text = packet.input === "" ? "" : `iif "${packet.input}" `;
  if (packet.output !== "") text += `oif "${packet.output}" `;
  text += header(LINK, packet.link, "ll", types);
  const network = NETWORK.get(packet.version);
  text += network === undefined ? raw("nh", packet.network, 0) : header(network, packet.network, "nh", types);
  const transport = TRANSPORT.get(packet.protocol);
  return text +
    (transport === undefined
      ? raw("th", packet.transport, 0)
      : header(transport, packet.transport, "th", types));
}

function header(shown: Shown, bytes: Uint8Array, base: string, types: TypeContext): string {
  if (bytes.length < shown.bytes) return raw(base, bytes, 0);
  let text = "";
  for (const name of shown.fields) {
    const field = shown.row.fields.find((each) => each.name === name);
    if (field === undefined) continue;
    const value = bitsAt(bytes, field.offset, field.bits);
    const flags = isBitmask(field.type);
    const single = flags && value !== 0n && (value & (value - 1n)) === 0n;
    const shownValue = single
      ? printFlags(field.type, value, ",", types)
      : flags
      ? `0x${value.toString(16)}`
      : printValue(field.type, value, field.bits, types);
    text += `${shown.row.name} ${name} ${flags ? "== " : ""}${shownValue} `;
  }
  return text + raw(base, bytes, shown.bytes);
}

/** Bytes nobody has a name for, as one number: `@th,64,96 0x...`. */
function raw(base: string, bytes: Uint8Array, from: number): string {
  const bits = (bytes.length - from) * 8;
  return bits <= 0 ? "" : `@${base},${from * 8},${bits} 0x${bitsAt(bytes, from * 8, bits).toString(16)} `;
}

/** Bits counted from the most significant of the first byte. */
function bitsAt(bytes: Uint8Array, offset: number, bits: number): bigint {
  let value = 0n;
  const end = offset + bits;
  for (let at = offset >> 3; at < (end + 7) >> 3; at++) value = (value << 8n) | BigInt(bytes[at] ?? 0);
  return (value >> BigInt((8 - (end & 7)) & 7)) & ((1n << BigInt(bits)) - 1n);
}
