import type { PacketBatch } from "../packet/batch.ts";
import type { InvalidReasons } from "./invalid.ts";
import { invertKey, KEY_DESTINATION, newKey } from "./key.ts";
import { quotedKey } from "./quoted.ts";
import type { FlowTable } from "./table.ts";

/**
 * ICMP errors: which flow do they speak of (nf_conntrack_inet_error)?
 *
 * The quoted packet travelled the other way, so its inverse is the key of the direction the error travels in. The
 * error must be addressed to whom that direction leads: without this, anybody could make packets RELATED by
 * quoting a flow he knows of.
 */
export class ErrorResolver {
  readonly #table: FlowTable;
  readonly #reasons: InvalidReasons;
  readonly #quoted = newKey();
  readonly #key = newKey();

  constructor(table: FlowTable, reasons: InvalidReasons) {
    this.#table = table;
    this.#reasons = reasons;
  }

  /** Reference (row * 2 + direction) of the flow an error that quotes a packet at `at` belongs to; -1: INVALID. */
  resolve(batch: PacketBatch, row: number, at: number, now: number): number {
    const table = this.#table, quoted = this.#quoted, key = this.#key;
    const readable = quotedKey(quoted, batch.bytes(row), at, batch.end[row]!, batch.family[row]!, 0);
    if (!readable || !invertKey(key, quoted)) {
      this.#reasons.malformed++;
      return -1;
    }
    const reference = table.find(key);
    if (reference < 0 || !table.live(reference >>> 1) || table.expired(reference >>> 1, now)) {
      this.#reasons.icmp_unrelated++;
      return -1;
    }
    for (let i = 0; i < 4; i++) {
      if (batch.destination[row * 4 + i] !== key[KEY_DESTINATION + i]) {
        this.#reasons.icmp_address++;
        return -1;
      }
    }
    return reference;
  }
}
