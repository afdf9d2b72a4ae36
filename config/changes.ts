/**
 * Changes that can be taken back.
 *
 * Overview    `make` does something and remembers its inverse; `undo` runs the inverses, latest first.
 * Life-cycle  one for each reload. After `keep` nothing is taken back any more; what was put off with `later` (what
 *             has no inverse) is done then.
 * Failure     an inverse that fails is reported and the others still run: as much as can be is as it was.
 */
export class Changes {
  #inverses: (() => void)[] = [];
  #later: (() => void)[] = [];
  readonly #failed: (error: unknown) => void;

  constructor(failed: (error: unknown) => void) {
    this.#failed = failed;
  }

  make(change: () => void, inverse: () => void): void {
    change();
    this.#inverses.push(inverse);
  }

  /** For a change whose inverse comes with it. */
  made(inverse: () => void): void {
    this.#inverses.push(inverse);
  }

  later(change: () => void): void {
    this.#later.push(change);
  }

  keep(): void {
    this.#inverses = [];
    this.#run(this.#later);
    this.#later = [];
  }

  undo(): void {
    this.#run(this.#inverses.toReversed());
    this.#inverses = [];
    this.#later = [];
  }

  #run(changes: readonly (() => void)[]): void {
    for (const change of changes) {
      try {
        change();
      } catch (error) {
        this.#failed(error);
      }
    }
  }
}
