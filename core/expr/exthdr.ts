import { EXTHDR_IPV6, EXTHDR_SCTP, EXTHDR_TCP_OPTION } from "../classify/opcodes.ts";
import type { MachineState } from "../classify/state.ts";
import type { PacketBatch } from "../packet/batch.ts";
import { update16 } from "../packet/checksum.ts";
import { CHECKSUM_PARTIAL, FRAGMENT_LATER } from "../packet/columns.ts";
import { u16 } from "../packet/bytes.ts";
import { ipv4HeaderLength, PROTOCOL_SCTP, PROTOCOL_TCP } from "../packet/ipv4.ts";
import {
  extensionHeaderLength,
  FRAGMENT6,
  IPV6,
  isExtensionHeader,
  NEXT_FRAGMENT,
  NEXT_NONE,
} from "../packet/ipv6.ts";
import { TCP, TCP_OPTION_MSS, TCP_OPTION_NOP, tcpHeaderLength } from "../packet/tcp.ts";

/**
 * nft_exthdr_*_eval: an IPv6 extension header, a TCP or IPv4 option, an SCTP chunk; operands start at `code[at]`: kind, type,
 * offset, length, register, present. False: not there, or shorter than asked.
 */
export function loadExtension(state: MachineState, at: number, batch: PacketBatch, row: number): boolean {
  const code = state.code,
    kind = code[at]!,
    type = code[at + 1]!,
    offset = code[at + 2]!,
    length = code[at + 3]!;
  const to = code[at + 4]!, b = batch.bytes(row);
  const here = kind === EXTHDR_IPV6
    ? findIpv6Header(b, type, batch, row)
    : kind === EXTHDR_TCP_OPTION
    ? findTcpOption(b, type, offset + length, batch, row)
    : kind === EXTHDR_SCTP
    ? findSctpChunk(b, type, batch, row)
    : findIpv4Option(b, type, batch, row);
  if (code[at + 5] === 1) {
    state.registers[to] = here >= 0 ? 1 : 0;
    return true;
  }
  if (here < 0 || here + offset + length > batch.end[row]!) return false;
  if ((length & 3) !== 0) state.registers[to + (length >>> 2)] = 0;
  for (let i = 0, r = to * 4; i < length; i++) state.bytes[r + i] = b[here + offset + i]!;
  return true;
}

/** Position of the header of this type, -1 for none; ipv6_find_hdr. */
function findIpv6Header(b: Uint8Array, type: number, batch: PacketBatch, row: number): number {
  if (batch.family[row] !== 6) return -1;
  const end = batch.end[row]!;
  let at = batch.network[row]! + IPV6.size, next = b[batch.network[row]! + IPV6.nextHeader]!;
  for (;;) {
    const found = next === type;
    if (!isExtensionHeader(next) || at + 2 > end) return found && at < end && next !== NEXT_NONE ? at : -1;
    if (found) return at;
    // Behind the header of a later fragment there are no more.
    if (next === NEXT_FRAGMENT && (at + 8 > end || (u16(b, at + FRAGMENT6.offsetFlags) & 0xfff8) !== 0)) {
      return -1;
    }
    const length = extensionHeaderLength(b, at, next);
    next = b[at]!;
    at += length;
  }
}

/** Position behind all extension headers, -1 when they run over the end. */
export function behindExtensions(b: Uint8Array, network: number, end: number): number {
  let at = network + IPV6.size, next = b[network + IPV6.nextHeader]!;
  while (isExtensionHeader(next)) {
    if (at + 8 > end) return -1;
    const length = extensionHeaderLength(b, at, next);
    next = b[at]!;
    at += length;
  }
  return at > end ? -1 : at;
}

/** End of the TCP header, -1 when the packet shows none; nft_tcp_header_pointer. */
function tcpEnd(b: Uint8Array, batch: PacketBatch, row: number): number {
  const at = batch.transport[row]!;
  if (at === 0 || batch.protocol[row] !== PROTOCOL_TCP || (batch.fragment[row]! & FRAGMENT_LATER) !== 0) {
    return -1;
  }
  const length = tcpHeaderLength(b, at);
  return length < TCP.size || at + length > batch.end[row]! ? -1 : at + length;
}

/** optlen of nft_exthdr.c. */
const optionLength = (b: Uint8Array, at: number): number =>
  b[at]! <= TCP_OPTION_NOP || b[at + 1] === 0 ? 1 : b[at + 1]!;

