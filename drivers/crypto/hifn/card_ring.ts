import type { Bus } from "./bus.ts";
import { JUMP, VALID } from "./registers.ts";

/** The card's side of a ring: reads descriptors in order and gives them back. */
export class CardRing {
  readonly size: number;
  /** Of the descriptor that `ready` saw. */
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

  /** Whether the next descriptor is the card's; `word` and `address` are its. */
  ready(): boolean {
    this.#jump();
    const at = this.#first + 2 * this.#next;
    this.word = Atomics.load(this.#words, at);
    this.address = this.#words[at + 1]! >>> 0;
    return (this.word & VALID) !== 0 && (this.word & JUMP) === 0;
  }

  /** Passes the descriptor without giving it back; its place. */
  pass(): number {
    const place = this.#next++;
    this.#jump();
    return place;
  }

  give(place: number): void {
    const at = this.#first + 2 * place;
    Atomics.store(this.#words, at, this.#words[at]! & ~VALID);
  }

  /** Passes a jump; one that leads anywhere but to the ring's base is none. */
  #jump(): void {
    if (this.#next !== this.size) return;
    const at = this.#first + 2 * this.size, word = Atomics.load(this.#words, at);
    if ((word & VALID) === 0 || (word & JUMP) === 0 || this.#words[at + 1] !== this.#base) return;
    this.give(this.size);
    this.#next = 0;
  }

  reset(): void {
    this.#next = 0;
  }
}
