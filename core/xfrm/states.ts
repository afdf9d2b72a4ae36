import type { CryptoEngine } from "../crypto/engine.ts";
import { type Address, formatAddress } from "../packet/address.ts";
import type { Random } from "../random.ts";
import { transformOf } from "./algorithms.ts";
import { XfrmError } from "./error.ts";
import { SMALLEST_SPI } from "./esp.ts";
import { MOST_WINDOW } from "./replay.ts";
import { type InterfaceIndex, sameAddress } from "./selector.ts";
import {
  ADDED,
  BYTES,
  DEAD,
  EXPIRED,
  type Limits,
  NUMBERS,
  PACKETS,
  State,
  type StateOptions,
  USED,
  VALID,
} from "./state.ts";

/**
 * Security associations.
 *
 * Overview    states by number, and an index by SPI and destination for packets that come (xfrm_state_lookup). Only
 *             ESP: the protocol is no part of the key.
 * Life-cycle  add -> (soft limit told) -> expired by a limit or the end of its sequence numbers, or deleted -> dead,
 *             out of the index -> its session closed and its number free when nothing of it is under way.
 * Ownership   the data-plane thread.
 * Limits      `capacity` states. A number may be another state's after it was freed: rows kept longer than a batch that
 *             name it in their secpath may then mean that one.
 */
export class States {
  readonly capacity: number;
  readonly #rows: (State | undefined)[];
  readonly #free: number[] = [];
  readonly #heads: Int32Array;
  readonly #next: Int32Array;
  readonly #environment: StatesEnvironment;
  /** Those in the database. */
  count = 0;
  /** Moves on with every change to what a template may find. */
  generation = 0;

  constructor(environment: StatesEnvironment, capacity = MOST_STATES) {
    this.capacity = capacity;
    this.#environment = environment;
    this.#rows = new Array<State | undefined>(capacity).fill(undefined);
    this.#heads = new Int32Array(BUCKETS).fill(-1);
    this.#next = new Int32Array(capacity).fill(-1);
    for (let row = capacity - 1; row >= 0; row--) this.#free.push(row);
  }

  /**
   * Adds a state; `now` in monotonic milliseconds.
   * @throws XfrmError, CryptoError for what is wrong with it; then nothing has changed.
   */
  add(options: StateOptions, now: number): State {
    checkState(options);
    if (this.find(options) !== undefined) {
      throw new XfrmError(
        `there is a state for ${formatAddress(options.destination)} spi ${hex(options.spi)}`,
      );
    }
    const row = this.#free.pop();
    if (row === undefined) throw new XfrmError(`there are ${this.capacity} states already`);
    try {
      const { engine, random, interfaceIndex } = this.#environment;
      const transform = transformOf(options.algorithms, options.flags?.includes("esn") ?? false);
      const session = engine.open(transform.algorithm, transform.key, {
        tagSize: transform.icvSize,
        user: `esp ${formatAddress(options.destination)} ${hex(options.spi)}`,
      });
      const numbers = this.#environment.numbers?.subarray(row * NUMBERS, (row + 1) * NUMBERS);
      const state = new State(row, options, transform, session, interfaceIndex ?? (() => 0), numbers);
      state.ivSalt.set(options.ivSalt ?? [random.u32(), random.u32()]);
      state.identification = random.u32() & 0xffff;
      state.lives[ADDED] = now;
      this.#rows[row] = state;
      const bucket = bucketOf(state.destination, 0, state.options.spi);
      this.#next[row] = this.#heads[bucket]!;
      this.#heads[bucket] = row;
      this.generation++;
      this.count++;
      this.#environment.onChange?.(state, "add");
      return state;
    } catch (error) {
      this.#free.push(row);
      throw error;
    }
  }

