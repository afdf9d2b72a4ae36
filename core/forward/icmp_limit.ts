import type { Random } from "../random.ts";

/**
 * Rate limit of ICMP errors (RFC 1812 4.3.2.8, RFC 4443 2.4 f), the kernel's two stages.
 *
 * Overview    a global bucket (icmp_msgs_per_sec, icmp_msgs_burst) and one bucket a destination that holds six
 *             messages and gains one each `interval` (inet_peer_xrlim_allow). Only what both allow is sent.
 * Ownership   the data-plane thread.
 * Limits      1024 destinations, one a slot: a newcomer takes the slot over with a full bucket. The slot is chosen
 *             by a seeded hash, and the global bucket bounds what chosen addresses can gain.
 */
export class IcmpLimit {
  readonly #interval: number;
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #seed: number;
  #credit: number;
  #stamp = 0;
  readonly #key = new Uint32Array(SLOTS * 4);
  readonly #tokens = new Float64Array(SLOTS);
  readonly #last = new Float64Array(SLOTS).fill(-1);

  /** `interval` in milliseconds between errors to one destination; 0: no limit by destination. */
  constructor(random: Random, interval: number, perSecond = 1000, burst = 50) {
    this.#interval = interval;
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#credit = burst;
    this.#seed = random.u32();
  }

  /** Whether one more error may go to the address at `words[lane]` now (monotonic milliseconds). */
  allow(words: Uint32Array, lane: number, now: number): boolean {
    const gained = (now - this.#stamp) * this.#perSecond / 1000;
    this.#credit = Math.min(this.#burst, this.#credit + gained);
    this.#stamp = now;
    if (this.#credit < 1) return false;
    if (!this.#destination(words, lane, now)) return false;
    this.#credit--;
    return true;
  }

  #destination(words: Uint32Array, lane: number, now: number): boolean {
    if (this.#interval === 0) return true;
    let hash = this.#seed;
    for (let w = 0; w < 4; w++) {
      hash = Math.imul(hash ^ words[lane + w]!, 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    const slot = hash & (SLOTS - 1), at = slot * 4, key = this.#key, most = BURST_FACTOR * this.#interval;
    let tokens = this.#tokens[slot]! + now - this.#last[slot]!;
    if (
      this.#last[slot]! < 0 || key[at] !== words[lane] || key[at + 1] !== words[lane + 1] ||
      key[at + 2] !== words[lane + 2] || key[at + 3] !== words[lane + 3]
    ) {
      for (let w = 0; w < 4; w++) key[at + w] = words[lane + w]!;
      tokens = most;
    }
    this.#last[slot] = now;
    if (tokens > most) tokens = most;
    const allowed = tokens >= this.#interval;
    this.#tokens[slot] = allowed ? tokens - this.#interval : tokens;
    return allowed;
  }
}

const SLOTS = 1024;
/** XRLIM_BURST_FACTOR. */
const BURST_FACTOR = 6;
