import { CryptoError } from "../../../core/crypto/engine.ts";
import { CryptoRequests, EINVAL } from "../../../core/crypto/requests.ts";
import { WakeEvent } from "../../sys/event.ts";
import type { CryptoDevice, OfferedAlgorithm } from "../device.ts";
import { bytesIn, bytesOut } from "../libcrypto/context.ts";
import { RowRing } from "../row_ring.ts";
import type { SoftwareAlgorithm } from "../libcrypto/algorithms.ts";
import { type HifnAlgorithm, hifnAlgorithms } from "./algorithms.ts";
import { type Bus, type BusSizes, HIFN_SIZES, makeBus } from "./bus.ts";
import { type CardSlot, type PluggedCard, workerSlot } from "./card_slot.ts";
import { CommandRings } from "./command_rings.ts";
import { Dma } from "./dma.ts";
import { DOORBELL, EVENT, INTERRUPTS, MAPPINGS, RESET, RESET_DONE, SLEEPS, WAITS } from "./registers.ts";
import { Sessions } from "./sessions.ts";

/**
 * Driver of the HIFN card.
 *
 * Overview    `start` describes a request in the rings and rings the doorbell; `poll` looks at the results when there
 *             was an interrupt. Results may come in any order; descriptors are free again in the order of their rings.
 * Life-cycle  a card is plugged in when the device is made, and another one when it does not answer a reset: that gets
 *             bus memory of its own, so that what is left of the old one changes nothing.
 * Ownership   one thread. Rows are kept by the command's place in its ring.
 * Limits      requests of SLOT_BYTES a side with associated data and tag. After RESETS resets without a result between
 *             them the card is given up.
 */
export class HifnDevice implements CryptoDevice {
  readonly name: string;
  readonly algorithms: readonly HifnAlgorithm[];
  readonly #sizes: BusSizes;
  readonly #slot: CardSlot;
  readonly #sessions: Sessions;
  #bus: Bus;
  #card: PluggedCard;
  #rings: CommandRings;
  #dma: Dma;
  #requests = new CryptoRequests(0);
  /** Rows that never reached the card: their segments are shorter than they. */
  #refused = new RowRing(0);
  #event: WakeEvent | undefined;
  #interrupts = 0;
  #mappings = 0;
  #mapped = 0;
  #resets = 0;
  #bouncedBefore = 0;

  constructor({ name = "hifn0", sizes = HIFN_SIZES, slot = workerSlot(), known }: HifnOptions = {}) {
    this.name = name;
    this.algorithms = hifnAlgorithms(known);
    this.#sizes = sizes;
    this.#slot = slot;
    this.#bus = makeBus(sizes);
    this.#sessions = new Sessions(this.#bus);
    this.#dma = new Dma(this.#bus, []);
    this.#rings = new CommandRings(this.#bus, this.#dma);
    this.#card = slot(this.#bus.memory);
  }

  attach(requests: CryptoRequests): void {
    this.#requests = requests;
    this.#refused = new RowRing(requests.capacity);
    this.#map();
  }

  /** Gives every shared region a bus address and tells the card. */
  #map(): void {
    this.#bouncedBefore += this.#dma.bounced;
    this.#mapped = this.#requests.memory.length;
    this.#dma = new Dma(this.#bus, this.#requests.memory);
    this.#rings.dma = this.#dma;
    this.#card.map(this.#dma.regions, ++this.#mappings);
    Atomics.store(this.#bus.words, MAPPINGS, this.#mappings);
    this.#ring();
  }

  open(algorithm: OfferedAlgorithm, key: Uint8Array, tagSize: number): number {
    const own = this.algorithms.find(({ driverName }) => driverName === algorithm.driverName);
    if (own === undefined) throw new CryptoError(`${this.name} has no ${algorithm.name}`);
    return this.#sessions.open(own, key, tagSize, this.name);
  }

  close(context: number): void {
    this.#sessions.close(context);
    this.#ring();
  }

