import type { PacketBatch } from "../packet/batch.ts";
import { VERDICT_DROP } from "../packet/columns.ts";

/**
 * Why packets ended here. One cell a reason in a Float64Array that others may read (one writer: the data plane).
 * The names are those `weir status` and `/metrics` print.
 */
export const DROP_REASONS = [
  "truncated",
  "bad-length",
  "bad-checksum",
  "bad-version",
  "unknown-ethertype",
  "otherhost",
  "no-interface",
  "vlan-unknown",
  "bridge",
  "martian-source",
  "martian-destination",
  "no-route",
  "prohibited",
  "ttl-exceeded",
  "too-big",
  "rule",
  "policy",
  "conntrack",
  "nat",
  "fragment",
  "neighbour",
  "no-local-port",
  "back-pressure",
  "not-forwarded",
  "loop",
  "interface-down",
  "ipsec",
] as const;

export type DropReason = (typeof DROP_REASONS)[number];

export const DROP_TRUNCATED = 0;
export const DROP_LENGTH = 1;
export const DROP_CHECKSUM = 2;
export const DROP_VERSION = 3;
export const DROP_ETHERTYPE = 4;
export const DROP_OTHERHOST = 5;
export const DROP_NO_INTERFACE = 6;
export const DROP_VLAN = 7;
export const DROP_BRIDGE = 8;
export const DROP_MARTIAN_SOURCE = 9;
export const DROP_MARTIAN_DESTINATION = 10;
export const DROP_NO_ROUTE = 11;
export const DROP_PROHIBITED = 12;
export const DROP_TTL = 13;
export const DROP_TOO_BIG = 14;
export const DROP_RULE = 15;
export const DROP_POLICY = 16;
export const DROP_CONNTRACK = 17;
export const DROP_NAT = 18;
export const DROP_FRAGMENT = 19;
export const DROP_NEIGHBOUR = 20;
export const DROP_NO_LOCAL = 21;
export const DROP_BACK_PRESSURE = 22;
export const DROP_NOT_FORWARDED = 23;
export const DROP_LOOP = 24;
export const DROP_INTERFACE_DOWN = 25;
export const DROP_IPSEC = 26;

/** Counts drops by reason and marks rows. */
export class Drops {
  readonly cells: Float64Array;

  constructor(cells: Float64Array = new Float64Array(DROP_REASONS.length)) {
    this.cells = cells;
  }
  count(reason: number): void {
    this.cells[reason]! += 1;
  }
  /** The row goes no further. */
  drop(batch: PacketBatch, row: number, reason: number): void {
    batch.verdict[row] = VERDICT_DROP;
    this.cells[reason]! += 1;
  }
}
