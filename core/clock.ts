/** Time as the data plane sees it. Read once a batch; passed in, so that `simulate` can run in virtual time. */
export interface Clock {
  /** Monotonic milliseconds (fractional), for timeouts, limits, neighbours. Never steps. */
  monotonic(): number;
  /** Wall-clock milliseconds since 1970 UTC, for `meta time` and logs. May step. */
  wall(): number;
}

/** A clock that stands still until it is told to move: tests and `weir simulate`. */
export class VirtualClock implements Clock {
  #now: number;
  readonly #epoch: number;

  constructor(now = 0, epoch = 0) {
    this.#now = now;
    this.#epoch = epoch;
  }
  monotonic(): number {
    return this.#now;
  }
  wall(): number {
    return this.#epoch + this.#now;
  }
  /** Moves on by `milliseconds`; never back. */
  advance(milliseconds: number): void {
    if (milliseconds > 0) this.#now += milliseconds;
  }
  /** Moves to the monotonic time `milliseconds` when that lies ahead. */
  advanceTo(milliseconds: number): void {
    if (milliseconds > this.#now) this.#now = milliseconds;
  }
}
