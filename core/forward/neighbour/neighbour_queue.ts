import type { PacketBatch } from "../../packet/batch.ts";
import { HEADROOM, LARGE_SLAB, type PacketPool, SMALL_SLAB } from "../../packet/pool.ts";

/**
 * Packets that wait for a link-layer address, a first-in-first-out list a neighbour.
 *
 * Ownership   slabs of the pool, freed or restored into a batch.
 * Limits      a neighbour: UNRES_QLEN_BYTES, the oldest goes first (net.ipv4.neigh.default.unres_qlen_bytes);
 *             all together: a quarter of the pool, so that destinations that do not exist starve nobody.
 */
export class NeighbourQueue {
  readonly #pool: PacketPool;
  readonly #first: Int32Array;
  readonly #last: Int32Array;
  readonly #bytes: Uint32Array;
  /** Next slab in the same queue, by slab. */
  readonly #next: Int32Array;
  #heldSlabs = 0;
  #heldBytes = 0;

  constructor(pool: PacketPool, rows: number) {
    this.#pool = pool;
    this.#first = new Int32Array(rows).fill(-1);
    this.#last = new Int32Array(rows).fill(-1);
    this.#bytes = new Uint32Array(rows);
    this.#next = new Int32Array(pool.columns.capacity).fill(-1);
  }

  /** Slabs held for all neighbours. */
  get held(): number {
    return this.#heldSlabs;
  }

  /** The slab that came last, -1 when nothing waits. */
  newest(neighbour: number): number {
    return this.#last[neighbour]!;
  }
  isEmpty(neighbour: number): boolean {
    return this.#first[neighbour]! < 0;
  }

  /** Copies a row to the end of the queue. Returns how many packets were lost by it: 0, or the oldest, or itself. */
  push(neighbour: number, batch: PacketBatch, row: number): number {
    const pool = this.#pool;
    const size = slabSize(batch.end[row]! - batch.start[row]!);
    let lost = 0;
    while (this.#first[neighbour]! >= 0 && this.#bytes[neighbour]! + size > UNRES_QLEN_BYTES) {
      pool.free(this.shift(neighbour));
      lost++;
    }
    const full = (this.#heldSlabs + 1) * 4 > pool.columns.capacity ||
      (this.#heldBytes + size) * 4 > pool.bytes.length;
    if (full) {
      if (this.#first[neighbour]! < 0) return lost + 1;
      pool.free(this.shift(neighbour));
      lost++;
    }
    const slab = pool.hold(batch, row);
    if (slab < 0) return lost + 1;
    this.#next[slab] = -1;
    if (this.#last[neighbour]! >= 0) this.#next[this.#last[neighbour]!] = slab;
    else this.#first[neighbour] = slab;
    this.#last[neighbour] = slab;
    this.#bytes[neighbour]! += this.#sizeOf(slab);
    this.#heldBytes += this.#sizeOf(slab);
    this.#heldSlabs++;
    return lost;
  }

  /** Takes the oldest slab out; -1 when nothing waits. The caller owns it then. */
  shift(neighbour: number): number {
    const slab = this.#first[neighbour]!;
    if (slab < 0) return -1;
    const next = this.#next[slab]!;
    this.#first[neighbour] = next;
    if (next < 0) this.#last[neighbour] = -1;
    this.#bytes[neighbour]! -= this.#sizeOf(slab);
    this.#heldBytes -= this.#sizeOf(slab);
    this.#heldSlabs--;
    return slab;
  }

  /** Frees everything that waits; returns how many packets that were. */
  purge(neighbour: number): number {
    let lost = 0;
    for (let slab = this.shift(neighbour); slab >= 0; slab = this.shift(neighbour)) {
      this.#pool.free(slab);
      lost++;
    }
    return lost;
  }

  #sizeOf(slab: number): number {
    return slabSize(this.#pool.columns.end[slab]! - this.#pool.columns.start[slab]!);
  }
}

/** Memory a packet of that length is charged with; like the kernel's truesize, not its bytes. */
const slabSize = (length: number): number => length <= SMALL_SLAB - HEADROOM ? SMALL_SLAB : LARGE_SLAB;

/** 104 small packets or three super-packets. */
const UNRES_QLEN_BYTES = 212992;
