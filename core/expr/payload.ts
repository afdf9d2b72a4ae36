import { BASE_INNER, BASE_LINK, BASE_NETWORK } from "../classify/opcodes.ts";
import type { MachineState } from "../classify/state.ts";
import type { PacketBatch } from "../packet/batch.ts";
import { fold, sum, update16 } from "../packet/checksum.ts";
import { CHECKSUM_PARTIAL, FRAGMENT_LATER } from "../packet/columns.ts";
import { u16 } from "../packet/bytes.ts";
import {
  IPV4,
  ipv4HeaderLength,
  PROTOCOL_DCCP,
  PROTOCOL_ICMPV6,
  PROTOCOL_SCTP,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  PROTOCOL_UDPLITE,
} from "../packet/ipv4.ts";
import { ETHERNET } from "../packet/ethernet.ts";
import { tcpHeaderLength } from "../packet/tcp.ts";
import { crc32c } from "../nat/crc32c.ts";
import { behindExtensions } from "./exthdr.ts";

/**
 * Absolute position of the transport header, -1 when there is none. A header too short to be parsed is still
 * there to be read byte by byte, as nft_thoff has it. Later fragments have none: nft_payload_eval breaks on them
 * (the kernel's fast path for 1, 2 and 4 bytes forgets to, and matches payload as if it were ports).
 */
export function transportAt(batch: PacketBatch, row: number): number {
  const at = batch.transport[row]!;
  if (at !== 0) return at;
  // below the network layer: not IP, or not good IP
  if ((batch.fragment[row]! & FRAGMENT_LATER) !== 0 || batch.family[row] === 0) return -1;
  const network = batch.network[row]!, b = batch.bytes(row);
  return batch.family[row] === 4
    ? network + ipv4HeaderLength(b, network)
    : behindExtensions(b, network, batch.end[row]!);
}

/** Absolute position of a base, -1 when the packet has none. */
function baseAt(base: number, batch: PacketBatch, row: number): number {
  if (base === BASE_NETWORK) return batch.network[row]!;
  if (base === BASE_INNER) return innerAt(batch, row);
  if (base !== BASE_LINK) return transportAt(batch, row);
  return batch.network[row]! >= batch.start[row]! + ETHERNET.size ? batch.start[row]! : -1;
}

/** nft_payload_inner_offset: what TCP, UDP, GRE and IP in IP carry; -1 for others. */
function innerAt(batch: PacketBatch, row: number): number {
  const at = batch.transport[row]!, b = batch.bytes(row);
  if (at === 0 || (batch.fragment[row]! & FRAGMENT_LATER) !== 0) return -1;
  switch (batch.protocol[row]) {
    case PROTOCOL_TCP:
      return at + tcpHeaderLength(b, at);
    case PROTOCOL_UDP:
      return at + UDP_SIZE;
    case PROTOCOL_GRE: {
      const flags = at + 2 > batch.end[row]! ? -1 : u16(b, at);
      if (flags < 0 || (flags & GRE_VERSION) !== 0) return -1;
      let length = GRE_SIZE;
      if ((flags & GRE_CHECKSUM) !== 0) length += 4;
      if ((flags & GRE_KEY) !== 0) length += 4;
      if ((flags & GRE_SEQUENCE) !== 0) length += 4;
      return at + length;
    }
    case PROTOCOL_IPIP:
      return at;
    default:
      return -1;
  }
}

const UDP_SIZE = 8;
/** RFC 2784, RFC 2890. */
const PROTOCOL_GRE = 47;
const PROTOCOL_IPIP = 4;
const GRE_SIZE = 4;
const GRE_CHECKSUM = 0x8000;
const GRE_KEY = 0x2000;
const GRE_SEQUENCE = 0x1000;
const GRE_VERSION = 7;

