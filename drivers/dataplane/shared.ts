import { DROP_REASONS } from "../../core/forward/drops.ts";

/**
 * Memory the data plane shares with the control plane. Plain cells with one writer each; they outlive a
 * data-plane Worker that dies.
 */
export interface SharedState {
  /** Int32: CONTROL_* words. */
  readonly control: SharedArrayBuffer;
  /** Float64: STATUS_* cells, then one a drop reason. */
  readonly status: SharedArrayBuffer;
  /** Flow table. */
  readonly flowTable: SharedArrayBuffer;
  /** Sequence numbers of IPsec states. */
  readonly sequences: SharedArrayBuffer;
  /** Stateful objects' cells. */
  readonly cells: SharedArrayBuffer;
  /** Command ring and answer ring. */
  readonly commands: SharedArrayBuffer;
  readonly answers: SharedArrayBuffer;
}

/** Not 0: leave the loop and close the ports. Written by the control plane. */
export const CONTROL_STOP = 0;
/** Number of messages posted to the Worker; it leaves its loop to take them. Written by the control plane. */
export const CONTROL_POSTED = 1;
/** Not 0: somebody listens to trace events. Written by the control plane. */
export const CONTROL_TRACE = 2;
export const CONTROL_WORDS = 8;

export const STATUS_GENERATION = 0;
/** Turns that received something, and packets received. */
export const STATUS_BATCHES = 1;
export const STATUS_PACKETS = 2;
export const STATUS_FORWARDED = 3;
export const STATUS_FLOWS = 4;
/** CPU nanoseconds of the data plane's thread, all told. */
export const STATUS_CPU = 5;
/** Of them in receive, process and transmit; 0 unless measuring was asked for. */
export const STATUS_CPU_RECEIVE = 6;
export const STATUS_CPU_PROCESS = 7;
export const STATUS_CPU_TRANSMIT = 8;
/** Monotonic milliseconds of the last turn: a data plane that lives moves it at least once a second. */
export const STATUS_HEARTBEAT = 9;
/** Answers and log lines lost because nobody read the answer ring. */
export const STATUS_LOST_LINES = 10;
/** Free slabs of the packet pool. */
export const STATUS_POOL = 11;
/** Trace events lost for the same reason. */
export const STATUS_LOST_TRACES = 12;
export const STATUS_DROPS = 16;
export const STATUS_CELLS = STATUS_DROPS + DROP_REASONS.length;

/** Drop counters within the status cells. */
export const dropCells = (status: SharedArrayBuffer): Float64Array =>
  new Float64Array(status, STATUS_DROPS * 8, DROP_REASONS.length);
