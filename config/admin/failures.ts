import type { Clock } from "../../core/clock.ts";

/**
 * Failed logins by address.
 *
 * Overview    an address may fail `MOST` times a minute; then it waits until its oldest failure is a minute old, with
 *             the right token too: guessing does not go on behind the refusals.
 * Limits      1024 addresses; the one that failed longest ago is forgotten first.
 */
export class Failures {
  readonly #clock: Clock;
  readonly #times = new Map<string, number[]>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Seconds until the address may try again; 0: now. */
  wait(address: string): number {
    const recent = this.#recent(address);
    if (recent.length < MOST) return 0;
    return Math.max(1, Math.ceil((recent[0]! + WINDOW - this.#clock.monotonic()) / 1000));
  }

  failed(address: string): void {
    const recent = this.#recent(address);
    recent.push(this.#clock.monotonic());
    // moved behind the others: the map's order is that of the latest failure
    this.#times.delete(address);
    this.#times.set(address, recent);
    if (this.#times.size > ADDRESSES) this.#times.delete(this.#times.keys().next().value!);
  }

  #recent(address: string): number[] {
    const since = this.#clock.monotonic() - WINDOW;
    return (this.#times.get(address) ?? []).filter((time) => time > since);
  }
}

const MOST = 5, WINDOW = 60_000, ADDRESSES = 1024;
