import { MOST_SEGMENTS, type SegmentColumns } from "../../../core/crypto/requests.ts";
import type { Bus } from "./bus.ts";
import type { DriverRing } from "./driver_ring.ts";
import { LAST, MAPPED_FROM, MOST_LENGTH } from "./registers.ts";

/** Memory that the card reaches besides its bus memory. */
export interface BusRegion {
  readonly base: number;
  readonly buffer: SharedArrayBuffer;
  readonly offset: number;
  readonly length: number;
}

/**
 * Segments of requests as descriptors.
 *
 * Overview    shared regions have bus addresses and are described where they lie. Bytes of other regions, and all of a
 *             side with more pieces than its ring has descriptors, are bounced: laid into the request's slot of the DMA
 *             area before, or taken from it after.
 * Ownership   the driver's thread.
 * Limits      4 GB of bus addresses; regions that have no place there are bounced too.
 */
export class Dma {
  /** Bytes copied. */
  bounced = 0;
  readonly #bases = new Float64Array(256);
  readonly #bus: Bus;
  readonly #memory: readonly Uint8Array[];
  readonly regions: readonly BusRegion[];

  constructor(bus: Bus, memory: readonly Uint8Array[]) {
    this.#bus = bus;
    this.#memory = memory;
    const regions: BusRegion[] = [];
    let base = MAPPED_FROM;
    for (const [number, { buffer, byteOffset, length }] of memory.entries()) {
      if (!(buffer instanceof SharedArrayBuffer) || base + length > 2 ** 32) continue;
      regions.push({ base, buffer, offset: byteOffset, length });
      this.#bases[number] = base;
      // A page between regions belongs to nobody.
      base += (length + 8191) & ~4095;
    }
    this.regions = regions;
  }

  /** Descriptors that the first `most` bytes of a row's segments take. */
  count(segments: SegmentColumns, row: number, most: number): number {
    let left = most, count = 0;
    for (let at = row * MOST_SEGMENTS, end = at + segments.count[row]!; at < end && left > 0; at++) {
      const length = Math.min(left, segments.length[at]!);
      count += descriptors(length);
      left -= length;
    }
    return Math.max(1, count);
  }

  /**
   * Describes the first `most` bytes, which are there. `slot`: bus address of the bounce slot; `whole`: all bytes go
   * there; `source`: bounced bytes are copied now. True when any were bounced.
   */
  put(
    ring: DriverRing,
    segments: SegmentColumns,
    row: number,
    most: number,
    slot: number,
    whole: boolean,
    source: boolean,
  ): boolean {
    let left = most, bounced = 0;
    for (let at = row * MOST_SEGMENTS, end = at + segments.count[row]!; at < end && left > 0; at++) {
      const length = Math.min(left, segments.length[at]!), region = segments.region[at]!;
      const base = this.#bases[region]!, offset = segments.offset[at]!;
      if (length === 0) continue;
      left -= length;
      // A segment that leaves its region is described as it is, and refused by the card.
      if (base !== 0 && !whole) emit(ring, base + offset, length, left === 0);
      else {
        if (source) this.#bus.bytes.set(this.#piece(region, offset, length), slot + bounced);
        if (!whole) emit(ring, slot + bounced, length, left === 0);
        bounced += length;
      }
    }
    this.bounced += source ? bounced : 0;
    if (whole || most === 0) emit(ring, slot, most, true);
    return bounced > 0;
  }

  /** Copies what was bounced to where it belongs. */
  takeBack(segments: SegmentColumns, row: number, most: number, slot: number, whole: boolean): void {
    let left = most, bounced = 0;
    for (let at = row * MOST_SEGMENTS, end = at + segments.count[row]!; at < end && left > 0; at++) {
      const length = Math.min(left, segments.length[at]!), region = segments.region[at]!;
      left -= length;
      if (length === 0 || (this.#bases[region] !== 0 && !whole)) continue;
      const piece = this.#bus.bytes.subarray(slot + bounced, slot + bounced + length);
      this.#memory[region]!.set(piece, segments.offset[at]!);
      bounced += length;
    }
    this.bounced += bounced;
  }

  #piece(region: number, offset: number, length: number): Uint8Array {
    return this.#memory[region]!.subarray(offset, offset + length);
  }
}

/** Descriptors of one piece. */
export const descriptors = (length: number): number => Math.ceil(length / MOST_LENGTH);

function emit(ring: DriverRing, address: number, length: number, last: boolean): void {
  let at = address, left = length;
  for (; left > MOST_LENGTH; at += MOST_LENGTH, left -= MOST_LENGTH) ring.put(at, MOST_LENGTH);
  ring.put(at, last ? left | LAST : left);
}
