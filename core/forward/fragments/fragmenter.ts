import type { PacketBatch } from "../../packet/batch.ts";
import { setU16, setU32, u16 } from "../../packet/bytes.ts";
import { finish, sum } from "../../packet/checksum.ts";
import {
  CHECKSUM_VALID,
  ENTRY_TRANSMIT,
  FRAGMENT_ANY,
  FRAGMENT_LATER,
  NO_PORT,
  SEGMENT_NONE,
  VERDICT_CONTINUE,
  VERDICT_DROP,
  VERDICT_STOLEN,
} from "../../packet/columns.ts";
import {
  IPV4,
  IPV4_DONT_FRAGMENT,
  IPV4_MINIMUM_MTU,
  IPV4_MORE_FRAGMENTS,
  IPV4_OFFSET,
  ipv4HeaderLength,
} from "../../packet/ipv4.ts";
import {
  FRAGMENT6,
  IPV6,
  IPV6_MINIMUM_MTU,
  NEXT_DESTINATION,
  NEXT_FRAGMENT,
  NEXT_HOP_BY_HOP,
  NEXT_ROUTING,
} from "../../packet/ipv6.ts";
import type { Random } from "../../random.ts";
import { copyBytes } from "../own_packet.ts";
import { completeChecksum, segment } from "../segment.ts";

/**
 * Fragmentation after postrouting, RFC 791 3.2 and RFC 8200 4.5 (kernel: ip_do_fragment, ip6_fragment).
 *
 * Overview    cuts a row into fragments that fit the MTU and, when the packet was reassembled here, are no larger
 *             than the fragments it came in (frag_max_size). They are appended with the row's columns, without a
 *             link header, to be taken up at ENTRY_TRANSMIT; the row is STOLEN.
 * Limits      IPv6 packets are cut only where this router reassembled them or made them (a router never cuts
 *             others'). All fragments are made or none.
 */
export class Fragmenter {
  readonly counters: FragmenterCounters = { packets: 0, fragments: 0, refused: 0, noRoom: 0 };
  readonly #random: Random;

  /** `random` gives IPv6 fragments their identification (RFC 7739). */
  constructor(options: { readonly random: Random }) {
    this.#random = options.random;
  }

  /**
   * Cuts the row for `mtu`. Returns how many fragments were appended; 0 when there was no room (verdict DROP); -1
   * when it may not be cut: the sender is to hear of the MTU.
   */
  fragment(batch: PacketBatch, row: number, mtu: number): number {
    const six = batch.family[row] === 6;
    if (!(six ? this.#allowed6(batch, row, mtu) : this.#allowed4(batch, row, mtu))) {
      this.counters.refused++;
      return -1;
    }
    if (batch.segmentType[row] !== SEGMENT_NONE && batch.segmentSize[row] !== 0) {
      return this.#segments(batch, row, mtu);
    }
    completeChecksum(batch, row);
    const most = batch.fragmentSize[row] === 0 ? mtu : Math.min(mtu, batch.fragmentSize[row]!);
    const made = six
      ? this.#cut6(batch, row, most)
      : this.#cut4(batch, row, Math.max(most, IPV4_MINIMUM_MTU));
    if (made === 0) {
      batch.verdict[row] = VERDICT_DROP;
      this.counters.noRoom++;
      return 0;
    }
    batch.verdict[row] = VERDICT_STOLEN;
    this.counters.packets++;
    this.counters.fragments += made;
    return made;
  }

  /** `Don't fragment` on a packet reassembled here forbids only pieces larger than those it came in. */
  #allowed4(batch: PacketBatch, row: number, mtu: number): boolean {
    const flags = u16(batch.bytes(row), batch.network[row]! + IPV4.flagsOffset);
    if ((flags & IPV4_DONT_FRAGMENT) === 0) return true;
    return batch.fragmentSize[row] !== 0 && batch.fragmentSize[row]! <= mtu;
  }

