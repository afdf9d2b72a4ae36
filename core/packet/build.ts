import { type Address, parseAddress, parseMac } from "./address.ts";
import { setU16, setU32, u16 } from "./bytes.ts";
import { finish, pseudo, sum } from "./checksum.ts";
import { ARP, ARP_REQUEST } from "./arp.ts";
import { ETHERNET, ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_IPV6 } from "./ethernet.ts";
import { IPV4, PROTOCOL_ICMP, PROTOCOL_ICMPV6, PROTOCOL_TCP, PROTOCOL_UDP } from "./ipv4.ts";
import { IPV6 } from "./ipv6.ts";
import { TCP } from "./tcp.ts";
import { UDP } from "./udp.ts";

/**
 * Whole packets from words, for tests, probes and replies. Not for the hot path: every call allocates.
 * Lengths and checksums are right unless a test bends them afterwards.
 */

const EMPTY = new Uint8Array(0);

export interface IpOptions {
  readonly from: string;
  readonly to: string;
  /** TTL or hop limit; 64 unless told. */
  readonly ttl?: number;
  /** Type of service or traffic class. */
  readonly tos?: number;
  /** IPv4 identification. */
  readonly id?: number;
  /** IPv4 flags and fragment offset word; 0x4000 (don't fragment) unless told. */
  readonly flags?: number;
}

/** An IP packet; the family is that of `from`. Checksums of TCP, UDP, ICMP and ICMPv6 payloads are filled in. */
export function ip(options: IpOptions, protocol: number, payload: Uint8Array): Uint8Array {
  const from = known(options.from), to = known(options.to);
  if (from.family !== to.family) throw new TypeError(`${options.from} and ${options.to} are of two families`);
  const header = from.family === 4 ? IPV4.size : IPV6.size;
  const b = new Uint8Array(header + payload.length);
  b.set(payload, header);
  if (from.family === 4) {
    b[0] = 0x45;
    b[IPV4.tos] = options.tos ?? 0;
    setU16(b, IPV4.totalLength, b.length);
    setU16(b, IPV4.identification, options.id ?? 0);
    setU16(b, IPV4.flagsOffset, options.flags ?? 0x4000);
    b[IPV4.ttl] = options.ttl ?? 64;
    b[IPV4.protocol] = protocol;
    setU32(b, IPV4.source, from.words[0]);
    setU32(b, IPV4.destination, to.words[0]);
    setU16(b, IPV4.checksum, finish(sum(b, 0, IPV4.size)));
  } else {
    setU32(b, 0, (6 << 28) | ((options.tos ?? 0) << 20));
    setU16(b, IPV6.payloadLength, payload.length);
    b[IPV6.nextHeader] = protocol;
    b[IPV6.hopLimit] = options.ttl ?? 64;
    for (let i = 0; i < 4; i++) {
      setU32(b, IPV6.source + 4 * i, from.words[i]!);
      setU32(b, IPV6.destination + 4 * i, to.words[i]!);
    }
  }
  fillChecksum(b, header, protocol, from.family);
  return b;
}

/** Writes the transport checksum of the packet that starts at 0 of `b`. */
function fillChecksum(b: Uint8Array, at: number, protocol: number, family: 4 | 6): void {
  const field = protocol === PROTOCOL_TCP
    ? TCP.checksum
    : protocol === PROTOCOL_UDP
    ? UDP.checksum
    : protocol === PROTOCOL_ICMP || protocol === PROTOCOL_ICMPV6
    ? 2
    : -1;
  if (field < 0 || at + field + 2 > b.length) return;
  setU16(b, at + field, 0);
  const base = protocol === PROTOCOL_ICMP ? 0 : pseudo(b, 0, family, protocol, b.length - at);
  const checksum = finish(sum(b, at, b.length, base));
  setU16(b, at + field, protocol === PROTOCOL_UDP && checksum === 0 ? 0xffff : checksum);
}