  /**
   * Gives a state other limits, encapsulation and selector (xfrm_state_update): keys and sequence numbers stay.
   * @throws XfrmError where there is none.
   */
  update(options: StateOptions): State {
    const state = this.find(options);
    if (state === undefined) {
      throw new XfrmError(
        `there is no state for ${formatAddress(options.destination)} spi ${hex(options.spi)}`,
      );
    }
    const { limits, encapsulation } = options;
    const { limits: _limits, encapsulation: _encapsulation, ...rest } = state.options;
    state.options = {
      ...rest,
      ...(limits === undefined ? {} : { limits }),
      ...(encapsulation === undefined ? {} : { encapsulation }),
    };
    state.dying = false;
    this.generation++;
    this.#environment.onChange?.(state, "update");
    return state;
  }

  /** The state with this destination, SPI and mark. */
  find(id: Pick<StateOptions, "destination" | "spi" | "mark">): State | undefined {
    return this.all().find((state) =>
      state.options.spi === id.spi && sameAddress(state.options.destination, id.destination) &&
      (state.options.mark?.value ?? 0) === (id.mark?.value ?? 0) &&
      (state.options.mark?.mask ?? 0) === (id.mark?.mask ?? 0)
    );
  }

  /** The state a packet with this SPI, destination and mark belongs to; undefined when there is none. */
  lookup(spi: number, family: number, words: Uint32Array, lane: number, mark: number): State | undefined {
    for (let row = this.#heads[bucketOf(words, lane, spi)]!; row >= 0; row = this.#next[row]!) {
      const state = this.#rows[row]!, own = state.options.mark, { destination } = state;
      if (
        state.options.spi === spi && state.family === family && destination[0] === words[lane] &&
        destination[1] === words[lane + 1] && destination[2] === words[lane + 2] &&
        destination[3] === words[lane + 3] &&
        (own === undefined || ((mark & own.mask) >>> 0) === own.value)
      ) return state;
    }
    return undefined;
  }

  /** The state with this number, dead ones too while something of them is under way. */
  at(row: number): State | undefined {
    return this.#rows[row];
  }

  /** Those in the database, oldest number first. */
  all(): State[] {
    return this.#rows.filter((state) => state !== undefined && state.condition !== DEAD) as State[];
  }

