import { NOTICE_DONE, NOTICE_IN_PROGRESS } from "../../core/crypto/engine.ts";
import { RowRing } from "./row_ring.ts";

/**
 * What owners of requests are told, in the order it happened. A row has at most two notices at once, so that room for
 * twice the rows is enough.
 */
export class Notices {
  readonly #ring: RowRing;

  constructor(rows: number) {
    this.#ring = new RowRing(2 * rows);
  }

  get waiting(): boolean {
    return this.#ring.length > 0;
  }

  inProgress(row: number): void {
    this.#ring.push(row * 2 + NOTICE_IN_PROGRESS);
  }

  done(row: number): void {
    this.#ring.push(row * 2 + NOTICE_DONE);
  }

  /** `row * 2 + kind`, or -1. */
  next(): number {
    return this.#ring.length === 0 ? -1 : this.#ring.shift();
  }
}
