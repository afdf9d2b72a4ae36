import type { PacketBatch } from "../../packet/batch.ts";
import type { PacketPool } from "../../packet/pool.ts";
import type { Datagrams } from "./datagrams.ts";
import type { FragmentHeader } from "./fragment_header.ts";

/**
 * Fragments of a datagram: slabs of the pool, linked in order of their offset. In-order arrival appends at the
 * tail; anything else walks from the head (at most MOST_FRAGMENTS steps).
 */
export class FragmentList {
  readonly #pool: PacketPool;
  readonly #datagrams: Datagrams;
  readonly #next: Int32Array;
  /** Payload of each slab's fragment: its place in the datagram and its position in the pool. */
  readonly offset: Uint32Array;
  readonly end: Uint32Array;
  readonly payload: Uint32Array;
  /** IPv6: position of the byte that announces the fragment header. */
  readonly announced: Uint32Array;
  /** Slabs in all lists. */
  slabs = 0;

  constructor(pool: PacketPool, datagrams: Datagrams) {
    const capacity = pool.columns.capacity;
    this.#pool = pool;
    this.#datagrams = datagrams;
    this.#next = new Int32Array(capacity).fill(-1);
    this.offset = new Uint32Array(capacity);
    this.end = new Uint32Array(capacity);
    this.payload = new Uint32Array(capacity);
    this.announced = new Uint32Array(capacity);
  }

  /**
   * Copies the row's fragment into its place: INSERT_*. A fragment inside bytes that are already there is a
   * duplicate; one that covers some of them is an overlap (RFC 5722 for IPv6, CVE-2018-5391 for IPv4; the kernel's
   * inet_frag_queue_insert draws the same line).
   */
  insert(datagram: number, batch: PacketBatch, row: number, header: FragmentHeader): number {
    const d = this.#datagrams, tail = d.tail[datagram]!;
    let before = tail;
    if (tail >= 0 && header.offset < this.end[tail]!) {
      before = -1;
      let at = d.head[datagram]!;
      while (this.end[at]! <= header.offset) {
        before = at;
        at = this.#next[at]!;
      }
      // `at` is the first that ends behind our start: it must begin behind our end.
      if (this.offset[at]! < header.end) return this.#inside(at, header) ? INSERT_DUPLICATE : INSERT_OVERLAP;
    }
    if (d.fragments[datagram]! >= MOST_FRAGMENTS) return INSERT_TOO_MANY;
    const slab = this.#pool.hold(batch, row);
    if (slab < 0) return INSERT_NO_ROOM;
    this.slabs++;
    this.offset[slab] = header.offset;
    this.end[slab] = header.end;
    const shift = this.#pool.columns.start[slab]! - batch.start[row]!;
    this.payload[slab] = header.payload + shift;
    this.announced[slab] = header.announcedAt + shift;
    this.#link(datagram, before, slab);
    d.fragments[datagram]! += 1;
    d.received[datagram]! += header.end - header.offset;
    return INSERT_DONE;
  }

  next(slab: number): number {
    return this.#next[slab]!;
  }

  /** Takes the first slab out of the list: it is the caller's. */
  shift(datagram: number): number {
    const d = this.#datagrams, slab = d.head[datagram]!;
    d.head[datagram] = this.#next[slab]!;
    if (d.head[datagram]! < 0) d.tail[datagram] = -1;
    this.slabs--;
    return slab;
  }

  /** Gives all slabs of a datagram back to the pool. */
  clear(datagram: number): void {
    while (this.#datagrams.head[datagram]! >= 0) this.#pool.free(this.shift(datagram));
  }

  #link(datagram: number, before: number, slab: number): void {
    const d = this.#datagrams;
    const after = before < 0 ? d.head[datagram]! : this.#next[before]!;
    this.#next[slab] = after;
    if (before < 0) d.head[datagram] = slab;
    else this.#next[before] = slab;
    if (after < 0) d.tail[datagram] = slab;
  }

  /** Whether the fragment lies wholly in the run of adjoining fragments that begins at `slab`. */
  #inside(slab: number, header: FragmentHeader): boolean {
    if (header.offset < this.offset[slab]!) return false;
    let at = slab;
    while (this.end[at]! < header.end) {
      const next = this.#next[at]!;
      if (next < 0 || this.offset[next] !== this.end[at]) return false;
      at = next;
    }
    return true;
  }
}

export const INSERT_DONE = 0;
export const INSERT_DUPLICATE = 1;
export const INSERT_OVERLAP = 2;
export const INSERT_NO_ROOM = 3;
export const INSERT_TOO_MANY = 4;

/** 65535 bytes in pieces of 256: no honest path has a smaller MTU. */
const MOST_FRAGMENTS = 256;
