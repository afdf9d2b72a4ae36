import type { Random } from "../../core/random.ts";

/** The kernel's generator, for ivs and salts that must not be foreseen: asked for WORDS at a time. */
export class KernelRandom implements Random {
  readonly #words = new Uint32Array(WORDS);
  #next = WORDS;

  u32(): number {
    if (this.#next === WORDS) {
      crypto.getRandomValues(this.#words);
      this.#next = 0;
    }
    const word = this.#words[this.#next]!;
    this.#words[this.#next++] = 0;
    return word;
  }
}

const WORDS = 4096;
