import type { Clock } from "../../core/clock.ts";
import { BUSY, FULL, IN_PROGRESS, type Submitted } from "../../core/crypto/engine.ts";
import {
  type CryptoRequests,
  ETIMEDOUT,
  REQUEST_BACKLOGGED,
  REQUEST_DONE,
  REQUEST_IN_PROGRESS,
} from "../../core/crypto/requests.ts";
import { AlignedCopies } from "./aligned.ts";
import type { CryptoDevice, OfferedAlgorithm } from "./device.ts";
import { bytesIn, bytesOut } from "./libcrypto/context.ts";
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
 *             it had in work is answered with -ETIMEDOUT: in place its source may be gone, and nobody knows what a dead
 *             device still writes. What waited goes on. A device that cannot be reset is `gone`: what waits was never
 *             begun, so it is offered to `rescue`, and answered like the rest where nobody takes it.
 * Alignment   what does not begin where the algorithm wants it is copied (`aligned.ts`) and counted.
 * Ownership   the thread that submits. State is kept by row, never by session.
 * Limits      as many rows as there are requests.
 */
export class DeviceQueue {
  readonly device: CryptoDevice;
  readonly counters: QueueCounters = queueCounters();
  /** Bytes below which software is quicker than this device; see `threshold.ts`. */
  threshold = 0;
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
  readonly #rescue: (row: number) => boolean;
  readonly #copies: AlignedCopies;
  /** By context: algorithm and bytes of tag of those that want alignment. */
  readonly #particular: (Particular | undefined)[] = [];
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
    this.#rescue = options.rescue ?? (() => false);
    this.#copies = new AlignedCopies(requests);
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

  /** Opens a key at the device. @throws CryptoError as the device does. */
  open(algorithm: OfferedAlgorithm, key: Uint8Array, tagSize: number): number {
    const context = this.device.open(algorithm, key, tagSize);
    this.#particular[context] = algorithm.alignment > 1 ? { algorithm, tagSize } : undefined;
    return context;
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
      this.#copies.giveBack(row, false);
      return FULL;
    }
    counters.submitted++;
    return IN_PROGRESS;
  }

  #begin(row: number): boolean {
    const { device } = this;
    const context = this.#context[row]!, particular = this.#particular[context];
    if (this.gone || (particular !== undefined && !this.#align(row, particular))) return false;
    if (!device.start(row, context)) return false;
    // Only a device at rest has had no look at the clock lately.
    if (device.outstanding === 1) this.#now = this.#clock.monotonic();
    this.#since[row] = this.#now;
    this.#begun[row] = 1;
    return true;
  }

  /** False when all copies are in use. */
  #align(row: number, { algorithm, tagSize }: Particular): boolean {
    const requests = this.#requests, copies = this.#copies;
    if (copies.fits(row, algorithm.alignment)) return true;
    this.counters.copied++;
    return copies.take(
      row,
      bytesIn(algorithm, requests, row, tagSize),
      bytesOut(algorithm, requests, row, tagSize),
    );
  }

  /** A row that waited for a device that is gone waits here from now on, as it did there. */
  adopt(row: number, context: number): void {
    const { counters } = this, inBacklog = this.#requests.state[row] === REQUEST_BACKLOGGED;
    this.#context[row] = context;
    (inBacklog ? this.#backlog : this.#waiting).push(row);
    counters.submitted++;
    counters.deepest = Math.max(counters.deepest, this.#waiting.length);
    counters.backlogMost = Math.max(counters.backlogMost, this.#backlog.length);
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
    if (this.#particular[this.#context[row]!] !== undefined) {
      this.#copies.giveBack(row, this.#requests.result[row] === 0);
    }
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
    if (this.gone) this.#abandon();
  }

  /** The device is gone: what waits for it goes elsewhere, first what was queued, then what was in the backlog. */
  #abandon(): void {
    while (this.#waiting.length > 0) this.#leave(this.#waiting.shift());
    while (this.#backlog.length > 0) this.#leave(this.#backlog.shift());
  }

  #leave(row: number): void {
    this.#copies.giveBack(row, false);
    if (this.#rescue(row)) return;
    if (this.#requests.state[row] === REQUEST_BACKLOGGED) {
      this.#requests.state[row] = REQUEST_IN_PROGRESS;
      this.#notices.inProgress(row);
    }
    this.#answer(row, ETIMEDOUT);
  }
}

export interface QueueOptions {
  readonly clock: Clock;
  /** Rows that wait for the device; the HIFN driver had 1, later 23. */
  readonly limit?: number;
  /** Milliseconds a device may have a request before it is reset. */
  readonly patience?: number;
  /** Offered what waited for a device that is gone; true: it is somebody else's now. */
  readonly rescue?: (row: number) => boolean;
}

interface Particular {
  readonly algorithm: OfferedAlgorithm;
  readonly tagSize: number;
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
  /** Copied, as their segments began at other places than the device wants. */
  copied: number;
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
  copied: 0,
  deepest: 0,
  backlogMost: 0,
});

const QUEUE_LIMIT = 23;
const PATIENCE = 1000;
const LOOKS = 8;
