import type { PacketBatch } from "../packet/batch.ts";
import { KEY_DESTINATION, KEY_META, KEY_PORTS, KEY_SOURCE } from "./key.ts";
import type { FlowTable } from "./table.ts";

/**
 * Looks a batch's flows up ahead of time.
 *
 * Overview    a table of a million flows lies in memory, not in caches: one look-up waits twice, for its slot of
 *             the index and then for its record. Done for all packets first, one after the other without
 *             depending on each other, those waits overlap; the real look-ups then find everything at hand.
 * Life-cycle  `remember` for every row, `touch` once for all, then `hash` gives what was computed, while the key
 *             is still the one remembered. Nothing here decides anything: not looking ahead only costs time.
 * Order       three short loops, not one: a core overlaps only loads that stand a few dozen instructions apart.
 * Ownership   the data-plane thread. Grows to the largest batch seen.
 */
export class Lookahead {
  readonly #table: FlowTable;
  #hashes = new Int32Array(0);
  /** Key words that differ between IPv4 flows, four a row. */
  #keys = new Uint32Array(0);
  /** Rows remembered since the last touch. */
  #rows = new Uint16Array(0);
  #count = 0;
  /** What the loads came to: keeps them from being optimised away. */
  sink = 0;

  constructor(table: FlowTable) {
    this.#table = table;
  }

  /** Makes room for the rows of a batch. */
  reserve(batch: PacketBatch): void {
    if (this.#hashes.length >= batch.capacity) return;
    this.#hashes = new Int32Array(batch.capacity);
    this.#keys = new Uint32Array(batch.capacity * 4);
    this.#rows = new Uint16Array(batch.capacity);
  }

  /** Computes the hash of a row's key. */
  remember(row: number, key: Uint32Array): void {
    const hash = this.#table.hash(key), keys = this.#keys, at = row * 4;
    this.#hashes[row] = hash;
    keys[at] = key[KEY_SOURCE]!;
    keys[at + 1] = key[KEY_DESTINATION]!;
    keys[at + 2] = key[KEY_PORTS]!;
    keys[at + 3] = key[KEY_META]!;
    this.#rows[this.#count++] = row;
  }

  /** Asks for the slots of all remembered rows, then for what the slots name. */
  touch(): void {
    const table = this.#table, rows = this.#rows, hashes = this.#hashes, count = this.#count;
    let sink = 0;
    for (let i = 0; i < count; i++) sink ^= table.slotEntry(hashes[rows[i]!]!);
    for (let i = 0; i < count; i++) sink ^= table.touch(hashes[rows[i]!]!);
    this.sink = sink;
    this.#count = 0;
  }

  /** The hash of a row's key: the remembered one if the key is still the same. */
  hash(row: number, key: Uint32Array): number {
    const keys = this.#keys, at = row * 4;
    if (
      row < this.#hashes.length && keys[at] === key[KEY_SOURCE] && keys[at + 1] === key[KEY_DESTINATION] &&
      keys[at + 2] === key[KEY_PORTS] && keys[at + 3] === key[KEY_META] &&
      ((key[KEY_META]! >>> 8) & 0xff) === 4
    ) return this.#hashes[row]!;
    return this.#table.hash(key);
  }
}
