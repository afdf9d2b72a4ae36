import { CryptoRequests } from "../../../core/crypto/requests.ts";
import { type Bus, busOf } from "./bus.ts";
import type { CardEngine } from "./card_engine.ts";
import { CARD_BATCH, CardCommands } from "./card_commands.ts";
import { CardMemory } from "./card_memory.ts";
import { CardSessions } from "./card_sessions.ts";
import type { BusRegion } from "./dma.ts";
import {
  DOORBELL,
  EVENT,
  FAULT_ERROR,
  FAULT_FULL,
  FAULT_HANG,
  FAULT_LATE,
  FAULT_REORDER,
  INTERRUPTS,
  MAPPINGS,
  POWER,
  RESET,
  RESET_DONE,
  SLEEPS,
  STATUS,
  STATUS_FULL,
  STATUS_RUNS,
  WAITS,
} from "./registers.ts";

/**
 * The card.
 *
 * Overview    fetches a command with its segments and result place from the rings, has it carried out by an engine that
 *             works on the bytes where they lie, writes the result, and raises one interrupt.
 * Life-cycle  `run` goes on until memory is to be mapped; `step` does what there is to do now.
 * Ownership   its own thread. What it knows of requests it read from bus memory; it touches nothing that no valid
 *             descriptor describes.
 * Faults      test registers: FULL shows no room, LATE keeps the next completion back while it is set, REORDER finishes
 *             two waiting commands in the other order, ERROR fails that many requests, HANG never finishes one. A reset
 *             ends them all.
 */
export class HifnCard {
  readonly #bus: Bus;
  readonly #requests = new CryptoRequests(CARD_BATCH);
  readonly #engine: CardEngine;
  readonly #memory: CardMemory;
  readonly #commands: CardCommands;
  readonly #sessions: CardSessions;
  readonly #signal: (fd: number) => void;
  #mappings = 0;
  /** The last reset that was answered. */
  #reset = 0;
  #full = false;
  #interrupts = 0;
  #spins = LEAST_SPINS;

  constructor(memory: SharedArrayBuffer, engine: CardEngine, signal: (fd: number) => void) {
    const bus = busOf(memory), requests = this.#requests;
    this.#bus = bus;
    this.#engine = engine;
    this.#signal = signal;
    this.#memory = new CardMemory(bus, requests);
    this.#sessions = new CardSessions(bus, engine);
    this.#commands = new CardCommands(bus, requests, this.#memory, this.#sessions, engine);
    engine.attach(requests);
    Atomics.or(bus.words, STATUS, STATUS_RUNS);
  }

  map(regions: readonly BusRegion[], mappings: number): void {
    this.#memory.map(regions);
    this.#engine.attach(this.#requests);
    this.#mappings = mappings;
  }

  run(): void {
    const { words } = this.#bus;
    for (;;) {
      const bell = Atomics.load(words, DOORBELL);
      if (words[POWER] !== 1 || words[MAPPINGS] !== this.#mappings) return;
      this.step();
      this.#sleep(bell);
    }
  }

  /** Does all there is to do; how many requests were finished. */
  step(): number {
    const { words } = this.#bus, commands = this.#commands, before = this.#interrupts;
    // Acquires what else the driver wrote.
    if (Atomics.load(words, POWER) !== 1) return 0;
    this.#answerReset();
    if ((this.#reset & 1) === 1) return 0;
    const full = words[FAULT_FULL] !== 0;
    if (full !== this.#full) this.#showFull(full);
    for (let more = true; more;) {
      this.#sessions.sweep();
      const count = commands.fetch(this.#mappings);
      if (count === 0) break;
      more = this.#finish(count);
      Atomics.store(words, INTERRUPTS, this.#interrupts);
      if (Atomics.load(words, WAITS) === 1) this.#interrupt();
    }
    return this.#interrupts - before;
  }

  /** False when a reset took the commands away. */
  #finish(count: number): boolean {
    const { words } = this.#bus, commands = this.#commands, reorder = words[FAULT_REORDER] !== 0;
    for (let i = 0; i < count; i++) {
      const row = reorder ? count - 1 - i : i;
      if ((words[FAULT_LATE]! | words[FAULT_HANG]!) !== 0 && !this.#hold()) return false;
      const fails = words[FAULT_ERROR]! > 0 && Atomics.sub(words, FAULT_ERROR, 1) > 0;
      commands.carryOut(row, fails);
      if (words[POWER] !== 1 || this.#answerReset()) return false;
      commands.giveBack(row);
      words[INTERRUPTS] = this.#interrupts = this.#interrupts + 1 | 0;
    }
    return true;
  }

  /** Keeps completions back while a fault says so; false when a reset took the commands away. */
  #hold(): boolean {
    const { words } = this.#bus;
    if (Atomics.load(words, WAITS) === 1) this.#interrupt();
    while (Atomics.load(words, FAULT_LATE) !== 0 || Atomics.load(words, FAULT_HANG) !== 0) {
      const bell = Atomics.load(words, DOORBELL);
      if (words[POWER] !== 1 || this.#answerReset()) return false;
      this.#sleep(bell);
    }
    return true;
  }

  /** Wakes a driver that sleeps. */
  #interrupt(): void {
    const { words } = this.#bus, event = words[EVENT]!;
    if (event >= 0) this.#signal(event);
    Atomics.store(words, WAITS, 0);
    Atomics.notify(words, WAITS);
  }

  #showFull(full: boolean): void {
    this.#full = full;
    if (full) Atomics.or(this.#bus.words, STATUS, STATUS_FULL);
    else Atomics.and(this.#bus.words, STATUS, ~STATUS_FULL);
  }

  #answerReset(): boolean {
    const { words } = this.#bus, wanted = words[RESET]!;
    if (wanted === this.#reset) return false;
    this.#reset = wanted;
    this.#commands.reset();
    for (let fault = FAULT_FULL; fault <= FAULT_HANG; fault++) Atomics.store(words, fault, 0);
    this.#showFull(false);
    Atomics.store(words, RESET_DONE, wanted);
    Atomics.notify(words, RESET_DONE);
    return true;
  }

  /**
   * Until the doorbell is another. It is looked at for a time before sleeping: twice as long from the next time on where
   * that paid, half as long where it did not, as the driver may need this core.
   */
  #sleep(bell: number): void {
    const { words } = this.#bus;
    for (let i = this.#spins; i > 0; i--) {
      if (Atomics.load(words, DOORBELL) !== bell) {
        this.#spins = Math.min(MOST_SPINS, 2 * this.#spins);
        return;
      }
      Atomics.pause();
    }
    this.#spins = Math.max(LEAST_SPINS, this.#spins >> 1);
    Atomics.store(words, SLEEPS, 1);
    Atomics.wait(words, DOORBELL, bell);
    Atomics.store(words, SLEEPS, 0);
  }
}

/** Looks at the doorbell, some 40 ns each, before the card sleeps. */
const LEAST_SPINS = 64, MOST_SPINS = 2048;
