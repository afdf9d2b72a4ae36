import { type CryptoEngine, NOTICE_DONE } from "../crypto/engine.ts";
import type { PacketBatch } from "../packet/batch.ts";
import { ENTRY_PREROUTING, TRANSFORMED, VERDICT_DROP, VERDICT_STOLEN } from "../packet/columns.ts";
import { PARSE_OK, parseIp } from "../packet/parse.ts";
import type { PacketPool } from "../packet/pool.ts";
import type { Random } from "../random.ts";
import { Gather } from "./gather.ts";
import { EspInput } from "./input.ts";
import { JOB_IN, JOB_NONE, JOB_OUT, Jobs } from "./jobs.ts";
import { type Order, ORDER_GONE, ORDER_WAITS } from "./order.ts";
import { EspOutput } from "./output.ts";
import type { State } from "./state.ts";
import type { States } from "./states.ts";
import { IN_HEADER_ERROR, XfrmStatistics } from "./statistics.ts";

/**
 * ESP between the pipeline and a crypto engine.
 *
 * Overview    rows go in by `output` and `input`; `complete` takes the engine's notices; `release` puts finished
 *             packets into a batch: ESP packets to enter at the output hook, inner ones at prerouting, parsed.
 * Order       packets of a state leave in the order they came, in each direction (order.ts). Between states there is none.
 * Ownership   the data-plane thread. Finished packets are slabs until `release` hands them to a batch.
 * Limits      what the engine, the pool and 512 packets a state and direction take; the rest is dropped and counted.
 */
export class EspLayer {
  readonly statistics: XfrmStatistics;
  readonly #engine: CryptoEngine;
  readonly #states: States;
  readonly #jobs: Jobs;
  readonly #gather: Gather;
  readonly #output: EspOutput;
  readonly #input: EspInput;
  /** Finished slabs, a ring: each is in it once at most, so it never overflows. */
  readonly #finished: Int32Array;
  #head = 0;
  #count = 0;
  /** The state an ESP packet's slab goes through next. */
  readonly #then: (State | undefined)[];

  constructor(options: EspOptions) {
    const { engine, pool, states, random } = options;
    this.statistics = options.statistics ?? new XfrmStatistics();
    this.#engine = engine;
    this.#states = states;
    this.#jobs = new Jobs(engine, pool);
    this.#gather = new Gather(pool);
    this.#output = new EspOutput(this.#jobs, states, this.statistics, random);
    this.#input = new EspInput(this.#jobs, states, this.statistics);
    this.#finished = new Int32Array(pool.columns.capacity);
    this.#then = new Array<State | undefined>(pool.columns.capacity).fill(undefined);
  }

  /**
   * Sends a row through a state, and what comes out of it through `second`. The row's verdict is STOLEN, or DROP where it
   * was refused and counted.
   */
  output(batch: PacketBatch, row: number, state: State, second?: State): boolean {
    const taken = this.#send(
      batch,
      row,
      batch.bytes(row),
      batch.words[batch.region[row]!],
      state,
      second,
      batch.now,
    );
    batch.verdict[row] = taken ? VERDICT_STOLEN : VERDICT_DROP;
    return taken;
  }

  #send(
    from: Parameters<EspOutput["send"]>[0],
    row: number,
    bytes: Uint8Array,
    words: Uint32Array | undefined,
    state: State,
    second: State | undefined,
    now: number,
  ): boolean {
    const made = this.#output.send(from, row, bytes, words, state, now);
    if (made >= 0) this.#then[made] = second;
    return made >= 0;
  }

  /** Takes a row that is ESP, or UDP with ESP behind, for this router. Verdicts as of `output`. */
  input(batch: PacketBatch, row: number): boolean {
    const taken = this.#input.receive(batch, row, batch.now);
    batch.verdict[row] = taken ? VERDICT_STOLEN : VERDICT_DROP;
    return taken;
  }

  /** Polls the engine and takes its notices; true when packets wait for `release`. */
  complete(now: number): boolean {
    this.#engine.poll();
    for (let notice = this.#engine.next(); notice >= 0; notice = this.#engine.next()) this.take(notice, now);
    return this.#count > 0;
  }

  /** Takes one notice, where another reads them; false when it is of a request that is not ESP's. */
  take(notice: number, now: number): boolean {
    const job = notice >>> 1, kind = this.#jobs.kind[job]!;
    if (kind === JOB_NONE) return false;
    if ((notice & 1) !== NOTICE_DONE) return true;
    // A state is kept until nothing is under way
    const state = this.#states.at(this.#jobs.state[job]!)!, slot = this.#jobs.slot[job]!;
    const order = kind === JOB_IN ? state.inOrder : state.outOrder;
    order.settle(slot, kind === JOB_IN ? this.#input.finish(job, state) : this.#output.finish(job, state));
    this.#drain(order, kind === JOB_OUT, now);
    this.#states.settle(state);
    return true;
  }

  #drain(order: Order, made: boolean, now: number): void {
    for (let outcome = order.next(); outcome !== ORDER_WAITS; outcome = order.next()) {
      if (outcome === ORDER_GONE) continue;
      const then = made ? this.#then[outcome] : undefined;
      if (then === undefined) {
        this.#finished[(this.#head + this.#count++) % this.#finished.length] = outcome;
        continue;
      }
      const { pool } = this.#jobs;
      this.#then[outcome] = undefined;
      this.#send(pool.columns, outcome, pool.bytes, pool.words, then, undefined, now);
      pool.free(outcome);
    }
  }

  /** Packets with the engine. */
  get inFlight(): number {
    return this.#jobs.inFlight;
  }

  /** Finished packets that wait. */
  get waiting(): number {
    return this.#count;
  }

  /** Takes the first of the finished slabs, or a super-packet of several. */
  #next(): number {
    const ring = this.#finished, together = this.#gather.together(ring, this.#head, this.#count);
    const joined = together > 1 ? this.#gather.join(ring, this.#head, together) : -1;
    const slab = joined < 0 ? ring[this.#head]! : joined, taken = joined < 0 ? 1 : together;
    this.#head = (this.#head + taken) % ring.length;
    this.#count -= taken;
    return slab;
  }

  /** Appends finished packets to the batch, `most` and as many as there is room for; how many. */
  release(batch: PacketBatch, most = Infinity): number {
    let released = 0;
    for (; this.#count > 0 && released < most && batch.count < batch.capacity; released++) {
      const row = this.#jobs.pool.restore(this.#next(), batch);
      if (batch.entry[row] !== ENTRY_PREROUTING) batch.transform[row] = TRANSFORMED;
      else if (parseIp(batch, row) !== PARSE_OK) {
        this.statistics.count(IN_HEADER_ERROR);
        batch.verdict[row] = VERDICT_DROP;
      }
    }
    return released;
  }
}

export interface EspOptions {
  readonly engine: CryptoEngine;
  readonly pool: PacketPool;
  readonly states: States;
  /** For ivs that must not be foreseen: a cryptographic generator. */
  readonly random: Random;
  readonly statistics?: XfrmStatistics;
}
