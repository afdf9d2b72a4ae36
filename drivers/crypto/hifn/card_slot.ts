import type { BusRegion } from "./dma.ts";
import { DOORBELL, POWER } from "./registers.ts";

/** A card in its slot. What passes here besides bus memory is what a mainboard does: power and address mappings. */
export interface PluggedCard {
  /** From now on the card reaches these regions, and no others; it then knows MAPPINGS to be `mappings`. */
  map(regions: readonly BusRegion[], mappings: number): void;
  /** Pulls it out, whatever it is doing. */
  remove(): void;
}

/** Plugs a card into bus memory. */
export type CardSlot = (bus: SharedArrayBuffer) => PluggedCard;

export type CardMessage =
  | { readonly bus: SharedArrayBuffer }
  | { readonly regions: readonly BusRegion[]; readonly mappings: number };

/** A card that runs in a Worker of its own; `entry` is another module that calls `hifnCard`. */
export const workerSlot = (entry: URL = new URL("./entry.ts", import.meta.url)): CardSlot => (bus) => {
  const worker = new Worker(entry, { type: "module", name: HIFN_CARD_WORKER });
  const post = (message: CardMessage): void => worker.postMessage(message);
  // A card that dies falls silent; the watchdog finds out.
  worker.onerror = (event) => event.preventDefault();
  post({ bus });
  return {
    map: (regions, mappings) => post({ regions, mappings }),
    remove: () => {
      // A Worker that sleeps or computes lives on for up to two seconds after terminate.
      const words = new Int32Array(bus);
      Atomics.store(words, POWER, 0);
      Atomics.add(words, DOORBELL, 1);
      Atomics.notify(words, DOORBELL);
      worker.terminate();
    },
  };
};

export const HIFN_CARD_WORKER = "weir-hifn-card";
