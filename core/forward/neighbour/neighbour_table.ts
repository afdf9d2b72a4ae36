import type { Random } from "../../random.ts";
import {
  GC_STALE_TIME,
  GC_THRESHOLD,
  NUD_FAILED,
  NUD_IN_TIMER,
  NUD_INCOMPLETE,
  NUD_NOARP,
  NUD_NONE,
  NUD_PERMANENT,
  NUD_STALE,
  NUD_VALID,
  UNICAST_PROBES,
} from "./neighbour_state.ts";

/**
 * Rows of the neighbour cache.
 *
 * Overview    columns and a chained hash over (interface, family, address), keyed by a random seed. Behind the
 *             cache's own rows lie a ring of rows for multicast destinations, whose link-layer address is computed,
 *             and one for broadcast: they are written anew on every use and valid until the end of the batch.
 * Limits      rows without a link-layer address may fill half of the table only (RFC 6583: a scan of a prefix must
 *             not push out those who answered). A full table gives up a row nobody used in this batch: failed, long
 *             unanswered, or stale and idle; it looks at SWEEP rows only, so that a flood costs a bounded time.
 */
export class NeighbourTable {
  readonly capacity: number;
  readonly state: Uint8Array;
  /** Six bytes a row, ring and broadcast rows included. */
  readonly macs: Uint8Array;
  readonly interface: Uint8Array;
  readonly family: Uint8Array;
  /** Four words a row. */
  readonly address: Uint32Array;
  /** 1: sent an advertisement as a router. */
  readonly router: Uint8Array;
  readonly probes: Uint8Array;
  /** Milliseconds: last sent to, last proof of reachability, last change, next timer (Infinity: none). */
  readonly used: Float64Array;
  readonly confirmed: Float64Array;
  readonly updated: Float64Array;
  readonly timer: Float64Array;
  /** Time of the last lookup: such a row is not given up while its batch lives. */
  readonly touched: Float64Array;
  /** One past the highest row ever in use. */
  high = 0;
  count = 0;
  /** Rows in use without a link-layer address. */
  unresolved = 0;
  readonly #heads: Int32Array;
  readonly #next: Int32Array;
  readonly #free: Int32Array;
  #freeCount = 0;
  #hand = 0;
  #ring = 0;
  readonly #seed: number;

  constructor(capacity: number, random: Random) {
    this.capacity = capacity;
    const all = capacity + RING + 1;
    this.state = new Uint8Array(all);
    this.macs = new Uint8Array(all * 6);
    this.interface = new Uint8Array(capacity);
    this.family = new Uint8Array(capacity);
    this.address = new Uint32Array(capacity * 4);
    this.router = new Uint8Array(capacity);
    this.probes = new Uint8Array(capacity);
    this.used = new Float64Array(capacity);
    this.confirmed = new Float64Array(capacity);
    this.updated = new Float64Array(capacity);
    this.timer = new Float64Array(capacity).fill(Infinity);
    this.touched = new Float64Array(capacity);
    let buckets = 16;
    while (buckets < capacity) buckets *= 2;
    this.#heads = new Int32Array(buckets).fill(-1);
    this.#next = new Int32Array(capacity).fill(-1);
    this.#free = new Int32Array(capacity);
    for (let i = capacity - 1; i >= 0; i--) this.#free[this.#freeCount++] = i;
    this.#seed = random.u32();
    this.state.fill(NUD_NOARP, capacity);
    this.macs.fill(255, 6 * (all - 1));
  }

  /** Row that sends to ff:ff:ff:ff:ff:ff. */
  get broadcast(): number {
    return this.capacity + RING;
  }

  /** Row that sends to the group's link-layer address (RFC 1112 6.4, RFC 2464 section 7). */
  multicast(family: number, words: Uint32Array, lane: number): number {
    const row = this.capacity + this.#ring;
    this.#ring = (this.#ring + 1) % RING;
    const at = row * 6, macs = this.macs;
    if (family === 4) {
      const word = words[lane]!;
      macs[at] = 0x01;
      macs[at + 1] = 0x00;
      macs[at + 2] = 0x5e;
      macs[at + 3] = (word >>> 16) & 0x7f;
      macs[at + 4] = word >>> 8;
      macs[at + 5] = word;
    } else {
      const word = words[lane + 3]!;
      macs[at] = macs[at + 1] = 0x33;
      macs[at + 2] = word >>> 24;
      macs[at + 3] = word >>> 16;
      macs[at + 4] = word >>> 8;
      macs[at + 5] = word;
    }
    return row;
  }

