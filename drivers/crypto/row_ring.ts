/** Rows in the order they came, at most `capacity` of them. */
export class RowRing {
  length = 0;
  readonly #rows: Int32Array;
  #at = 0;

  constructor(capacity: number) {
    this.#rows = new Int32Array(Math.max(1, capacity));
  }

  /** The caller knows that there is room. */
  push(row: number): void {
    this.#rows[(this.#at + this.length++) % this.#rows.length] = row;
  }

  /** The oldest; the caller knows that there is one. */
  get first(): number {
    return this.#rows[this.#at]!;
  }

  shift(): number {
    const row = this.#rows[this.#at]!;
    this.#at = (this.#at + 1) % this.#rows.length;
    this.length--;
    return row;
  }
}