  start(row: number, context: number): boolean {
    const requests = this.#requests, algorithm = this.#sessions.algorithm(context);
    if (requests.memory.length !== this.#mapped) this.#map();
    const tag = this.#sessions.tagSize(context);
    const read = bytesIn(algorithm, requests, row, tag), write = bytesOut(algorithm, requests, row, tag);
    if (!this.#rings.fits(requests, row, read, write)) {
      this.#refused.push(row);
      return true;
    }
    if (!this.#rings.put(requests, row, read, write, algorithm.number, context)) return false;
    this.#ring();
    return true;
  }

  poll(rows: Int32Array): number {
    if (this.#event !== undefined) this.#arm(this.#event);
    const interrupts = Atomics.load(this.#bus.words, INTERRUPTS);
    let count = 0;
    if (interrupts !== this.#interrupts) {
      count = this.#rings.collect(this.#requests, rows, interrupts - this.#interrupts | 0);
      // As many interrupts as results: one seen before its result is looked for again.
      this.#interrupts = this.#interrupts + count | 0;
      this.#resets = 0;
    }
    while (this.#refused.length > 0 && count < rows.length) {
      const row = this.#refused.shift();
      this.#requests.result[row] = EINVAL;
      rows[count++] = row;
    }
    return count;
  }

  /** The card has signalled before it clears WAITS, and does so again only once that is set: no signal is lost. */
  #arm(event: WakeEvent): void {
    const { words } = this.#bus;
    if (Atomics.load(words, WAITS) === 1) return;
    event.drain();
    Atomics.store(words, WAITS, 1);
  }

  get outstanding(): number {
    return this.#rings.outstanding + this.#refused.length;
  }

  /** What the card is told by its reset register; one that does not answer is pulled out. */
  reset(): boolean {
    const { words } = this.#bus;
    while (this.#refused.length > 0) this.#refused.shift();
    if (++this.#resets > RESETS) return false;
    const wanted = Atomics.add(words, RESET, 1) + 1;
    this.#ring();
    for (const end = performance.now() + RESET_MILLISECONDS; Atomics.load(words, RESET_DONE) !== wanted;) {
      const left = end - performance.now();
      if (left <= 0) return this.#replace();
      Atomics.wait(words, RESET_DONE, wanted - 1, left);
    }
    this.#rings.clear();
    this.#interrupts = Atomics.load(words, INTERRUPTS);
    Atomics.store(words, RESET, wanted + 1);
    this.#ring();
    return true;
  }

  #replace(): boolean {
    this.#card.remove();
    this.#bus = makeBus(this.#sizes);
    this.#sessions.moveTo(this.#bus);
    this.#bus.words[EVENT] = this.#event?.fd ?? -1;
    this.#bus.words[WAITS] = this.#event === undefined ? 0 : 1;
    this.#interrupts = this.#mappings = 0;
    this.#card = this.#slot(this.#bus.memory);
    this.#rings = new CommandRings(this.#bus, this.#dma, this.#rings.counters);
    this.#map();
    return true;
  }

  #ring(): void {
    const { words } = this.#bus;
    Atomics.add(words, DOORBELL, 1);
    if (Atomics.load(words, SLEEPS) === 1 && Atomics.exchange(words, SLEEPS, 0) === 1) {
      Atomics.notify(words, DOORBELL);
    }
  }

  /** Bus memory, for tests and their registers of faults. */
  get bus(): Bus {
    return this.#bus;
  }

  get descriptor(): number {
    if (this.#event === undefined) {
      this.#event = WakeEvent.create();
      Atomics.store(this.#bus.words, EVENT, this.#event.fd);
      Atomics.store(this.#bus.words, WAITS, 1);
    }
    return this.#event.fd;
  }

  describe(): string {
    const { commands, segments } = this.#sizes, rings = this.#rings.fill();
    const bounced = this.#bouncedBefore + this.#dma.bounced, { words } = this.#bus;
    return `${this.name}: rings of ${commands} and ${segments}, ${rings} in use, ` +
      `${words[INTERRUPTS]} interrupts, ${this.#rings.counters.bounced} requests bounced (${bounced} bytes)`;
  }

  shutdown(): void {
    this.#card.remove();
    this.#sessions.wipe();
    this.#event?.close();
    this.#event = undefined;
  }
}

export interface HifnOptions {
  readonly name?: string;
  readonly sizes?: BusSizes;
  /** Where the card is; a Worker unless given. */
  readonly slot?: CardSlot;
  /** What the card's engine can do; that of libcrypto, or of node:crypto where that is missing, unless given. */
  readonly known?: readonly SoftwareAlgorithm[];
}

/** How long a card may take to answer its reset register. */
const RESET_MILLISECONDS = 50;
const RESETS = 3;
