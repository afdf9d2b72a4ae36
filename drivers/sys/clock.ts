import type { Clock } from "../../core/clock.ts";
import { bytes, libc } from "./libc.ts";

const timespec = bytes(16);
const view = new DataView(timespec.buffer);

const CLOCK_MONOTONIC = 1;
const CLOCK_THREAD_CPUTIME_ID = 3;

/** Nanoseconds of a kernel clock, as a Number (exact for 104 days of uptime, then to a few ns). */
function nanoseconds(id: number): number {
  libc.clock_gettime(id, timespec);
  return view.getUint32(0, true) * 1e9 + view.getUint32(8, true);
}

/** The machine's clocks: CLOCK_MONOTONIC, which Workers share, and wall time. */
export const clock: Clock = {
  monotonic: () => nanoseconds(CLOCK_MONOTONIC) / 1e6,
  wall: () => Date.now(),
};

/** CPU nanoseconds of the calling thread. */
export const threadCpu = (): number => nanoseconds(CLOCK_THREAD_CPUTIME_ID);

/** Splits a thread's CPU time into phases. */
export class Stopwatch {
  /** Nanoseconds by phase. */
  readonly spent = new Float64Array(4);
  #phase = -1;
  #since = 0;

  /** From now on time counts for `phase`; -1: for none. */
  phase(phase: number): void {
    if (phase === this.#phase) return;
    const now = threadCpu();
    if (this.#phase >= 0) this.spent[this.#phase]! += now - this.#since;
    this.#phase = phase;
    this.#since = now;
  }
  /** All CPU time of the thread. */
  total(): number {
    return threadCpu();
  }
}