  #allowed6(batch: PacketBatch, row: number, mtu: number): boolean {
    if (mtu < IPV6_MINIMUM_MTU) return false;
    if (batch.fragmentSize[row] !== 0) return batch.fragmentSize[row]! <= mtu;
    return batch.inPort[row] === NO_PORT;
  }

  /** A super-packet is cut into segments first, each segment that is still too long into fragments. */
  #segments(batch: PacketBatch, row: number, mtu: number): number {
    const first = batch.count, made = segment(batch, row);
    if (made < 0) {
      batch.verdict[row] = VERDICT_DROP;
      this.counters.noRoom++;
      return 0;
    }
    let all = 0;
    for (let r = first; r < first + made; r++) {
      if (batch.end[r]! - batch.network[r]! > mtu) {
        all += Math.max(0, this.fragment(batch, r, mtu));
        continue;
      }
      batch.start[r] = batch.network[r]!;
      batch.entry[r] = ENTRY_TRANSMIT;
      batch.verdict[r] = VERDICT_CONTINUE;
      all++;
    }
    return all;
  }

  #cut4(batch: PacketBatch, row: number, mtu: number): number {
    const b = batch.bytes(row), at = batch.network[row]!, header = ipv4HeaderLength(b, at);
    const from = at + header, end = batch.end[row]!, step = (mtu - header) & ~7;
    const position = u16(b, at + IPV4.flagsOffset), count = Math.ceil((end - from) / step);
    if (!room(batch, count)) return 0;
    for (let i = 0; i < count; i++) {
      const start = from + i * step, stop = Math.min(end, start + step);
      const made = piece(batch, row, header + stop - start, i);
      if (made < 0) return undo(batch, i);
      const into = batch.bytes(made), head = batch.network[made]!;
      copyBytes(into, head, b, at, from);
      copyBytes(into, head + header, b, start, stop);
      if (i > 0) blankOptions(into, head + IPV4.size, head + header);
      const more = stop < end ? IPV4_MORE_FRAGMENTS : position & IPV4_MORE_FRAGMENTS;
      const offset = (position & IPV4_OFFSET) + i * step / 8;
      setU16(into, head + IPV4.totalLength, header + stop - start);
      setU16(into, head + IPV4.flagsOffset, (position & IPV4_DONT_FRAGMENT) | more | offset);
      setU16(into, head + IPV4.checksum, 0);
      setU16(into, head + IPV4.checksum, finish(sum(into, head, head + header)));
    }
    return count;
  }

  #cut6(batch: PacketBatch, row: number, mtu: number): number {
    const b = batch.bytes(row), at = batch.network[row]!, end = batch.end[row]!;
    const announced = unfragmentable(b, at, end), from = headersEnd(b, at, announced), header = from - at;
    const step = (mtu - header - FRAGMENT6.size) & ~7;
    if (step <= 0) return 0;
    const count = Math.ceil((end - from) / step), identification = this.#random.u32() || 1;
    if (!room(batch, count)) return 0;
    for (let i = 0; i < count; i++) {
      const start = from + i * step, stop = Math.min(end, start + step), length = stop - start;
      const made = piece(batch, row, header + FRAGMENT6.size + length, i);
      if (made < 0) return undo(batch, i);
      const into = batch.bytes(made), head = batch.network[made]!, fragment = head + header;
      if (batch.transport[made] !== 0) batch.transport[made]! += FRAGMENT6.size;
      copyBytes(into, head, b, at, from);
      copyBytes(into, fragment + FRAGMENT6.size, b, start, stop);
      into[head + announced - at] = NEXT_FRAGMENT;
      into[fragment] = b[announced]!;
      into[fragment + 1] = 0;
      setU16(into, fragment + FRAGMENT6.offsetFlags, i * step | (stop < end ? 1 : 0));
      setU32(into, fragment + FRAGMENT6.identification, identification);
      setU16(into, head + IPV6.payloadLength, header + FRAGMENT6.size + length - IPV6.size);
    }
    return count;
  }
}

/** A row for one fragment of `length` bytes, with the columns of the row it is cut from. */
function piece(batch: PacketBatch, row: number, length: number, index: number): number {
  const made = batch.make(length);
  if (made < 0) return -1;
  const start = batch.start[made]!, end = batch.end[made]!;
  batch.copyRow(made, batch, row, 0);
  batch.start[made] = batch.network[made] = start;
  batch.end[made] = end;
  batch.fragment[made] = index === 0 ? FRAGMENT_ANY : FRAGMENT_ANY | FRAGMENT_LATER;
  batch.transport[made] = index === 0 ? start + batch.transport[row]! - batch.network[row]! : 0;
  if (index > 0 || batch.transport[row] === 0) {
    batch.transport[made] = batch.sourcePort[made] = batch.destinationPort[made] = 0;
  }
  // The transport checksum is right over the whole, which no device can see in a piece.
  batch.checksum[made] = CHECKSUM_VALID;
  batch.checksumStart[made] = batch.checksumOffset[made] = batch.fragmentSize[made] = 0;
  batch.entry[made] = ENTRY_TRANSMIT;
  batch.verdict[made] = VERDICT_CONTINUE;
  return made;
}

const room = (batch: PacketBatch, count: number): boolean =>
  batch.count + count <= batch.capacity && batch.pool.available >= count;

/** The pool had slabs, but none long enough: what was made goes nowhere. */
function undo(batch: PacketBatch, made: number): number {
  for (let i = 1; i <= made; i++) batch.verdict[batch.count - i] = VERDICT_DROP;
  return 0;
}

/** Options that are not to be copied become no-operations in later fragments (RFC 791 3.1, ip_options_fragment). */
function blankOptions(b: Uint8Array, from: number, end: number): void {
  for (let at = from; at < end;) {
    const kind = b[at]!;
    if (kind === 0) return;
    const length = kind === 1 ? 1 : at + 1 < end ? b[at + 1]! : 0;
    if (length < 1 || (kind !== 1 && length < 2) || at + length > end) return;
    if ((kind & 0x80) === 0) b.fill(1, at, at + length);
    at += length;
  }
}

/**
 * Position of the next-header byte behind which the fragment header goes: after hop-by-hop, routing, and
 * destination options that stand before routing (RFC 8200 4.5; ip6_find_1stfragopt).
 */
function unfragmentable(b: Uint8Array, at: number, end: number): number {
  let announced = at + IPV6.nextHeader, header = at + IPV6.size, result = announced;
  for (;;) {
    const next = b[announced]!;
    if (next !== NEXT_HOP_BY_HOP && next !== NEXT_ROUTING && next !== NEXT_DESTINATION) return result;
    if (header + 8 > end) return result;
    announced = header;
    header += (b[header + 1]! + 1) * 8;
    if (header > end) return result;
    if (next !== NEXT_DESTINATION) result = announced;
  }
}

/** End of the header whose next-header byte is at `announced`. */
const headersEnd = (b: Uint8Array, at: number, announced: number): number =>
  announced === at + IPV6.nextHeader ? at + IPV6.size : announced + (b[announced + 1]! + 1) * 8;

export interface FragmenterCounters {
  /** Packets that were cut, and into how many fragments in all. */
  packets: number;
  fragments: number;
  /** May not be cut. */
  refused: number;
  noRoom: number;
}
