import { INFINITE_LIFETIME } from "./nd_options.ts";

/**
 * Things learned for a time: default routers, on-link prefixes, DNS servers. A short list by key.
 *
 * Limits      `most` entries; what comes when it is full is refused, so that a flood of advertisements cannot push
 *             out what is in use.
 */
export class Lifetimes<T> {
  readonly #entries = new Map<string, { value: T; until: number }>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  /**
   * Learns or renews until a monotonic time in milliseconds (Infinity: for ever). An end that moves by less than a
   * second is `same`, so that a flood of advertisements makes others busy once a second at most.
   */
  renew(key: string, value: T, until: number): "added" | "renewed" | "same" | "refused" {
    const known = this.#entries.get(key);
    if (known !== undefined) {
      if (until === known.until || Math.abs(until - known.until) < 1000) return "same";
      known.until = until;
      return "renewed";
    }
    if (this.#entries.size >= this.#most) return "refused";
    this.#entries.set(key, { value, until });
    return "added";
  }

  /** Takes an entry out; undefined when there was none. */
  remove(key: string): T | undefined {
    const known = this.#entries.get(key);
    this.#entries.delete(key);
    return known?.value;
  }

  /** Takes out what is over. */
  expire(now: number): T[] {
    const over: T[] = [];
    for (const [key, entry] of this.#entries) {
      if (entry.until > now) continue;
      this.#entries.delete(key);
      over.push(entry.value);
    }
    return over;
  }

  values(): T[] {
    return [...this.#entries.values()].map((entry) => entry.value);
  }

  get size(): number {
    return this.#entries.size;
  }

  /** When the next entry is over; Infinity when none ever is. */
  get due(): number {
    let due = Infinity;
    for (const entry of this.#entries.values()) due = Math.min(due, entry.until);
    return due;
  }
}

/** Monotonic milliseconds at which a lifetime in seconds ends. */
export const after = (now: number, seconds: number): number =>
  seconds === INFINITE_LIFETIME ? Infinity : now + seconds * 1000;
