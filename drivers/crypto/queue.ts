import type { Clock } from "../../core/clock.ts";
import { BUSY, FULL, IN_PROGRESS, type Submitted } from "../../core/crypto/engine.ts";
import {
  type CryptoRequests,
  ETIMEDOUT,
  REQUEST_BACKLOGGED,
  REQUEST_DONE,
  REQUEST_IN_PROGRESS,
} from "../../core/crypto/requests.ts";
import type { CryptoDevice } from "./device.ts";
import type { Notices } from "./notices.ts";
import { RowRing } from "./row_ring.ts";

/**
 * The queue before one device.
 *
 * Overview    a request that the device has room for goes there at once; others wait in a queue of `limit` rows, and
 *             where that is full in the backlog, if their owner may wait. Rows leave the queue in their order; with each
 *             one that leaves, the first of the backlog takes a place in the queue, and its owner is told IN_PROGRESS
 *             before the next row is begun.
 * Life-cycle  submit -> [backlog -> queue ->] device -> DONE; `poll` moves them on.
 * Watchdog    a device that has had one request for longer than `patience`, whatever others it finishes, is reset; what
 *             it had in work is answered with -ETIMEDOUT, what waited goes on. A device that cannot be reset is `gone`: all that waits is answered.
 * Ownership   the thread that submits. State is kept by row, never by session.
 * Limits      as many rows as there are requests.
 */
export class DeviceQueue {
  readonly device: CryptoDevice;
  readonly counters: QueueCounters = queueCounters();
  gone = false;
  readonly #requests: CryptoRequests;
  readonly #notices: Notices;
  readonly #clock: Clock;
  readonly #limit: number;
  readonly #patience: number;
  readonly #waiting: RowRing;
  readonly #backlog: RowRing;
  /** Context of each row at this device. */
  readonly #context: Int32Array;
  /** Rows the device has in work. */
  readonly #begun: Uint8Array;
  readonly #done: Int32Array;
  /** Milliseconds at which each of them was begun: the time of the last look at the clock. */
  readonly #since: Float64Array;
  #now = 0;
  /** When rows are looked at next. */
  #look = 0;

  constructor(device: CryptoDevice, requests: CryptoRequests, notices: Notices, options: QueueOptions) {
    this.device = device;
    this.#requests = requests;
    this.#notices = notices;
    this.#clock = options.clock;
    this.#limit = options.limit ?? QUEUE_LIMIT;
    this.#patience = options.patience ?? PATIENCE;
    const { capacity } = requests;
    this.#waiting = new RowRing(capacity);
    this.#backlog = new RowRing(capacity);
    this.#context = new Int32Array(capacity);
    this.#begun = new Uint8Array(capacity);
    this.#since = new Float64Array(capacity);
    this.#done = new Int32Array(Math.max(1, capacity));
    device.attach(requests);
  }

  /** Rows that wait, without those in the device's work. */
  get depth(): number {
    return this.#waiting.length + this.#backlog.length;
  }

  submit(row: number, context: number, mayWait: boolean): Submitted {
    const { counters } = this;
    this.#context[row] = context;
    if (this.#waiting.length === 0 && this.#begin(row)) {
      this.#requests.state[row] = REQUEST_IN_PROGRESS;
    } else if (this.#waiting.length < this.#limit) {
      this.#requests.state[row] = REQUEST_IN_PROGRESS;
      this.#waiting.push(row);
      if (this.#waiting.length > counters.deepest) counters.deepest = this.#waiting.length;
    } else if (mayWait) {
      this.#requests.state[row] = REQUEST_BACKLOGGED;
      this.#backlog.push(row);
      counters.backlogged++;
      if (this.#backlog.length > counters.backlogMost) counters.backlogMost = this.#backlog.length;
      counters.submitted++;
      return BUSY;
    } else {
      counters.full++;
      return FULL;
    }
    counters.submitted++;
    return IN_PROGRESS;
  }

  #begin(row: number): boolean {
    const { device } = this;
    if (this.gone || !device.start(row, this.#context[row]!)) return false;
    // Only a device at rest has had no look at the clock lately.
    if (device.outstanding === 1) this.#now = this.#clock.monotonic();
    this.#since[row] = this.#now;
    this.#begun[row] = 1;
    return true;
  }

  /** Takes in what is done, begins what waits, looks at the time. */
  poll(): void {
    const { device } = this;
    if (device.outstanding > 0) {
      const count = device.poll(this.#done);
      for (let i = 0; i < count; i++) this.#finish(this.#done[i]!);
      this.#now = this.#clock.monotonic();
      if (this.#now >= this.#look && device.outstanding > 0) this.#watch();
    }
    while (this.#waiting.length > 0 && this.#begin(this.#waiting.first)) {
      this.#waiting.shift();
      this.#admit();
    }
  }

  /** The first of the backlog takes the place that became free. */
  #admit(): void {
    if (this.#backlog.length === 0 || this.#waiting.length >= this.#limit) return;
    const row = this.#backlog.shift();
    this.#waiting.push(row);
    this.#requests.state[row] = REQUEST_IN_PROGRESS;
    this.#notices.inProgress(row);
  }

  #finish(row: number): void {
    const { counters } = this;
    this.#begun[row] = 0;
    counters.done++;
    if (this.#requests.result[row] !== 0) counters.errors++;
    this.#requests.state[row] = REQUEST_DONE;
    this.#notices.done(row);
  }

  #answer(row: number, result: number): void {
    this.#requests.result[row] = result;
    this.#finish(row);
  }

  /** Looks at all rows, a few times within `patience`; the device is reset for one it has had too long. */
  #watch(): void {
    this.#look = this.#now + this.#patience / LOOKS;
    const since = this.#now - this.#patience;
    for (let row = 0; row < this.#begun.length; row++) {
      if (this.#begun[row] === 1 && this.#since[row]! < since) return this.#reset();
    }
  }

  #reset(): void {
    this.counters.resets++;
    this.gone = !this.device.reset();
    for (let row = 0; row < this.#begun.length; row++) {
      if (this.#begun[row] === 1) this.#answer(row, ETIMEDOUT);
    }
    if (!this.gone) return;
    while (this.depth > 0) {
      if (this.#waiting.length > 0) this.#answer(this.#waiting.shift(), ETIMEDOUT);
      this.#admit();
    }
  }
}

export interface QueueOptions {
  readonly clock: Clock;
  /** Rows that wait for the device; the HIFN driver had 1, later 23. */
  readonly limit?: number;
  /** Milliseconds a device may have a request before it is reset. */
  readonly patience?: number;
}

/** Plain cells: one writer. */
export interface QueueCounters {
  submitted: number;
  done: number;
  /** Of those done: with a result that is no 0. */
  errors: number;
  backlogged: number;
  /** Refused, as their owners could not wait. */
  full: number;
  resets: number;
  /** Most rows that waited at once, in the queue and in the backlog. */
  deepest: number;
  backlogMost: number;
}

const queueCounters = (): QueueCounters => ({
  submitted: 0,
  done: 0,
  errors: 0,
  backlogged: 0,
  full: 0,
  resets: 0,
  deepest: 0,
  backlogMost: 0,
});

const QUEUE_LIMIT = 23;
const PATIENCE = 1000;
const LOOKS = 8;