/** Position of the TCP option, -1 when there is none with `least` bytes. */
function findTcpOption(b: Uint8Array, type: number, least: number, batch: PacketBatch, row: number): number {
  const stop = tcpEnd(b, batch, row);
  if (stop < 0) return -1;
  for (let i = batch.transport[row]! + TCP.size; i < stop - 1;) {
    const length = optionLength(b, i);
    if (b[i] === type) return i + length > stop || least > length ? -1 : i;
    i += length;
  }
  return -1;
}

/** Position of the first chunk of this type, -1 for none; nft_exthdr_sctp_eval. */
function findSctpChunk(b: Uint8Array, type: number, batch: PacketBatch, row: number): number {
  const at = batch.transport[row]!, end = batch.end[row]!;
  if (at === 0 || batch.protocol[row] !== PROTOCOL_SCTP || (batch.fragment[row]! & FRAGMENT_LATER) !== 0) {
    return -1;
  }
  for (let chunk = at + SCTP_HEADER; chunk + 4 <= end;) {
    if (b[chunk] === type) return chunk;
    const length = u16(b, chunk + 2);
    if (length < 4) return -1;
    chunk += (length + 3) & ~3;
  }
  return -1;
}

const SCTP_HEADER = 12;

/** Position of the IPv4 option, -1 for none. */
function findIpv4Option(b: Uint8Array, type: number, batch: PacketBatch, row: number): number {
  if (batch.family[row] !== 4) return -1;
  const network = batch.network[row]!, stop = network + ipv4HeaderLength(b, network);
  for (let i = network + 20; i < stop && b[i] !== 0;) {
    if (b[i] === type) return i;
    if (b[i] === 1) i++;
    else if (i + 1 >= stop || b[i + 1]! < 2) return -1;
    else i += b[i + 1]!;
  }
  return -1;
}

/**
 * nft_exthdr_tcp_set_eval: operands type, offset, length (2 or 4), register. A maximum segment size is only ever
 * lowered. False when there is no TCP header; an absent option is no failure.
 */
export function storeTcpOption(state: MachineState, at: number, batch: PacketBatch, row: number): boolean {
  const code = state.code, type = code[at]!, offset = code[at + 1]!, length = code[at + 2]!;
  const b = batch.bytes(row), stop = tcpEnd(b, batch, row);
  if (stop < 0) return false;
  const header = batch.transport[row]!;
  for (let i = header + TCP.size; i < stop - 1;) {
    const size = optionLength(b, i);
    if (b[i] !== type) {
      i += size;
      continue;
    }
    if (i + size > stop || offset + length > size) return false;
    const to = i + offset, from = code[at + 3]! * 4, r = state.bytes;
    if (length === 2 && type === TCP_OPTION_MSS && u16(b, to) <= u16(r, from)) return true;
    for (let k = 0; k < length; k++) replaceByte(b, header, to + k, r[from + k]!, batch.checksum[row]!);
    return true;
  }
  return true;
}

/** nft_exthdr_tcp_strip_eval: the option becomes no-operations. False when there is no TCP header. */
export function stripTcpOption(state: MachineState, at: number, batch: PacketBatch, row: number): boolean {
  const type = state.code[at]!, b = batch.bytes(row), stop = tcpEnd(b, batch, row);
  if (stop < 0) return false;
  const header = batch.transport[row]!;
  for (let i = header + TCP.size; i < stop - 1;) {
    const size = optionLength(b, i);
    if (b[i] === type && i + size <= stop) {
      for (let k = 0; k < size; k++) replaceByte(b, header, i + k, TCP_OPTION_NOP, batch.checksum[row]!);
      return true;
    }
    i += size;
  }
  return true;
}

/** Changes one byte of a segment; a checksum to be finished later needs no repair. */
function replaceByte(b: Uint8Array, header: number, at: number, value: number, checksum: number): void {
  const before = b[at]!;
  b[at] = value;
  if (checksum === CHECKSUM_PARTIAL || before === value) return;
  const field = header + TCP.checksum, high = ((at - header) & 1) === 0;
  const next = update16(u16(b, field), high ? before << 8 : before, high ? value << 8 : value);
  b[field] = next >>> 8;
  b[field + 1] = next;
}
