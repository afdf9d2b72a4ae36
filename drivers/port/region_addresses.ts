import type { PacketBatch } from "../../core/packet/batch.ts";
import { addressOf } from "../sys/libc.ts";

/**
 * Addresses of a batch's memory regions, for vectors that point at packet bytes where they lie. Looked up when a
 * region is first met; a number whose memory changed is looked up again. Region memory never moves.
 */
export class RegionAddresses {
  readonly #known: (Uint8Array | undefined)[] = new Array(256).fill(undefined);
  readonly #addresses = new Float64Array(256);

  /** Address of the region's first byte, as a Number. */
  of(batch: PacketBatch, region: number): number {
    const memory = batch.memory[region]!;
    if (this.#known[region] !== memory) this.#learn(region, memory);
    return this.#addresses[region]!;
  }
  #learn(region: number, memory: Uint8Array): void {
    this.#known[region] = memory;
    this.#addresses[region] = addressOf(memory as Uint8Array<ArrayBuffer>);
  }
}
