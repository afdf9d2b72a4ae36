import type { PacketBatch } from "../../core/packet/batch.ts";
import { CHECKSUM_VALID } from "../../core/packet/columns.ts";
import { type Port, portCounters } from "../../core/port.ts";

/**
 * A port that receives the same frames again and again and swallows what it is sent: the data plane's own cost,
 * without any I/O. Frames are restored before each batch, as the router rewrites them in place.
 */
export class ReplayPort implements Port {
  readonly name: string;
  readonly link = "ethernet";
  readonly offload = true;
  readonly counters = portCounters();
  readonly up = true;
  readonly #memory = new Uint8Array(SLOT * 64);
  #frames: readonly Uint8Array[] = [];
  #region = 0;
  #next = 0;
  /** Batches still to come. */
  left = 0;

  constructor(name: string) {
    this.name = name;
  }

  /** What the next `batches` batches are made of. */
  play(frames: readonly Uint8Array[], batches: number): void {
    if (frames !== this.#frames) this.#next = 0;
    this.#frames = frames;
    this.left = batches;
  }

  attach(batch: PacketBatch): void {
    this.#region = batch.addRegion(this.#memory);
  }

  receive(batch: PacketBatch, limit: number): number {
    if (this.left === 0 || this.#frames.length === 0) return 0;
    this.left--;
    for (let i = 0; i < limit; i++) {
      const frame = this.#frames[this.#next]!, row = batch.append(), at = i * SLOT + HEADROOM;
      if (++this.#next === this.#frames.length) this.#next = 0;
      this.#memory.set(frame, at);
      batch.region[row] = this.#region;
      batch.start[row] = at;
      batch.end[row] = at + frame.length;
      batch.checksum[row] = CHECKSUM_VALID;
    }
    this.counters.rxPackets += limit;
    return limit;
  }

  transmit(_batch: PacketBatch, _rows: Uint16Array, count: number): number {
    this.counters.txPackets += count;
    return count;
  }
  release(): void {}
  close(): void {}
}

const SLOT = 2048, HEADROOM = 64;
