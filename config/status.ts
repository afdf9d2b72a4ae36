import type { PortCounters } from "../core/port.ts";

/** What `weir status --json` and `/api/v1/status` print: plain data. */
export interface RouterStatus {
  readonly hostname: string;
  readonly version: string;
  /** Path of the configuration, when it was taken on, and why the last reload was refused (empty: it was not). */
  readonly config: { readonly path: string; readonly loaded: string; readonly error: string };
  /** Generation of the plan that packets go by now. */
  readonly generation: number;
  /** Seconds since the router started. */
  readonly uptime: number;
  readonly ports: readonly PortStatus[];
  readonly interfaces: readonly InterfaceStatus[];
  /** Loop turns that found packets, and the packets they found and forwarded. */
  readonly batches: number;
  readonly packets: number;
  readonly forwarded: number;
  readonly flows: { readonly count: number; readonly max: number };
  /** CPU nanoseconds of the data plane's thread: all, and of them by stage where it is measured. */
  readonly cpu: {
    readonly total: number;
    readonly receive: number;
    readonly process: number;
    readonly transmit: number;
  };
  /** Dropped packets by reason. */
  readonly drops: Readonly<Record<string, number>>;
  /** How often the data plane died within the last minute; why it forwards nothing any more (empty: it does). */
  readonly deaths: number;
  readonly failed: string;
}

export interface PortStatus extends PortCounters {
  readonly name: string;
  readonly kind: string;
  /** Its network device. */
  readonly device: string;
  readonly up: boolean;
}

export interface InterfaceStatus {
  readonly name: string;
  readonly ports: readonly string[];
  readonly addresses: readonly string[];
}
