/**
 * Collects instruction words. Addresses not known yet are holes: of the next rule (filled by `endRule`) and of
 * chains (filled by `link`).
 */
export class Emitter {
  readonly words: number[] = [];
  readonly numbers: number[] = [];
  #nextHoles: number[] = [];
  readonly #chainHoles: { at: number; chain: string }[] = [];

  get address(): number {
    return this.words.length;
  }

  emit(...words: readonly (number | typeof NEXT)[]): void {
    for (const word of words) {
      if (word === NEXT) {
        this.#nextHoles.push(this.words.length);
        this.words.push(0);
      } else this.words.push(word | 0);
    }
  }

  /** A hole for a chain's first instruction; `chain` is a name unique over tables. */
  emitChain(chain: string): void {
    this.#chainHoles.push({ at: this.words.length, chain });
    this.words.push(0);
  }

  /** Index of the first of these constants. */
  constants(...numbers: readonly number[]): number {
    return this.numbers.push(...numbers) - numbers.length;
  }

  endRule(): void {
    for (const at of this.#nextHoles) this.words[at] = this.words.length;
    this.#nextHoles = [];
  }

  link(entry: (chain: string) => number): void {
    for (const { at, chain } of this.#chainHoles) this.words[at] = entry(chain);
  }
}

/** Stands for the address of the next rule. */
export const NEXT = Symbol("next rule");
