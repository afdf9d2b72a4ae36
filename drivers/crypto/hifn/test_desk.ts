import assert from "node:assert/strict";
import { CryptoRequests, ENCRYPT } from "../../../core/crypto/requests.ts";
import { SoftwareDevice } from "../libcrypto/device.ts";
import { libcrypto } from "../libcrypto/library.ts";
import { NodeDevice } from "../software/node_device.ts";
import { type BusSizes, HIFN_SIZES } from "./bus.ts";
import { HifnCard } from "./card.ts";
import type { CardEngine } from "./card_engine.ts";
import type { CardSlot } from "./card_slot.ts";
import { HifnDevice, type HifnOptions } from "./device.ts";

export const KEY = Uint8Array.from({ length: 16 }, (_, i) => 7 * i + 1), CANARY = 0xc5;
export const SHARED = 0, OWN = 1, SIZE = 1 << 18;

/** The card's rings, and the smallest. */
export const RING_SIZES: readonly (readonly [name: string, sizes: BusSizes])[] = [
  ["24 and 80", HIFN_SIZES],
  ["4", { commands: 4, segments: 4, sessions: 8 }],
];

export const cardEngine = () => libcrypto() === undefined ? new NodeDevice() : new SoftwareDevice();

/** A card in this thread: it does something when a test says so. */
export class SteppedCard {
  card: HifnCard | undefined;
  readonly #engine: () => CardEngine;

  constructor(engine: () => CardEngine = cardEngine) {
    this.#engine = engine;
  }
  readonly slot: CardSlot = (bus) => {
    const card = new HifnCard(bus, this.#engine(), () => {});
    this.card = card;
    return { map: (regions, mappings) => card.map(regions, mappings), remove: () => {} };
  };
  step(): number {
    return this.card!.step();
  }
}

/** A device with a card in this thread that does its work when it is polled, as long as it `steps`. */
export class SteppedHifn extends HifnDevice {
  steps = true;
  readonly #card: SteppedCard;

  constructor(card: SteppedCard, sizes: BusSizes, known?: HifnOptions["known"]) {
    super({ slot: card.slot, sizes, ...(known === undefined ? {} : { known }) });
    this.#card = card;
  }
  override poll(rows: Int32Array): number {
    if (this.steps) this.#card.step();
    return super.poll(rows);
  }
}

export type Piece = readonly [offset: number, length: number];
export interface Wanted {
  readonly source: readonly Piece[];
  readonly destination: readonly Piece[];
  readonly length: number;
  readonly direction?: number;
  readonly iv?: number;
  readonly region?: number;
}

/** A device with requests and two regions: one the card reaches, one it does not. */
export class HifnDesk {
  readonly requests = new CryptoRequests(64);
  readonly shared = new Uint8Array(new SharedArrayBuffer(SIZE));
  readonly own = new Uint8Array(SIZE);
  readonly device: HifnDevice;

  constructor(options: HifnOptions = {}) {
    this.device = new HifnDevice(options);
    this.requests.addRegion(this.shared);
    this.requests.addRegion(this.own);
    this.device.attach(this.requests);
  }

  open(name: string, key: Uint8Array = KEY, tagSize = 0): number {
    return this.device.open(this.device.algorithms.find((each) => each.name === name)!, key, tagSize);
  }

  /** A row filled in, not begun. */
  row({ source, destination, length, direction = ENCRYPT, iv = 9, region = SHARED }: Wanted): number {
    const { requests } = this, row = requests.take();
    requests.length[row] = length;
    requests.direction[row] = direction;
    requests.iv.fill(iv, row * 16, row * 16 + 16);
    for (const [offset, bytes] of source) assert.ok(requests.addSource(row, region, offset, bytes));
    for (const [offset, bytes] of destination) assert.ok(requests.addDestination(row, region, offset, bytes));
    return row;
  }

  /** Rows as they come, until there are `count`. */
  wait(count: number): number[] {
    const rows = new Int32Array(64), got: number[] = [];
    for (const end = performance.now() + 20_000; got.length < count;) {
      if (performance.now() > end) throw new Error(`${got.length} of ${count} requests came back`);
      got.push(...rows.subarray(0, this.device.poll(rows)));
    }
    return got;
  }

  /** Begins and waits; its result. */
  run(context: number, wanted: Wanted): number {
    const row = this.row(wanted);
    assert.ok(this.device.start(row, context));
    assert.deepEqual(this.wait(1), [row]);
    this.requests.free(row);
    return this.requests.result[row]!;
  }
}
