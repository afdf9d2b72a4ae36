import type { PacketBatch } from "../../packet/batch.ts";
import { ENTRY_OUTPUT } from "../../packet/columns.ts";
import { isLinkLocal6 } from "../../packet/ipv6.ts";
import type { Random } from "../../random.ts";
import type { FragmentHeader } from "./fragment_header.ts";

/**
 * Incomplete datagrams.
 *
 * Overview    rows of columns, found by a seeded hash of addresses, identification and protocol (IPv4), interface
 *             (IPv6 link-local), whether they come from the wire or from this host, and by which IPsec states. A
 *             row is either free or holds the state of one datagram; its fragments are in a list of slabs (fragment_list.ts).
 * Life-cycle  opened by the first fragment to come, whichever it is; closed when whole, spoilt or out of time.
 * Ownership   the data-plane thread.
 * Limits      `capacity` datagrams, `perSource` of one source address (counted in 1024 seeded buckets, so that
 *             two sources may now and then share a count).
 */
export class Datagrams {
  readonly capacity: number;
  count = 0;
  /** First and last slab of the list, -1 when empty. */
  readonly head: Int32Array;
  readonly tail: Int32Array;
  readonly fragments: Uint16Array;
  /** Payload bytes here, and how many there will be (the furthest end seen until the last fragment came). */
  readonly received: Uint32Array;
  readonly length: Uint32Array;
  readonly lastSeen: Uint8Array;
  readonly largest: Uint16Array;
  readonly largestDontFragment: Uint16Array;
  /** Bit n: a fragment had ECN code point n. */
  readonly ecn: Uint8Array;
  readonly family: Uint8Array;
  readonly opened: Float64Array;
  readonly deadline: Float64Array;
  /** The earliest deadline may come no sooner than this. */
  nextDeadline = Infinity;
  readonly #key: Uint32Array;
  readonly #next: Int32Array;
  readonly #bucket: Int32Array;
  readonly #bucketOf: Int32Array;
  readonly #sourceBucketOf: Uint16Array;
  readonly #sources = new Uint16Array(SOURCES);
  readonly #wanted = new Uint32Array(KEY);
  readonly #seed: number;
  #free = 0;

  constructor(capacity: number, random: Random) {
    this.capacity = capacity;
    this.head = new Int32Array(capacity).fill(-1);
    this.tail = new Int32Array(capacity).fill(-1);
    this.fragments = new Uint16Array(capacity);
    this.received = new Uint32Array(capacity);
    this.length = new Uint32Array(capacity);
    this.lastSeen = new Uint8Array(capacity);
    this.largest = new Uint16Array(capacity);
    this.largestDontFragment = new Uint16Array(capacity);
    this.ecn = new Uint8Array(capacity);
    this.family = new Uint8Array(capacity);
    this.opened = new Float64Array(capacity);
    this.deadline = new Float64Array(capacity).fill(Infinity);
    this.#key = new Uint32Array(capacity * KEY);
    this.#next = Int32Array.from({ length: capacity }, (_, i) => i + 1 < capacity ? i + 1 : -1);
    this.#bucket = new Int32Array(BUCKETS).fill(-1);
    this.#bucketOf = new Int32Array(capacity);
    this.#sourceBucketOf = new Uint16Array(capacity);
    this.#seed = random.u32();
  }

  /** The datagram a fragment belongs to, -1 when it is the first of its kind. */
  find(batch: PacketBatch, row: number, header: FragmentHeader): number {
    const key = this.#key, wanted = this.#wanted;
    let found = this.#bucket[this.#hash(batch, row, header)]!;
    while (found >= 0) {
      let i = 0;
      while (i < KEY && key[found * KEY + i] === wanted[i]) i++;
      if (i === KEY) return found;
      found = this.#next[found]!;
    }
    return -1;
  }

  /** Datagrams the source of a row has here at the moment. */
  bySource(batch: PacketBatch, row: number): number {
    return this.#sources[this.#sourceBucket(batch, row)]!;
  }

