import { setU16, u16 } from "../packet/bytes.ts";
import { finish, fold, pseudo, sum } from "../packet/checksum.ts";
import { CHECKSUM_PARTIAL, ENTRY_OUTPUT, SEGMENT_NONE, SEGMENT_UDP_L4 } from "../packet/columns.ts";
import { IPV4, IPV4_DONT_FRAGMENT, PROTOCOL_UDP } from "../packet/ipv4.ts";
import type { PacketPool } from "../packet/pool.ts";
import { UDP } from "../packet/udp.ts";

/**
 * ESP in UDP, gathered: packets of equal length that one state made in a row go on as one super-packet (UDP_SEGMENT, what
 * QUIC senders hand to a kernel), so that rules, ports and the kernel meet one for dozens. Devices that cannot cut it get
 * it cut by whoever transmits.
 *
 * Limits: IPv4 with don't-fragment, which is how TCP's packets travel. The last may be shorter. The datagrams get a
 * checksum where alone they had none (RFC 3948 2.1 wants none; receivers take either).
 */
export class Gather {
  readonly #pool: PacketPool;

  constructor(pool: PacketPool) {
    this.#pool = pool;
  }

  /** How many of the slabs in a ring, from `head` on, belong together: 1 where the first stands alone. */
  together(ring: Int32Array, head: number, count: number): number {
    const { columns } = this.#pool, first = ring[head]!;
    if (columns.entry[first] !== ENTRY_OUTPUT || !this.#may(first)) return 1;
    const length = this.#length(first);
    let bytes = length, n = 1;
    for (; n < count && n < MOST; n++) {
      const next = ring[(head + n) % ring.length]!;
      const own = this.#length(next);
      bytes += own - HEADERS;
      if (own > length || bytes > MOST_BYTES || !this.#may(next) || !this.#alike(first, next, n)) break;
      if (own < length) return n + 1;
    }
    return n;
  }

  #length(slab: number): number {
    const { columns } = this.#pool;
    return columns.end[slab]! - columns.start[slab]!;
  }

  #may(slab: number): boolean {
    const { columns, bytes } = this.#pool;
    return columns.family[slab] === 4 && columns.protocol[slab] === PROTOCOL_UDP &&
      columns.segmentType[slab] === SEGMENT_NONE && columns.trace[slab] === 0 &&
      columns.transport[slab] === columns.start[slab]! + IPV4.size &&
      (u16(bytes, columns.network[slab]! + IPV4.flagsOffset) & IPV4_DONT_FRAGMENT) !== 0;
  }

  /** Same ends, ports, class, mark; and identifications as who cuts it will count them. */
  #alike(one: number, other: number, nth: number): boolean {
    const { columns, bytes } = this.#pool, a = columns.network[one]!, b = columns.network[other]!;
    const id = u16(bytes, b + IPV4.identification), first = u16(bytes, a + IPV4.identification);
    if (id !== (first + nth & 0xffff)) return false;
    return columns.source[one * 4] === columns.source[other * 4] &&
      columns.destination[one * 4] === columns.destination[other * 4] &&
      columns.sourcePort[one] === columns.sourcePort[other] &&
      columns.destinationPort[one] === columns.destinationPort[other] &&
      columns.mark[one] === columns.mark[other] && columns.priority[one] === columns.priority[other] &&
      bytes[a + IPV4.tos] === bytes[b + IPV4.tos] && bytes[a + IPV4.ttl] === bytes[b + IPV4.ttl];
  }

  /** Makes one slab of `n`, which are freed; -1, and nothing happened, where there is no room. */
  join(ring: Int32Array, head: number, n: number): number {
    const pool = this.#pool, { columns, bytes } = pool, first = ring[head]!;
    let total = HEADERS;
    for (let i = 0; i < n; i++) total += this.#length(ring[(head + i) % ring.length]!) - HEADERS;
    const made = pool.take(total);
    if (made < 0) return -1;
    const start = columns.start[made]!, payload = this.#length(first) - HEADERS;
    columns.copyRow(made, columns, first, start - columns.start[first]!);
    columns.end[made] = start + total;
    bytes.copyWithin(start, columns.start[first]!, columns.start[first]! + HEADERS);
    let at = start + HEADERS;
    for (let i = 0; i < n; i++) {
      const slab = ring[(head + i) % ring.length]!, end = columns.end[slab]!;
      bytes.copyWithin(at, columns.start[slab]! + HEADERS, end);
      at += end - columns.start[slab]! - HEADERS;
      pool.free(slab);
    }
    const udp = start + IPV4.size, length = total - IPV4.size;
    setU16(bytes, start + IPV4.totalLength, total);
    setU16(bytes, start + IPV4.checksum, 0);
    setU16(bytes, start + IPV4.checksum, finish(sum(bytes, start, udp)));
    setU16(bytes, udp + UDP.length, length);
    setU16(bytes, udp + UDP.checksum, fold(pseudo(bytes, start, 4, PROTOCOL_UDP, length)));
    columns.segmentType[made] = SEGMENT_UDP_L4;
    columns.segmentSize[made] = payload;
    columns.checksum[made] = CHECKSUM_PARTIAL;
    columns.checksumStart[made] = udp;
    columns.checksumOffset[made] = UDP.checksum;
    return made;
  }
}

const HEADERS = IPV4.size + UDP.size;
/** Segments of one: UDP_MAX_SEGMENTS of kernels before 6.9 is 64. */
const MOST = 64;
const MOST_BYTES = 65000;
