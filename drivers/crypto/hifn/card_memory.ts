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
  readonly #ends = new Float64Array(256);
  #count = 1;
  /** Where the last piece lay: the next one mostly does too. */
  #last = 0;

  constructor(bus: Bus, requests: CryptoRequests) {
    const base = bus.words[DMA_AREA]!;
    this.#requests = requests;
    this.#dma = bus.bytes.subarray(base, base + bus.words[DMA_AREA + 1]!);
    this.#bases[0] = base;
    this.#ends[0] = base + this.#dma.length;
    requests.addRegion(this.#dma);
  }

  map(regions: readonly BusRegion[]): void {
    const { memory } = this.#requests;
    memory.length = 1;
    for (const { base, buffer, offset, length } of regions) {
      this.#bases[memory.length] = base;
      this.#ends[memory.length] = base + length;
      memory.push(new Uint8Array(buffer, offset, length));
    }
    this.#count = memory.length;
    this.#last = 0;
  }

  /** Adds a described piece to a row; where it follows the last one directly, as part of that. */
  add(segments: SegmentColumns, row: number, address: number, length: number): number {
    const end = address + length;
    if (address < this.#bases[this.#last]! || end > this.#ends[this.#last]!) {
      let region = 0;
      while (region < this.#count && (address < this.#bases[region]! || end > this.#ends[region]!)) region++;
      if (region === this.#count) return BAD_ADDRESS;
      this.#last = region;
    }
    const region = this.#last, offset = address - this.#bases[region]!, count = segments.count[row]!;
    const last = row * MOST_SEGMENTS + count - 1;
    if (
      count > 0 && segments.region[last] === region &&
      segments.offset[last]! + segments.length[last]! === offset
    ) segments.length[last]! += length;
    else if (!segments.add(row, region, offset, length)) return BAD_LIST;
    return OK;
  }
}