  /** A fresh row for the fragment's datagram, -1 when all are taken. */
  open(batch: PacketBatch, row: number, header: FragmentHeader, now: number, deadline: number): number {
    const made = this.#free;
    if (made < 0) return -1;
    const bucket = this.#hash(batch, row, header), source = this.#sourceBucket(batch, row);
    this.#free = this.#next[made]!;
    this.count++;
    this.#next[made] = this.#bucket[bucket]!;
    this.#bucket[bucket] = made;
    this.#bucketOf[made] = bucket;
    this.#sourceBucketOf[made] = source;
    this.#sources[source]! += 1;
    this.#key.set(this.#wanted, made * KEY);
    this.head[made] = this.tail[made] = -1;
    this.fragments[made] =
      this.received[made] =
      this.length[made] =
      this.lastSeen[made] =
        0;
    this.largest[made] = this.largestDontFragment[made] = this.ecn[made] = 0;
    this.family[made] = header.family;
    this.opened[made] = now;
    this.deadline[made] = deadline;
    if (deadline < this.nextDeadline) this.nextDeadline = deadline;
    return made;
  }

  /** Frees a row; its list must be empty. */
  close(datagram: number): void {
    const bucket = this.#bucketOf[datagram]!;
    if (this.#bucket[bucket] === datagram) this.#bucket[bucket] = this.#next[datagram]!;
    else {
      let before = this.#bucket[bucket]!;
      while (this.#next[before] !== datagram) before = this.#next[before]!;
      this.#next[before] = this.#next[datagram]!;
    }
    this.#sources[this.#sourceBucketOf[datagram]!]! -= 1;
    this.deadline[datagram] = Infinity;
    this.#next[datagram] = this.#free;
    this.#free = datagram;
    this.count--;
  }

  /** The one opened first but for `except`, -1 when there is none. */
  oldest(except: number): number {
    let best = -1;
    for (let i = 0; i < this.capacity; i++) {
      if (
        i !== except && this.deadline[i] !== Infinity && (best < 0 || this.opened[i]! < this.opened[best]!)
      ) best = i;
    }
    return best;
  }

  /** A datagram whose deadline has come, -1 when there is none (and `nextDeadline` is right again). */
  expired(now: number): number {
    if (now < this.nextDeadline) return -1;
    let next = Infinity;
    for (let i = 0; i < this.capacity; i++) {
      if (this.deadline[i]! <= now) return i;
      if (this.deadline[i]! < next) next = this.deadline[i]!;
    }
    this.nextDeadline = next;
    return -1;
  }

  /** Fills `wanted` with the fragment's key and hashes it. */
  #hash(batch: PacketBatch, row: number, header: FragmentHeader): number {
    const w = this.#wanted, lane = row * 4;
    const local = batch.entry[row] === ENTRY_OUTPUT ? 1 << 16 : 0;
    if (header.family === 4) w[0] = (4 << 24) | local | batch.protocol[row]!;
    else {
      // RFC 8200 4.5: the next header is no part of the key. Link-local addresses mean one link each.
      const scoped = isLinkLocal6(batch.source[lane]!) || isLinkLocal6(batch.destination[lane]!);
      w[0] = (6 << 24) | local | (scoped ? batch.inInterface[row]! : 0);
    }
    w[1] = header.identification;
    // What came in the clear must not stand in for what came through a tunnel.
    w[10] = batch.secpath[row]!;
    for (let i = 0; i < 4; i++) {
      w[2 + i] = batch.source[lane + i]!;
      w[6 + i] = batch.destination[lane + i]!;
    }
    let hash = this.#seed;
    for (let i = 0; i < KEY; i++) {
      hash = Math.imul(hash ^ w[i]!, 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    return hash & (BUCKETS - 1);
  }

  #sourceBucket(batch: PacketBatch, row: number): number {
    let hash = ~this.#seed;
    for (let i = 0; i < 4; i++) {
      hash = Math.imul(hash ^ batch.source[row * 4 + i]!, 0x85ebca6b);
      hash ^= hash >>> 13;
    }
    return hash & (SOURCES - 1);
  }
}

const KEY = 11;
const BUCKETS = 1024;
const SOURCES = 1024;
