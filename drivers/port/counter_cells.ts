import type { PortCounters } from "../../core/port.ts";

/**
 * Port counters in shared memory: the data plane counts, the main thread reads, and they outlive a Worker. Plain
 * 64-bit cells; a reader may see a batch half counted, never a torn number.
 */
export class CounterCells implements PortCounters {
  readonly #cells: Float64Array;

  constructor(memory: SharedArrayBuffer) {
    this.#cells = new Float64Array(memory, 0, 7);
  }
  get rxPackets(): number {
    return this.#cells[0]!;
  }
  set rxPackets(value: number) {
    this.#cells[0] = value;
  }
  get rxBytes(): number {
    return this.#cells[1]!;
  }
  set rxBytes(value: number) {
    this.#cells[1] = value;
  }
  get rxDropped(): number {
    return this.#cells[2]!;
  }
  set rxDropped(value: number) {
    this.#cells[2] = value;
  }
  get txPackets(): number {
    return this.#cells[3]!;
  }
  set txPackets(value: number) {
    this.#cells[3] = value;
  }
  get txBytes(): number {
    return this.#cells[4]!;
  }
  set txBytes(value: number) {
    this.#cells[4] = value;
  }
  get txDropped(): number {
    return this.#cells[5]!;
  }
  set txDropped(value: number) {
    this.#cells[5] = value;
  }
  get errors(): number {
    return this.#cells[6]!;
  }
  set errors(value: number) {
    this.#cells[6] = value;
  }
}

/** Shared memory of a port: seven counters, then the words a driver keeps over the death of a Worker. */
export const portState = (): SharedArrayBuffer => new SharedArrayBuffer(64 + 16);
/** The driver's own words behind the counters. */
export const driverWords = (state: SharedArrayBuffer): Int32Array => new Int32Array(state, 64, 4);
