import { PROTOCOL_TCP } from "../packet/ipv4.ts";
import { RECORD_BYTE_STATE, RECORD_BYTES, RECORD_WORDS } from "./layout.ts";
import { IPS_SEEN_REPLY } from "./status.ts";
import type { FlowTable } from "./table.ts";
import { canDropEarly } from "./tcp_states.ts";

/**
 * Which flow a full table gives up: of the oldest few that are not assured one that nobody ever answered, else the
 * oldest of them, else a TCP connection that is closing. Assured flows that are open are never lost to a flood.
 */
export class EarlyDrop {
  readonly #table: FlowTable;
  /** Where the search for closing connections goes on. */
  #hand = 0;

  constructor(table: FlowTable) {
    this.#table = table;
  }

  /** A row to end, -1 when there is none. */
  victim(): number {
    const queue = this.#table.unassured, oldest = queue.first;
    for (let i = 0, row = oldest; i < EVICTION_RANGE && row >= 0; i++, row = queue.after(row)) {
      if ((this.#table.status[row]! & IPS_SEEN_REPLY) === 0) return row;
    }
    return oldest >= 0 ? oldest : this.#closing();
  }

  #closing(): number {
    const table = this.#table, end = table.end;
    for (let i = 0; i < CLOSING_RANGE; i++) {
      if (this.#hand >= end) this.#hand = 0;
      const row = this.#hand++;
      if (!table.live(row) || table.protocol(row) !== PROTOCOL_TCP) continue;
      if (canDropEarly(table.recordBytes[(row * RECORD_WORDS + RECORD_BYTES) * 4 + RECORD_BYTE_STATE]!)) {
        return row;
      }
    }
    return -1;
  }
}

const EVICTION_RANGE = 8;
/** Rows looked at for a closing connection before a packet is refused. */
const CLOSING_RANGE = 64;