/** Loads `length` bytes into register `to`, the last word zero padded (nft_payload_eval); false when out of bounds. */
export function loadPayload(
  state: MachineState,
  base: number,
  offset: number,
  length: number,
  to: number,
  batch: PacketBatch,
  row: number,
): boolean {
  let at = baseAt(base, batch, row);
  if (at < 0) return false;
  if (base === BASE_LINK && batch.vlan[row] !== 0 && offset + length > ETHERNET.type) {
    return loadTagged(state, offset, length, to, batch, row);
  }
  at += offset;
  if (at + length > batch.end[row]!) return false;
  const b = batch.bytes(row), bytes = state.bytes;
  if ((length & 3) !== 0) state.registers[to + (length >>> 2)] = 0;
  for (let i = 0, r = to * 4; i < length; i++) bytes[r + i] = b[at + i]!;
  return true;
}

/** The link header with its tag put back between addresses and type (nft_payload_copy_vlan). */
function loadTagged(
  state: MachineState,
  offset: number,
  length: number,
  to: number,
  batch: PacketBatch,
  row: number,
): boolean {
  const start = batch.start[row]!, b = batch.bytes(row), tag = batch.vlan[row]!;
  if (start + offset + length - 4 > batch.end[row]!) return false;
  if ((length & 3) !== 0) state.registers[to + (length >>> 2)] = 0;
  for (let i = 0; i < length; i++) {
    const at = offset + i;
    state.bytes[to * 4 + i] = at < ETHERNET.type
      ? b[start + at]!
      : at < ETHERNET.type + 4
      ? tag >>> (24 - 8 * (at - ETHERNET.type))
      : b[start + at - 4]!;
  }
  return true;
}

/** Operands of a payload write, read from the code. */
const CHECKSUM_INTERNET = 1;
const CHECKSUM_SCTP = 2;
const FLAG_PSEUDO_HEADER = 1;

/**
 * nft_payload_set_eval: writes register bytes into the packet and repairs checksums: the one named by the
 * expression, and with the pseudo-header flag the transport's too. Operands start at `code[at]`: base, offset,
 * length, register, checksum type, checksum offset, flags. False when out of bounds.
 */
export function storePayload(state: MachineState, at: number, batch: PacketBatch, row: number): boolean {
  const code = state.code, base = code[at]!, offset = code[at + 1]!, length = code[at + 2]!;
  const start = baseAt(base, batch, row);
  if (base === BASE_LINK && batch.vlan[row] !== 0 && offset + length > ETHERNET.type) {
    return storeTagged(state, offset, length, code[at + 3]!, batch, row);
  }
  if (start < 0 || start + offset + length > batch.end[row]!) return false;
  const b = batch.bytes(row), to = start + offset, from = code[at + 3]! * 4, end = batch.end[row]!;
  // Whole words, counted from the base: a field at an odd place shares its first or last word with its neighbour.
  const even = to - (offset & 1), stop = Math.min(to + length + ((offset + length) & 1), end);
  const named = code[at + 4] === CHECKSUM_INTERNET, pseudo = (code[at + 6]! & FLAG_PSEUDO_HEADER) !== 0;
  const before = named || pseudo ? sum(b, even, stop) : 0;
  for (let i = 0; i < length; i++) b[to + i] = state.bytes[from + i]!;
  const after = named || pseudo ? sum(b, even, stop) : 0;
  const field = start + code[at + 5]!;
  if (named && field + 2 <= end) repair(b, field, before, after, base, batch, row);
  // An IPv6 address has no header checksum to name, but it counts in the transport's all the same.
  if (pseudo) repairTransport(b, before, after, batch, row);
  if (code[at + 4] === CHECKSUM_SCTP) repairSctp(b, batch, row);
  refresh(base, b, batch, row);
  return true;
}

/** The tag is not in the frame: its bytes are the `vlan` column's, what follows lies four bytes nearer. */
function storeTagged(
  state: MachineState,
  offset: number,
  length: number,
  from: number,
  batch: PacketBatch,
  row: number,
): boolean {
  const start = batch.start[row]!, b = batch.bytes(row);
  if (start + offset + length - 4 > batch.end[row]!) return false;
  let tag = batch.vlan[row]!;
  for (let i = 0; i < length; i++) {
    const at = offset + i, byte = state.bytes[from * 4 + i]!;
    if (at < ETHERNET.type) b[start + at] = byte;
    else if (at >= ETHERNET.type + 4) b[start + at - 4] = byte;
    else {
      const shift = 24 - 8 * (at - ETHERNET.type);
      tag = (tag & ~(255 << shift)) | (byte << shift);
    }
  }
  batch.vlan[row] = tag;
  return true;
}