export function udp(
  options: IpOptions,
  sport: number,
  dport: number,
  payload: Uint8Array = EMPTY,
): Uint8Array {
  const b = new Uint8Array(UDP.size + payload.length);
  setU16(b, UDP.sport, sport);
  setU16(b, UDP.dport, dport);
  setU16(b, UDP.length, b.length);
  b.set(payload, UDP.size);
  return ip(options, PROTOCOL_UDP, b);
}

export interface TcpOptions {
  readonly flags: number;
  readonly sequence?: number;
  readonly acknowledgement?: number;
  /** 65535 unless told. */
  readonly window?: number;
  /** Options as bytes; padded with zeros to a multiple of four. */
  readonly options?: Uint8Array;
  readonly payload?: Uint8Array;
}

export function tcp(options: IpOptions, sport: number, dport: number, segment: TcpOptions): Uint8Array {
  const extra = segment.options ?? EMPTY, payload = segment.payload ?? EMPTY;
  const header = TCP.size + ((extra.length + 3) & ~3);
  const b = new Uint8Array(header + payload.length);
  setU16(b, TCP.sport, sport);
  setU16(b, TCP.dport, dport);
  setU32(b, TCP.sequence, segment.sequence ?? 0);
  setU32(b, TCP.acknowledgement, segment.acknowledgement ?? 0);
  b[TCP.offset] = header << 2;
  b[TCP.flags] = segment.flags;
  setU16(b, TCP.window, segment.window ?? 65535);
  b.set(extra, TCP.size);
  b.set(payload, header);
  return ip(options, PROTOCOL_TCP, b);
}

/** ICMP or ICMPv6 (by the family of `from`): `rest` are the four bytes behind the checksum. */
export function icmp(
  options: IpOptions,
  type: number,
  code: number,
  rest = 0,
  payload: Uint8Array = EMPTY,
): Uint8Array {
  const b = new Uint8Array(8 + payload.length);
  b[0] = type;
  b[1] = code;
  setU32(b, 4, rest);
  b.set(payload, 8);
  return ip(options, known(options.from).family === 4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6, b);
}

/** An Ethernet frame round an IP packet or any payload whose `type` is given. */
export function ethernet(
  source: string,
  destination: string,
  payload: Uint8Array,
  type?: number,
): Uint8Array {
  const b = new Uint8Array(ETHERNET.size + payload.length);
  b.set(mac(destination), ETHERNET.destination);
  b.set(mac(source), ETHERNET.source);
  setU16(b, ETHERNET.type, type ?? (payload[0]! >>> 4 === 4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6));
  b.set(payload, ETHERNET.size);
  return b;
}

/** An ARP frame: who has `target`, or (operation 2) the answer from `sender`. */
export function arp(
  senderMac: string,
  sender: string,
  target: string,
  operation = ARP_REQUEST,
  targetMac = "00:00:00:00:00:00",
): Uint8Array {
  const b = new Uint8Array(ARP.size);
  setU16(b, ARP.hardwareType, 1);
  setU16(b, ARP.protocolType, ETHERTYPE_IPV4);
  b[ARP.hardwareLength] = 6;
  b[ARP.protocolLength] = 4;
  setU16(b, ARP.operation, operation);
  b.set(mac(senderMac), ARP.senderMac);
  setU32(b, ARP.senderAddress, known(sender).words[0]);
  b.set(mac(targetMac), ARP.targetMac);
  setU32(b, ARP.targetAddress, known(target).words[0]);
  const to = operation === ARP_REQUEST ? "ff:ff:ff:ff:ff:ff" : targetMac;
  return ethernet(senderMac, to, b, ETHERTYPE_ARP);
}

function known(text: string): Address {
  const address = parseAddress(text);
  if (address === undefined) throw new TypeError(`"${text}" is not an IP address`);
  return address;
}

function mac(text: string): Uint8Array {
  const bytes = parseMac(text);
  if (bytes === undefined) throw new TypeError(`"${text}" is not a MAC address`);
  return bytes;
}

/** EtherType of a frame, for tests. */
export const frameType = (frame: Uint8Array): number => u16(frame, ETHERNET.type);
