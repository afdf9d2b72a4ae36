/**
 * Small numbers for names: ports and interfaces keep theirs over reloads.
 *
 * Life-cycle  `of` gives a name the lowest free number; `release` frees it.
 * Limits      from `first` to `last`; beyond it `of` throws, which the checks of the configuration rule out.
 *             Names `kept` have the first numbers for good.
 */
export class Numbers {
  readonly #numbers = new Map<string, number>();
  readonly #first: number;
  readonly #last: number;
  readonly #kept: readonly string[];

  constructor(first: number, last: number, kept: readonly string[] = []) {
    this.#first = first;
    this.#last = last;
    this.#kept = kept;
    for (const name of kept) this.of(name);
  }

  of(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    const taken = new Set(this.#numbers.values());
    for (let number = this.#first; number <= this.#last; number++) {
      if (taken.has(number)) continue;
      this.#numbers.set(name, number);
      return number;
    }
    throw new Error(`no number is left for ${name}: ${this.#last - this.#first + 1} are in use`);
  }

  get(name: string): number | undefined {
    return this.#numbers.get(name);
  }

  nameOf(number: number): string | undefined {
    for (const [name, taken] of this.#numbers) if (taken === number) return name;
    return undefined;
  }

  release(name: string): void {
    this.#numbers.delete(name);
  }

  /** Exactly these names: those that stay keep their numbers. The result takes it back. */
  become(names: ReadonlySet<string>): () => void {
    const before = [...this.#numbers];
    for (const [name] of before) {
      if (!names.has(name) && !this.#kept.includes(name)) this.#numbers.delete(name);
    }
    for (const name of names) this.of(name);
    return () => {
      this.#numbers.clear();
      for (const [name, number] of before) this.#numbers.set(name, number);
    };
  }
}

/**
 * `iif` indices of interfaces and ports of bridges. Like the kernel's, 1 is the loopback device: no packet of the wires
 * comes from it or leaves by it, but rules may say `iif lo`.
 */
export const interfaceNumbers = (): Numbers => new Numbers(1, 250, ["lo"]);
