import { type CryptoRequests, MOST_SEGMENTS, type SegmentColumns } from "../../core/crypto/requests.ts";
import { gather, scatter } from "./segments.ts";

/**
 * Copies for devices that want segments to begin at multiples of something.
 *
 * Overview    a request that does not is laid into a slot of aligned memory in one piece; its row names that slot as source
 *             and destination until it is given back, and then has its own segments again.
 * Ownership   the queue's; the memory is a region of the requests, made with the first copy.
 * Limits      SLOTS copies at once: who finds none waits. What is larger than a slot, or shorter than its request, goes to
 *             the device as it is, which refuses it.
 */
export class AlignedCopies {
  readonly #requests: CryptoRequests;
  /** Slot of each row, or -1. */
  readonly #slot: Int16Array;
  readonly #write: Uint32Array;
  /** First segment and count of either side, KEPT words a row. */
  readonly #kept: Uint32Array;
  readonly #free: number[] = Array.from({ length: SLOTS }, (_, slot) => slot);
  #memory: Uint8Array | undefined;
  #region = -1;

  constructor(requests: CryptoRequests) {
    this.#requests = requests;
    this.#slot = new Int16Array(requests.capacity).fill(-1);
    this.#write = new Uint32Array(requests.capacity);
    this.#kept = new Uint32Array(requests.capacity * KEPT);
  }

  /** Whether all segments of a row begin at multiples of `alignment` bytes. */
  fits(row: number, alignment: number): boolean {
    const { sources, destinations } = this.#requests;
    return this.#begins(sources, row, alignment) && this.#begins(destinations, row, alignment);
  }

  #begins(segments: SegmentColumns, row: number, alignment: number): boolean {
    const { memory } = this.#requests;
    for (let at = row * MOST_SEGMENTS, end = at + segments.count[row]!; at < end; at++) {
      if ((memory[segments.region[at]!]!.byteOffset + segments.offset[at]!) % alignment !== 0) return false;
    }
    return true;
  }

  /** Copies a row that reads and writes so many bytes, once. False when it has to wait for a slot. */
  take(row: number, read: number, write: number): boolean {
    const requests = this.#requests, { sources, destinations } = requests;
    if (this.#slot[row]! >= 0 || Math.max(read, write) > SLOT_BYTES) return true;
    if (sources.bytes(row) < read || destinations.bytes(row) < write) return true;
    if (this.#free.length === 0) return false;
    if (this.#memory === undefined) {
      this.#memory = new Uint8Array(new SharedArrayBuffer(SLOTS * SLOT_BYTES));
      this.#region = requests.addRegion(this.#memory);
    }
    const slot = this.#free.pop()!, at = slot * SLOT_BYTES;
    gather(requests, sources, row, read, this.#memory.subarray(at, at + read));
    this.#slot[row] = slot;
    this.#write[row] = write;
    this.#name(sources, row, row * KEPT, at, read);
    this.#name(destinations, row, row * KEPT + KEPT / 2, at, write);
    return true;
  }

  #name(segments: SegmentColumns, row: number, kept: number, offset: number, length: number): void {
    const at = row * MOST_SEGMENTS;
    this.#kept[kept] = segments.count[row]!;
    this.#kept[kept + 1] = segments.region[at]!;
    this.#kept[kept + 2] = segments.offset[at]!;
    this.#kept[kept + 3] = segments.length[at]!;
    segments.count[row] = 0;
    segments.add(row, this.#region, offset, length);
  }

  /** Gives a row its own segments back and, when it is `done`, lays its bytes there. */
  giveBack(row: number, done: boolean): void {
    const slot = this.#slot[row]!, requests = this.#requests;
    if (slot < 0) return;
    this.#slot[row] = -1;
    this.#restore(requests.sources, row, row * KEPT);
    this.#restore(requests.destinations, row, row * KEPT + KEPT / 2);
    const at = slot * SLOT_BYTES, copy = this.#memory!.subarray(at, at + SLOT_BYTES);
    if (done) scatter(requests, requests.destinations, row, this.#write[row]!, copy);
    copy.fill(0);
    this.#free.push(slot);
  }

  #restore(segments: SegmentColumns, row: number, kept: number): void {
    const at = row * MOST_SEGMENTS;
    segments.count[row] = this.#kept[kept]!;
    segments.region[at] = this.#kept[kept + 1]!;
    segments.offset[at] = this.#kept[kept + 2]!;
    segments.length[at] = this.#kept[kept + 3]!;
  }
}

const SLOTS = 24, SLOT_BYTES = 65536 + 4096, KEPT = 8;
