import type { PacketBatch } from "../packet/batch.ts";
import type { ObjectDefinition } from "../ruleset/ruleset.ts";

/**
 * What `ct` expressions read and write of the flow table. Rows are `batch.flow`; the state and direction of the
 * packet itself are columns of the batch. Columns are read on the hot path, functions serve the rarer keys.
 */
export interface FlowView {
  /** IPS_* bits, linux/netfilter/nf_conntrack_common.h. */
  readonly status: Uint32Array;
  readonly mark: Uint32Array;
  /** Packets and bytes the flow has carried; direction 0 original, 1 reply. */
  packets(row: number, direction: number): number;
  bytes(row: number, direction: number): number;
  /** Milliseconds until the flow expires. */
  expiration(row: number, now: number): number;
  /** 4 or 6. */
  family(row: number): number;
  protocol(row: number): number;
  /** Host-order word `word` (0..3) of the tuple's source or destination address in that direction. */
  sourceWord(row: number, direction: number, word: number): number;
  destinationWord(row: number, direction: number, word: number): number;
  /** Tuple's ports (or ICMP id, type << 8 | code), host order. */
  sourcePort(row: number, direction: number): number;
  destinationPort(row: number, direction: number): number;
  /** Stable number of the flow, as `conntrack -o id`. */
  id?(row: number): number;
  zone?(row: number, direction: number): number;
  readonly assigned?: FlowAssigned;
  /** Told after `ct mark set` changed a mark (events). */
  marked?(row: number): void;
  /** Whether the flow in this row can still carry packets: in the table, and as TCP neither closed nor in TIME_WAIT. */
  open?(row: number): boolean;
}

/** What rules have assigned to flows beyond the mark. */
export interface FlowAssigned {
  /** Little-endian word `word` (0..3) of the 128-bit label. */
  label(row: number, word: number): number;
  /** Sets the bits that are set in the four words at `at`. */
  addLabel(row: number, words: Int32Array, at: number): void;
  /** Which events of the flow are told, IPCT_* bits. */
  events(row: number): number;
  setEvents(row: number, mask: number): void;
  /** Name of the helper of the flow that expected this one; empty for none. */
  masterHelper(row: number): string;
}

/** Objects of connection tracking that rules give to flows. */
export interface FlowObjectsView {
  /** Takes those of a program; instructions name them by their places. */
  install(objects: readonly FlowObject[]): void;
  /** FLOW_OBJECT_*. */
  apply(number: number, batch: PacketBatch, row: number): number;
}

/** As declared; `name` is unique over tables. */
export type FlowObject =
  & { readonly name: string }
  & Extract<ObjectDefinition, { kind: "ct helper" | "ct timeout" | "ct expectation" }>;

/** The rule goes on, does not match, or drops the packet. */
export const FLOW_OBJECT_DONE = 0;
export const FLOW_OBJECT_BREAK = 1;
export const FLOW_OBJECT_DROP = 2;
