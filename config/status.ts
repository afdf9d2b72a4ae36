import type { PortCounters } from "../core/port.ts";

/** What the data plane says of itself: plain data, read from shared cells, never asked for. */
export interface StatusSnapshot {
  /** Generation of the plan that packets go by now. */
  readonly generation: number;
  /** Seconds since the data plane started. */
  readonly uptime: number;
  readonly ports: readonly PortStatus[];
  readonly interfaces: readonly InterfaceStatus[];
  /** Loop turns that found packets, and the packets they found and forwarded. */
  readonly batches: number;
  readonly packets: number;
  readonly forwarded: number;
  readonly flows: { readonly count: number; readonly max: number };
  /** CPU nanoseconds of the data plane's thread: all, and of them by stage where it is measured. */
  readonly cpu: CpuNanoseconds;
  /** Dropped packets by reason. */
  readonly drops: Readonly<Record<string, number>>;
}

export interface PortStatus extends PortCounters {
  readonly name: string;
  /** Its network device; empty for a port without one. */
  readonly device: string;
  readonly up: boolean;
}

export interface InterfaceStatus {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly ports: readonly string[];
}

export interface CpuNanoseconds {
  readonly total: number;
  readonly receive: number;
  readonly process: number;
  readonly transmit: number;
}

/** What `weir status --json` and `/api/v1/status` print. */
export interface RouterStatus extends StatusSnapshot {
  readonly hostname: string;
  readonly version: string;
  /** Path of the configuration, and what the last reload said of it when it was refused. */
  readonly config: { readonly path: string; readonly loaded: string; readonly error: string };
}
