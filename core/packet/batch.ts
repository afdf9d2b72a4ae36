import { wordsOf } from "./copy.ts";
import { PacketColumns } from "./columns.ts";
import type { PacketPool } from "./pool.ts";

/**
 * A batch of packets on their way through the pipeline.
 *
 * Overview    rows 0..count are in work; ports append what they received, rooms append what they made.
 * Ownership   a row is borrowed for this batch only: keep a packet with `PacketPool.hold`.
 * Limits      BATCH rows come from ports, the rest of the capacity is room for made and released packets.
 */
export class PacketBatch extends PacketColumns {
  /** Regions by number; region 0 is the pool. */
  readonly memory: Uint8Array[] = [];
  /** The same as words, where a region begins at one. */
  readonly words: (Uint32Array | undefined)[] = [];
  readonly #freeRegions: number[] = [];
  count = 0;
  /** Time of this batch, read once: monotonic and wall milliseconds. */
  now = 0;
  wall = 0;
  readonly pool: PacketPool;

  constructor(pool: PacketPool, capacity = 4 * BATCH) {
    super(capacity);
    this.pool = pool;
    pool.region = this.addRegion(pool.bytes);
  }

  /** Makes memory known to rows; returns the number for `region`. At most 256 regions. */
  addRegion(bytes: Uint8Array): number {
    const free = this.#freeRegions.pop();
    if (free !== undefined) {
      this.memory[free] = bytes;
      this.words[free] = wordsOf(bytes);
      return free;
    }
    if (this.memory.length === 256) throw new RangeError("a batch knows at most 256 memory regions");
    this.words.push(wordsOf(bytes));
    return this.memory.push(bytes) - 1;
  }

  /** A closed port takes its memory back; the number serves the next port. No row may name it any more. */
  removeRegion(region: number): void {
    this.memory[region] = NO_BYTES;
    this.words[region] = undefined;
    this.#freeRegions.push(region);
  }

  /** A fresh, reset row; -1 when the batch is full. */
  append(): number {
    if (this.count === this.capacity) return -1;
    const row = this.count++;
    this.reset(row);
    return row;
  }

  /** Row for a packet made here: `length` bytes after the headroom, in a slab freed with the batch. -1 when full. */
  make(length: number): number {
    if (this.count === this.capacity) return -1;
    const slab = this.pool.take(length);
    return slab < 0 ? -1 : this.pool.restore(slab, this);
  }

  /** Bytes a row's positions refer to. */
  bytes(row: number): Uint8Array {
    return this.memory[this.region[row]!]!;
  }

  /** End of the batch: slabs of its rows go back to the pool. */
  clear(): void {
    this.truncate(0);
  }

  /** Ends the rows from `count` on. */
  truncate(count: number): void {
    for (let row = count; row < this.count; row++) {
      const slab = this.slab[row]!;
      if (slab >= 0) this.pool.free(slab);
    }
    this.count = count;
  }
}

/** Packets received from ports in one round. */
export const BATCH = 64;

const NO_BYTES = new Uint8Array(0);
