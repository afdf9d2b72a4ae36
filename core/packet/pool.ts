import { copyWords, sameRest, wordsOf } from "./copy.ts";
import { PacketColumns } from "./columns.ts";

/**
 * Packet pool.
 *
 * Overview    whoever keeps a packet longer than a batch (neighbour queue, fragments, reassembly, qdisc), or
 *             makes one, does so in a slab: 2 KB ones for frames, 64 KB ones for super-packets and reassembly.
 *             A slab's row of columns keeps the packet's metadata; the handle is the slab's number.
 * Life-cycle  take/hold -> (owner keeps the handle) -> restore into a batch, which frees it at its end, or free.
 * Ownership   one owner a slab: who took it frees it, or hands it to a batch that does.
 * Limits      all memory is taken at construction; an exhausted pool answers -1, the caller counts and drops.
 */
export class PacketPool {
  readonly bytes: Uint8Array;
  /** The same as words. */
  readonly words: Uint32Array;
  readonly columns: PacketColumns;
  readonly #small: number;
  readonly #free: Int32Array;
  #freeSmall = 0;
  readonly #freeLarge: Int32Array;
  #freeLargeCount = 0;
  /** Region number the batch knows this memory by. */
  region = 0;

  constructor(small = 2048, large = 64) {
    this.#small = small;
    this.bytes = new Uint8Array(small * SMALL_SLAB + large * LARGE_SLAB);
    this.words = wordsOf(this.bytes)!;
    this.columns = new PacketColumns(small + large);
    this.#free = new Int32Array(small);
    this.#freeLarge = new Int32Array(large);
    for (let i = small - 1; i >= 0; i--) this.#free[this.#freeSmall++] = i;
    for (let i = large - 1; i >= 0; i--) this.#freeLarge[this.#freeLargeCount++] = small + i;
  }

  /** Slabs not in use, both sizes. */
  get available(): number {
    return this.#freeSmall + this.#freeLargeCount;
  }

  /** First byte of a slab. */
  position(slab: number): number {
    return slab < this.#small
      ? slab * SMALL_SLAB
      : this.#small * SMALL_SLAB + (slab - this.#small) * LARGE_SLAB;
  }

  /**
   * A fresh slab with `HEADROOM` bytes before `start` and room for `length` more; -1 when the pool is empty or
   * nothing that long fits. Its columns are reset, `start` and `end` set; the bytes hold leftovers.
   */
  take(length: number): number {
    const slab = length <= SMALL_SLAB - HEADROOM
      ? (this.#freeSmall > 0 ? this.#free[--this.#freeSmall]! : this.#takeLarge())
      : length <= LARGE_SLAB - HEADROOM
      ? this.#takeLarge()
      : -1;
    if (slab < 0) return -1;
    const start = this.position(slab) + HEADROOM;
    this.columns.reset(slab);
    this.columns.region[slab] = this.region;
    this.columns.start[slab] = start;
    this.columns.end[slab] = start + length;
    return slab;
  }

  #takeLarge(): number {
    return this.#freeLargeCount > 0 ? this.#freeLarge[--this.#freeLargeCount]! : -1;
  }

  free(slab: number): void {
    if (slab < this.#small) this.#free[this.#freeSmall++] = slab;
    else this.#freeLarge[this.#freeLargeCount++] = slab;
  }

  /** Copies a batch row, bytes and metadata, into a slab of its own. The row itself is left as it is. */
  hold(batch: RowsInWork, row: number): number {
    const from = batch.start[row]!, length = batch.end[row]! - from, region = batch.region[row]!;
    const slab = this.take(length + 3);
    if (slab < 0) return -1;
    const to = this.columns.start[slab]! + sameRest(this.columns.start[slab]!, from),
      words = batch.words[region];
    if (words !== undefined) copyWords(this.words, to, words, from, length);
    else this.bytes.set(batch.memory[region]!.subarray(from, from + length), to);
    this.columns.copyRow(slab, batch, row, to - from);
    this.columns.region[slab] = this.region;
    return slab;
  }

  /** Appends the slab's packet to the batch, which frees it at its end. -1 when the batch is full. */
  restore(slab: number, batch: RowsInWork): number {
    const row = batch.append();
    if (row < 0) return -1;
    batch.copyRow(row, this.columns, slab, 0);
    batch.region[row] = this.region;
    batch.slab[row] = slab;
    return row;
  }
}

/** What the pool needs of a batch. */
export interface RowsInWork extends PacketColumns {
  /** Bytes of each region. */
  readonly memory: readonly Uint8Array[];
  readonly words: readonly (Uint32Array | undefined)[];
  append(): number;
}

/** Bytes kept free before `start` for link headers (Ethernet 14, two VLAN tags 8) and a growing IP header. */
export const HEADROOM = 64;
export const SMALL_SLAB = 2048;
export const LARGE_SLAB = 65536 + 128;