/** nft_payload_csum_sctp: the whole packet's CRC anew, unless a device is to fill it in. */
function repairSctp(b: Uint8Array, batch: PacketBatch, row: number): void {
  const at = batch.transport[row]!, end = batch.end[row]!;
  if (at === 0 || batch.protocol[row] !== PROTOCOL_SCTP || at + 12 > end) return;
  if ((batch.fragment[row]! & FRAGMENT_LATER) !== 0 || batch.checksum[row] === CHECKSUM_PARTIAL) return;
  const crc = crc32c(b, at, end, at + 8);
  for (let i = 0; i < 4; i++) b[at + 8 + i] = crc >>> (8 * i);
}

/** The checksum the expression named. A UDP sum of zero means none, and one to be finished later stays alone. */
function repair(
  b: Uint8Array,
  field: number,
  before: number,
  after: number,
  base: number,
  batch: PacketBatch,
  row: number,
): void {
  const transport = base !== BASE_NETWORK;
  if (transport && batch.checksum[row] === CHECKSUM_PARTIAL) return;
  const old = u16(b, field), udp = transport && batch.protocol[row] === PROTOCOL_UDP;
  if (udp && old === 0) return;
  const next = adjust(old, before, after);
  store(b, field, udp && next === 0 ? 0xffff : next);
}

/** nft_payload_l4csum_update: addresses are part of the pseudo-header. */
function repairTransport(
  b: Uint8Array,
  before: number,
  after: number,
  batch: PacketBatch,
  row: number,
): void {
  const transport = batch.transport[row]!;
  if (transport === 0 || (batch.fragment[row]! & FRAGMENT_LATER) !== 0) return;
  const protocol = batch.protocol[row]!;
  const offset = protocol === PROTOCOL_TCP
    ? 16
    : protocol === PROTOCOL_UDP || protocol === PROTOCOL_UDPLITE
    ? 6
    : protocol === PROTOCOL_ICMPV6
    ? 2
    : -1;
  const field = transport + offset;
  if (offset < 0 || field + 2 > batch.end[row]!) return;
  const old = u16(b, field);
  if (batch.checksum[row] === CHECKSUM_PARTIAL) {
    // The field holds the pseudo-header's sum, not its complement.
    store(b, field, ~adjust(~old & 0xffff, before, after) & 0xffff);
    return;
  }
  if (protocol === PROTOCOL_UDP && old === 0) return;
  const next = adjust(old, before, after);
  store(b, field, protocol === PROTOCOL_UDP && next === 0 ? 0xffff : next);
}

const adjust = (checksum: number, before: number, after: number): number =>
  update16(checksum, fold(before), fold(after));

function store(b: Uint8Array, at: number, value: number): void {
  b[at] = value >>> 8;
  b[at + 1] = value;
}

/** Columns that repeat header fields follow what was written. */
function refresh(base: number, b: Uint8Array, batch: PacketBatch, row: number): void {
  const network = batch.network[row]!, transport = batch.transport[row]!;
  if (base === BASE_NETWORK) {
    const four = batch.family[row] === 4, words = four ? 1 : 4, from = network + (four ? IPV4.source : 8);
    for (let i = 0; i < words; i++) {
      batch.source[row * 4 + i] = word(b, from + 4 * i);
      batch.destination[row * 4 + i] = word(b, from + 4 * (words + i));
    }
  } else if (transport !== 0 && hasPorts(batch.protocol[row]!)) {
    batch.sourcePort[row] = u16(b, transport);
    batch.destinationPort[row] = u16(b, transport + 2);
  }
}

const word = (b: Uint8Array, at: number): number => (u16(b, at) << 16 | u16(b, at + 2)) >>> 0;
const hasPorts = (protocol: number): boolean =>
  protocol === PROTOCOL_TCP || protocol === PROTOCOL_UDP || protocol === PROTOCOL_UDPLITE ||
  protocol === PROTOCOL_SCTP || protocol === PROTOCOL_DCCP;
