/**
 * Stations of a bridge: which port a MAC address was last seen on, by VLAN.
 *
 * Overview    open addressing with linear probing in columns; at most half full, so probes stay short. The hash is
 *             seeded, so that nobody outside can choose addresses that collide.
 * Life-cycle  learned -> refreshed by every frame -> ignored once older than the ageing time -> swept.
 * Ownership   the data-plane thread.
 * Limits      `capacity` stations. A full table learns no one new (frames to them are flooded) until some age.
 *
 * A key is two words: VLAN << 16 | first two bytes, and the other four bytes.
 */
export class StationTable {
  readonly capacity: number;
  /** Stations in the table, aged ones that are not swept yet included. */
  count = 0;
  readonly #mask: number;
  readonly #seed: number;
  readonly #high: Uint32Array;
  readonly #low: Uint32Array;
  readonly #port: Uint8Array;
  readonly #seen: Float64Array;
  #sweepAt = 0;

  constructor(capacity: number, seed: number) {
    this.capacity = capacity;
    let slots = 16;
    while (slots < capacity * 2) slots *= 2;
    this.#mask = slots - 1;
    this.#seed = seed;
    this.#high = new Uint32Array(slots);
    this.#low = new Uint32Array(slots);
    this.#port = new Uint8Array(slots).fill(FREE);
    this.#seen = new Float64Array(slots);
  }

  /** Port of a station seen after `oldest` (tenths of a second, as all times here), -1 when unknown. */
  find(high: number, low: number, oldest: number): number {
    const slot = this.#slot(high, low);
    return this.#port[slot] === FREE || this.#seen[slot]! <= oldest ? -1 : this.#port[slot]!;
  }

  /** Notes that a station was seen on a port now: STATION_*. */
  learn(high: number, low: number, port: number, now: number, oldest: number): number {
    const slot = this.#slot(high, low), known = this.#port[slot]!;
    if (known === FREE) {
      if (this.count === this.capacity) return STATION_REFUSED;
      this.count++;
      this.#high[slot] = high;
      this.#low[slot] = low;
      this.#port[slot] = port;
      this.#seen[slot] = now;
      return STATION_NEW;
    }
    const aged = this.#seen[slot]! <= oldest;
    this.#seen[slot] = now;
    this.#port[slot] = port;
    return aged ? STATION_NEW : known === port ? STATION_KNOWN : STATION_MOVED;
  }

  /** Forgets the stations of a port. */
  forgetPort(port: number): void {
    for (let slot = 0; slot <= this.#mask;) {
      if (this.#port[slot] === port) this.#remove(slot);
      else slot++;
    }
  }

  /** Removes aged stations from the next `slots` slots; calls in turn come round the whole table. */
  sweep(slots: number, oldest: number): void {
    for (let i = 0; i < slots; i++) {
      const slot = this.#sweepAt;
      // A removal may pull a later station into this slot: look at it again.
      if (this.#port[slot] !== FREE && this.#seen[slot]! <= oldest) this.#remove(slot);
      else this.#sweepAt = (slot + 1) & this.#mask;
    }
  }

  get slots(): number {
    return this.#mask + 1;
  }

  /** Every station seen after `oldest`, for listings. */
  stations(oldest: number): Station[] {
    const all: Station[] = [];
    for (let slot = 0; slot <= this.#mask; slot++) {
      if (this.#port[slot] === FREE || this.#seen[slot]! <= oldest) continue;
      const high = this.#high[slot]!, low = this.#low[slot]!;
      all.push({
        mac: [high >>> 8 & 255, high & 255, low >>> 24, low >>> 16 & 255, low >>> 8 & 255, low & 255],
        vlan: high >>> 16,
        port: this.#port[slot]!,
        seen: this.#seen[slot]!,
      });
    }
    return all;
  }

  /** The slot that holds the key, or the free one where it would go. */
  #slot(high: number, low: number): number {
    let slot = this.#home(high, low);
    while (this.#port[slot] !== FREE && (this.#low[slot] !== low || this.#high[slot] !== high)) {
      slot = (slot + 1) & this.#mask;
    }
    return slot;
  }

  #home(high: number, low: number): number {
    let x = Math.imul(low ^ this.#seed, 0x9e3779b1) ^ Math.imul(high + this.#seed, 0x85ebca77);
    x = Math.imul(x ^ (x >>> 15), 0x2c1b3c6d);
    return (x ^ (x >>> 13)) & this.#mask;
  }

  /** Empties a slot and moves later stations of the probe run into the gap (Knuth 6.4, algorithm R). */
  #remove(slot: number): void {
    this.count--;
    let gap = slot, at = slot;
    for (;;) {
      at = (at + 1) & this.#mask;
      if (this.#port[at] === FREE) break;
      const home = this.#home(this.#high[at]!, this.#low[at]!);
      if (((at - home) & this.#mask) < ((at - gap) & this.#mask)) continue;
      this.#high[gap] = this.#high[at]!;
      this.#low[gap] = this.#low[at]!;
      this.#port[gap] = this.#port[at]!;
      this.#seen[gap] = this.#seen[at]!;
      gap = at;
    }
    this.#port[gap] = FREE;
  }
}

export interface Station {
  readonly mac: readonly number[];
  /** 0: untagged. */
  readonly vlan: number;
  readonly port: number;
  /** Monotonic milliseconds. */
  readonly seen: number;
}

export const STATION_KNOWN = 0;
export const STATION_NEW = 1;
export const STATION_MOVED = 2;
/** The table is full. */
export const STATION_REFUSED = 3;

/** No port has number 255 (NO_PORT). */
const FREE = 255;
