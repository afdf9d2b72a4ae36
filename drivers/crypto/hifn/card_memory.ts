import type { CryptoRequests, SegmentColumns } from "../../../core/crypto/requests.ts";
import { MOST_SEGMENTS } from "../../../core/crypto/requests.ts";
import type { Bus } from "./bus.ts";
import type { BusRegion } from "./dma.ts";
import { BAD_ADDRESS, BAD_LIST, DMA_AREA, OK } from "./registers.ts";

/** What the card reaches by bus addresses: its DMA area and mapped regions, as regions of its own requests. */
export class CardMemory {
  readonly #requests: CryptoRequests;
  readonly #dma: Uint8Array;
  readonly #bases = new Float64Array(256);

  constructor(bus: Bus, requests: CryptoRequests) {
    const base = bus.words[DMA_AREA]!;
    this.#requests = requests;
    this.#dma = bus.bytes.subarray(base, base + bus.words[DMA_AREA + 1]!);
    this.#bases[0] = base;
    requests.addRegion(this.#dma);
  }

  map(regions: readonly BusRegion[]): void {
    const { memory } = this.#requests;
    memory.length = 1;
    for (const { base, buffer, offset, length } of regions) {
      this.#bases[memory.length] = base;
      memory.push(new Uint8Array(buffer, offset, length));
    }
  }

  /** Adds a described piece to a row; where it follows the last one directly, as part of that. */
  add(segments: SegmentColumns, row: number, address: number, length: number): number {
    const { memory } = this.#requests;
    for (let region = 0; region < memory.length; region++) {
      const offset = address - this.#bases[region]!;
      if (offset < 0 || offset + length > memory[region]!.length) continue;
      const count = segments.count[row]!, last = row * MOST_SEGMENTS + count - 1;
      const follows = count > 0 && segments.region[last] === region &&
        segments.offset[last]! + segments.length[last]! === offset;
      if (follows) segments.length[last]! += length;
      else if (!segments.add(row, region, offset, length)) return BAD_LIST;
      return OK;
    }
    return BAD_ADDRESS;
  }
}
