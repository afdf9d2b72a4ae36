import type { Bus } from "./bus.ts";
import { JUMP, VALID } from "./registers.ts";

/**
 * The card's side of a ring: reads descriptors in order and gives them back. The driver makes a command valid last, so
 * `ready` of its ring acquires, and with a command the other rings are read and given back as plain words; the result
 * that is given back releases them all.
 */
export class CardRing {
  readonly size: number;
  /** Of the descriptor that was seen last. */
  word = 0;
  address = 0;
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

  /** Whether the next descriptor is the card's; `word` and `address` are its, and all behind it are there. */
  ready(): boolean {
    if (this.#next === this.size) this.#jump();
    return Atomics.load(this.#words, this.#first + 2 * this.#next) < 0 && this.valid();
  }

  /** The same of a ring whose descriptors a command brought. */
  valid(): boolean {
    if (this.#next === this.size) this.#jump();
    const words = this.#words, at = this.#first + 2 * this.#next;
    this.word = words[at]!;
    this.address = words[at + 1]! >>> 0;
    return (this.word & (VALID | JUMP)) === VALID;
  }

  /** Passes the descriptor without giving it back; its place. */
  pass(): number {
    const place = this.#next++;
    if (this.#next === this.size) this.#jump();
    return place;
  }

  /** Passes it and gives it back. */
  take(): void {
    const at = this.#first + 2 * this.#next++;
    this.#words[at] = this.word & ~VALID;
    if (this.#next === this.size) this.#jump();
  }

  /** Gives a passed one back, and with it all that was written before. */
  release(place: number): void {
    const at = this.#first + 2 * place;
    Atomics.store(this.#words, at, this.#words[at]! & ~VALID);
  }

  /** Passes a jump; one that leads anywhere but to the ring's base is none. */
  #jump(): void {
    const at = this.#first + 2 * this.size, word = Atomics.load(this.#words, at);
    if ((word & VALID) === 0 || (word & JUMP) === 0 || this.#words[at + 1] !== this.#base) return;
    this.#words[at] = word & ~VALID;
    this.#next = 0;
  }

  reset(): void {
    this.#next = 0;
  }
}
