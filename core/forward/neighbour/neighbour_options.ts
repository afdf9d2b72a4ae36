import type { PacketBatch } from "../../packet/batch.ts";
import type { PacketPool } from "../../packet/pool.ts";
import type { Random } from "../../random.ts";
import type { NeighbourCounters } from "./counters.ts";
import type { Links } from "./link.ts";

/** What the neighbour cache needs from those round it. */
export interface NeighbourOptions {
  /** Rows of the cache. */
  readonly capacity: number;
  readonly random: Random;
  readonly pool: PacketPool;
  readonly links: Links;
  readonly counters: NeighbourCounters;
  /** Sends one solicitation; see `Solicitor`. */
  readonly solicit: Solicit;
  readonly isBroadcast: (interfaceIndex: number, word: number) => boolean;
  /** Called for a packet whose neighbour failed; the row is already dropped, its bytes are there to be quoted. */
  readonly onUnreachable: (batch: PacketBatch, row: number) => void;
}

/**
 * Appends a solicitation for the address at `words[lane]`. `neighbour` >= 0: a unicast probe to that row's
 * link-layer address. `prompt`: slab of the packet that asks for it, -1 for none.
 */
export type Solicit = (
  batch: PacketBatch,
  interfaceIndex: number,
  family: number,
  words: Uint32Array,
  lane: number,
  neighbour: number,
  prompt: number,
) => void;
