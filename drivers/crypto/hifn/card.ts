import { CryptoRequests } from "../../../core/crypto/requests.ts";
import type { CryptoDevice } from "../device.ts";
import { type Bus, busOf } from "./bus.ts";
import { CardCommands } from "./card_commands.ts";
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
  readonly #requests = new CryptoRequests(2);
  readonly #engine: CryptoDevice;
  readonly #memory: CardMemory;
  readonly #commands: CardCommands;
  readonly #sessions: CardSessions;
  readonly #signal: (fd: number) => void;
  #mappings = 0;

  constructor(memory: SharedArrayBuffer, engine: CryptoDevice, signal: (fd: number) => void) {
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
      if (!this.#powered || Atomics.load(words, MAPPINGS) !== this.#mappings) return;
      this.step();
      this.#sleep(bell);
    }
  }

  /** Does all there is to do; how many requests were finished. */
  step(): number {
    const { words } = this.#bus, commands = this.#commands, before = words[INTERRUPTS]!;
    if (!this.#powered) return 0;
    this.#answerReset();
    if ((words[RESET_DONE]! & 1) === 1) return 0;
    this.#sessions.sweep();
    if (Atomics.load(words, FAULT_FULL) === 0) Atomics.and(words, STATUS, ~STATUS_FULL);
    else Atomics.or(words, STATUS, STATUS_FULL);
    while (commands.waiting() && Atomics.load(words, MAPPINGS) === this.#mappings) {
      commands.fetch(0);
      const two = Atomics.load(words, FAULT_REORDER) !== 0 && commands.waiting() &&
        Atomics.load(words, MAPPINGS) === this.#mappings;
      if (two) {
        commands.fetch(1);
        if (!this.#finish(1)) break;
      }
      if (!this.#finish(0)) break;
    }
    return words[INTERRUPTS]! - before;
  }

  get #powered(): boolean {
    return Atomics.load(this.#bus.words, POWER) === 1;
  }

  /** False when a reset took the command away. */
  #finish(row: number): boolean {
    const { words } = this.#bus;
    while (Atomics.load(words, FAULT_LATE) !== 0 || Atomics.load(words, FAULT_HANG) !== 0) {
      const bell = Atomics.load(words, DOORBELL);
      if (!this.#powered || this.#answerReset()) return false;
      this.#sleep(bell);
    }
    const fails = Atomics.load(words, FAULT_ERROR) > 0 && Atomics.sub(words, FAULT_ERROR, 1) > 0;
    this.#commands.carryOut(row, fails);
    if (!this.#powered || this.#answerReset()) return false;
    this.#commands.giveBack(row);
    Atomics.add(words, INTERRUPTS, 1);
    Atomics.notify(words, INTERRUPTS);
    const event = Atomics.load(words, EVENT);
    if (event >= 0) this.#signal(event);
    return true;
  }

  #answerReset(): boolean {
    const { words } = this.#bus, wanted = Atomics.load(words, RESET);
    if (wanted === Atomics.load(words, RESET_DONE)) return false;
    this.#commands.reset();
    for (let fault = FAULT_FULL; fault <= FAULT_HANG; fault++) Atomics.store(words, fault, 0);
    Atomics.and(words, STATUS, ~STATUS_FULL);
    Atomics.store(words, RESET_DONE, wanted);
    Atomics.notify(words, RESET_DONE);
    return true;
  }

  /** Until the doorbell is another. */
  #sleep(bell: number): void {
    const { words } = this.#bus;
    for (let i = 0; i < LOOKS; i++) if (Atomics.load(words, DOORBELL) !== bell) return;
    Atomics.store(words, SLEEPS, 1);
    Atomics.wait(words, DOORBELL, bell);
    Atomics.store(words, SLEEPS, 0);
  }
}

/** Looks at the doorbell before it sleeps: few, as the driver may need this core. */
const LOOKS = 100;