  /** Takes a state out; packets of it that are under way come out still. */
  delete(state: State): void {
    if (state.condition === DEAD) return;
    if (state.condition === VALID) this.#environment.onChange?.(state, "delete");
    state.condition = DEAD;
    this.generation++;
    this.count--;
    const bucket = bucketOf(state.destination, 0, state.options.spi);
    let row = this.#heads[bucket]!;
    if (row === state.row) this.#heads[bucket] = this.#next[row]!;
    else {
      while (this.#next[row] !== state.row) row = this.#next[row]!;
      this.#next[row] = this.#next[state.row]!;
    }
    this.settle(state);
  }

  /** Frees a dead state that nothing is under way of. */
  settle(state: State): void {
    if (state.condition !== DEAD || state.inFlight !== 0 || this.#rows[state.row] !== state) return;
    this.#environment.engine.close(state.session);
    this.#rows[state.row] = undefined;
    this.#free.unshift(state.row);
  }

  /** A state that may be used now; what its use so far has exceeded is told (xfrm_state_check_expire). */
  alive(state: State, now: number): boolean {
    const { lives, options } = state, limits = options.limits;
    if (lives[USED] === 0) lives[USED] = now || 1;
    if (limits === undefined) return true;
    const bytes = lives[BYTES]!, packets = lives[PACKETS]!;
    if (bytes >= (limits.byteHard ?? Infinity) || packets >= (limits.packetHard ?? Infinity)) {
      this.expire(state, "hard");
      return false;
    }
    if (
      !state.dying && (bytes >= (limits.byteSoft ?? Infinity) || packets >= (limits.packetSoft ?? Infinity))
    ) this.#soft(state);
    return true;
  }

  /** Ends a state; it is deleted by the next `tick`. */
  expire(state: State, reason: "hard" | "sequence"): void {
    if (state.condition !== VALID) return;
    state.condition = EXPIRED;
    this.generation++;
    this.#environment.onChange?.(state, reason);
  }

  #soft(state: State): void {
    state.dying = true;
    this.generation++;
    this.#environment.onChange?.(state, "soft");
  }

  /** Interfaces came or went. */
  bind(index: InterfaceIndex): void {
    for (const state of this.all()) state.selector?.bind(index);
  }

  /** Once a second or so: limits in time, and the end of what expired. */
  tick(now: number): void {
    for (const state of this.all()) {
      const { limits } = state.options;
      if (limits !== undefined && state.condition === VALID) {
        if (overTime(state, limits.timeHard, limits.timeUseHard, now)) this.expire(state, "hard");
        else if (!state.dying && overTime(state, limits.timeSoft, limits.timeUseSoft, now)) this.#soft(state);
      }
      if (state.condition === EXPIRED) this.delete(state);
    }
  }
}

export const MOST_STATES = 1024;

export type StateChange = "add" | "update" | "delete" | "soft" | "hard" | "sequence";

export interface StatesEnvironment {
  readonly engine: CryptoEngine;
  /** For ivs that must not be foreseen: a cryptographic generator. */
  readonly random: Random;
  readonly interfaceIndex?: InterfaceIndex;
  /** NUMBERS words a state, where they shall outlive this thread. */
  readonly numbers?: Uint32Array;
  /** A state came, changed or went; `soft`, `hard`: a limit was reached; `sequence`: its last number was used. */
  readonly onChange?: (state: State, change: StateChange) => void;
}

function overTime(
  state: State,
  added: Limits["timeHard"],
  used: Limits["timeUseHard"],
  now: number,
): boolean {
  const { lives } = state;
  return now - lives[ADDED]! >= (added ?? Infinity) * 1000 ||
    (lives[USED] !== 0 && now - lives[USED]! >= (used ?? Infinity) * 1000);
}

/** @throws XfrmError for what no state can be, algorithms aside. */
export function checkState(options: StateOptions): void {
  const { source, destination, spi, encapsulation } = options, window = options.replayWindow ?? 0;
  if (source.family !== destination.family) {
    throw new XfrmError("source and destination are of two families", "dst");
  }
  if (!Number.isInteger(spi) || spi < SMALLEST_SPI || spi > 0xffffffff) {
    throw new XfrmError(`an SPI is ${hex(SMALLEST_SPI)}..0xffffffff, not ${hex(spi)} (RFC 4303 2.1)`, "spi");
  }
  if (destination.words.every((word) => word === 0)) {
    throw new XfrmError("the destination is no address", "dst");
  }
  if (!Number.isInteger(window) || window < 0 || window > MOST_WINDOW) {
    throw new XfrmError(`a replay window has 0..${MOST_WINDOW} numbers, not ${window}`, "replay-window");
  }
  if (window === 0 && options.flags?.includes("esn")) {
    throw new XfrmError("extended sequence numbers need a replay window", "flag");
  }
  if (
    encapsulation !== undefined && !(port(encapsulation.sourcePort) && port(encapsulation.destinationPort))
  ) {
    throw new XfrmError("ports of an encapsulation are 1..65535", "encap", 2);
  }
}

const port = (n: number): boolean => Number.isInteger(n) && n > 0 && n < 65536;

const hex = (n: number): string => `0x${n.toString(16).padStart(8, "0")}`;

function bucketOf(words: Uint32Array | Address["words"], lane: number, spi: number): number {
  const mixed = spi ^ words[lane]! ^ words[lane + 1]! ^ words[lane + 2]! ^ words[lane + 3]!;
  return Math.imul(mixed, 0x9e3779b1) >>> (32 - BUCKET_BITS);
}

const BUCKET_BITS = 10;
const BUCKETS = 1 << BUCKET_BITS;
