import type { Bus } from "./bus.ts";
import { JUMP, LAST, VALID } from "./registers.ts";

/**
 * The driver's side of a ring.
 *
 * Overview    descriptors are written in order and belong to the card from then on; how many are the card's is counted
 *             here. Behind the last lies the jump to the first, made valid before the last one is: the card passes it
 *             together with that one, so that a full ring never finds it invalid.
 * Ownership   one thread. `put` publishes with a release, after what it points at.
 */
export class DriverRing {
  readonly size: number;
  /** Descriptors the card has. */
  used = 0;
  readonly #words: Int32Array;
  readonly #base: number;
  readonly #first: number;
  #next = 0;

  constructor({ words }: Bus, register: number) {
    this.#words = words;
    this.#base = words[register]!;
    this.#first = this.#base >> 2;
    this.size = words[register + 1]!;
  }

  get room(): number {
    return this.size - this.used;
  }

  /** Place of the descriptor that is written next. */
  get next(): number {
    return this.#next;
  }

  /** The caller knows that there is room. */
  put(address: number, lengthAndFlags: number): void {
    const words = this.#words, at = this.#first + 2 * this.#next, end = this.#first + 2 * this.size;
    if (this.#next === this.size - 1) {
      words[end + 1] = this.#base;
      Atomics.store(words, end, VALID | JUMP | LAST);
    }
    words[at + 1] = address;
    Atomics.store(words, at, VALID | lengthAndFlags);
    this.#next = this.#next === this.size - 1 ? 0 : this.#next + 1;
    this.used++;
  }

  /** Whether the card gave this one back. */
  isBack(place: number): boolean {
    return Atomics.load(this.#words, this.#first + 2 * place) >= 0;
  }

  /** The oldest `count` are free again. */
  release(count: number): void {
    this.used -= count;
  }

  /** While the card stands still. */
  clear(): void {
    this.#words.fill(0, this.#first, this.#first + 2 * this.size + 2);
    this.#next = this.used = 0;
  }
}