  #bucket(interfaceIndex: number, family: number, words: Uint32Array, lane: number): number {
    let h = Math.imul(this.#seed ^ words[lane]!, 0x9e3779b1) ^ (interfaceIndex << 8) ^ family;
    h = Math.imul((h ^ (h >>> 15)) ^ words[lane + 1]!, 0x85ebca77);
    h = Math.imul((h ^ (h >>> 13)) ^ words[lane + 2]!, 0xc2b2ae3d);
    h = Math.imul((h ^ (h >>> 16)) ^ words[lane + 3]!, 0x27d4eb2f);
    return (h ^ (h >>> 15)) & (this.#heads.length - 1);
  }

  /** Row of the neighbour, -1 when unknown. */
  find(interfaceIndex: number, family: number, words: Uint32Array, lane: number): number {
    const address = this.address;
    for (
      let row = this.#heads[this.#bucket(interfaceIndex, family, words, lane)]!;
      row >= 0;
      row = this.#next[row]!
    ) {
      const at = row * 4;
      if (
        address[at + 3] === words[lane + 3] && address[at] === words[lane] &&
        address[at + 1] === words[lane + 1] && address[at + 2] === words[lane + 2] &&
        this.interface[row] === interfaceIndex && this.family[row] === family
      ) return row;
    }
    return -1;
  }

  /**
   * A new row in state NONE; -1 when there is no room. `resolved`: the caller gives it a link-layer address at
   * once. `giveUp` is told of the row that makes room, before it goes.
   */
  create(
    interfaceIndex: number,
    family: number,
    words: Uint32Array,
    lane: number,
    now: number,
    resolved: boolean,
    giveUp: (row: number) => void,
  ): number {
    const crowded = !resolved && this.unresolved >= this.capacity >>> 1;
    if (crowded || this.#freeCount === 0) {
      const victim = this.#sweep(now, crowded);
      if (victim < 0) return -1;
      giveUp(victim);
      this.remove(victim);
    }
    const row = this.#free[--this.#freeCount]!;
    if (row >= this.high) this.high = row + 1;
    this.count++;
    this.unresolved++;
    this.state[row] = NUD_NONE;
    this.interface[row] = interfaceIndex;
    this.family[row] = family;
    for (let i = 0; i < 4; i++) this.address[row * 4 + i] = words[lane + i]!;
    this.macs.fill(0, row * 6, row * 6 + 6);
    this.router[row] = this.probes[row] = 0;
    this.used[row] =
      this.confirmed[row] =
      this.updated[row] =
      this.touched[row] =
        now;
    this.timer[row] = Infinity;
    const bucket = this.#bucket(interfaceIndex, family, words, lane);
    this.#next[row] = this.#heads[bucket]!;
    this.#heads[bucket] = row;
    return row;
  }

  /** Frees a row in use. */
  remove(row: number): void {
    const bucket = this.#bucket(this.interface[row]!, this.family[row]!, this.address, row * 4);
    const next = this.#next[row]!;
    if (this.#heads[bucket] === row) this.#heads[bucket] = next;
    else {
      let before = this.#heads[bucket]!;
      while (this.#next[before] !== row) before = this.#next[before]!;
      this.#next[before] = next;
    }
    this.setState(row, NUD_NONE);
    this.unresolved--;
    this.count--;
    this.family[row] = 0;
    this.timer[row] = Infinity;
    this.#free[this.#freeCount++] = row;
  }

  /** Whether the row holds a neighbour. */
  inUse(row: number): boolean {
    return this.family[row] !== 0;
  }

  setState(row: number, state: number): void {
    const before = (this.state[row]! & NUD_VALID) === 0, after = (state & NUD_VALID) === 0;
    if (before !== after) this.unresolved += after ? 1 : -1;
    this.state[row] = state;
  }

  /** neigh_periodic_work: nothing while the table is small; then failed ones and idle stale ones. */
  isGarbage(row: number, now: number): boolean {
    const state = this.state[row]!;
    if (this.count < GC_THRESHOLD || this.touched[row]! >= now) return false;
    if ((state & (NUD_PERMANENT | NUD_IN_TIMER)) !== 0) return false;
    if (state === NUD_FAILED) return true;
    return now > Math.max(this.used[row]!, this.confirmed[row]!) + GC_STALE_TIME;
  }

  #sweep(now: number, unresolvedOnly: boolean): number {
    for (let looked = 0; looked < SWEEP; looked++) {
      const row = this.#hand;
      this.#hand = (row + 1) % this.capacity;
      if (!this.inUse(row) || this.touched[row]! >= now) continue;
      const state = this.state[row]!;
      if (state === NUD_NONE || state === NUD_FAILED) return row;
      if (state === NUD_INCOMPLETE && this.probes[row]! >= UNICAST_PROBES + 2) return row;
      if (state === NUD_STALE && !unresolvedOnly && now - this.used[row]! > IDLE) return row;
    }
    return -1;
  }
}

/** More multicast lookups than a batch can make. */
const RING = 1024;
/** Rows looked at to find one to give up. */
const SWEEP = 32;
/** Milliseconds a stale row must be unused to be given up (the kernel's forced collection). */
const IDLE = 5000;
