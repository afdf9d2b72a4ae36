import type { PacketBatch } from "./packet/batch.ts";

/**
 * A port: where packets come in and go out. Drivers implement it; the data plane knows nothing else of them.
 *
 * Ownership   bytes of received rows belong to the port and stay valid until `release`. Rows handed to
 *             `transmit` are read before it returns; nothing is kept.
 * Failure     no method throws for what the outside does: a port that is down receives 0 and transmits 0.
 */
export interface Port {
  /** Name from the configuration, at most 15 bytes. */
  readonly name: string;
  /** `ethernet`: frames with a 14-byte header (a VLAN tag is in the metadata); `ip`: bare IPv4/IPv6 packets. */
  readonly link: "ethernet" | "ip";
  readonly counters: PortCounters;
  /** True when it takes super-packets and partial checksums; otherwise they are finished in software before. */
  readonly offload?: boolean;
  /** Whether frames can pass now (carrier and administratively up). */
  readonly up: boolean;
  /**
   * Called once by the data plane, before the first `receive`: the port registers its memory with
   * `batch.addRegion` and remembers the batch's regions for sending. Only this batch is used with it then.
   */
  attach(batch: PacketBatch): void;
  /**
   * Appends up to `limit` rows to the batch: region, start, end, vlan, offload columns. The caller sets inPort.
   * Returns how many rows were appended. Never blocks.
   */
  receive(batch: PacketBatch, limit: number): number;
  /** Sends rows[0..count) in order. Returns how many were taken; the rest is back-pressure, counted as dropped. */
  transmit(batch: PacketBatch, rows: Uint16Array, count: number): number;
  /** End of the batch: buffers of received rows return to the driver. */
  release(): void;
  close(): void;
}

/** Plain cells: one writer (the data plane), read by anybody. Units: packets and bytes. */
export interface PortCounters {
  rxPackets: number;
  rxBytes: number;
  rxDropped: number;
  txPackets: number;
  txBytes: number;
  /** Frames refused by the device or lost to back-pressure. */
  txDropped: number;
  /** Frames the driver itself judged malformed. */
  errors: number;
}

export const portCounters = (): PortCounters => ({
  rxPackets: 0,
  rxBytes: 0,
  rxDropped: 0,
  txPackets: 0,
  txBytes: 0,
  txDropped: 0,
  errors: 0,
});
