import { KEY_META, KEY_PORTS, newKey } from "../conntrack/key.ts";
import { IPS_SRC_NAT_DONE, ORIGINAL } from "../conntrack/status.ts";
import type { FlowTable } from "../conntrack/table.ts";

/**
 * Flows by where they come from (the kernel's nf_nat_bysource).
 *
 * Overview    chains of rows over a hash of the original source address, source port and protocol: a host that
 *             opens a second connection from the same port gets the same outer address and port again.
 * Life-cycle  a flow joins when its source is decided and leaves when it ends.
 * Ownership   the NAT room. Built anew from the table when that was adopted.
 */
export class BySource {
  readonly #table: FlowTable;
  readonly #heads: Uint32Array;
  /** Next and previous row + 1, two words a row. */
  readonly #links: Uint32Array;
  readonly #key = newKey();

  constructor(table: FlowTable) {
    this.#table = table;
    let size = 256;
    while (size < table.capacity) size *= 2;
    this.#heads = new Uint32Array(size);
    this.#links = new Uint32Array(table.status.length * 2);
    for (let row = 0; row < table.end; row++) {
      if (table.live(row) && (table.status[row]! & IPS_SRC_NAT_DONE) !== 0) this.add(row);
    }
  }

  /** First row of the chain flows with this source are in, -1 for none. `key` is the flow's original key. */
  first(key: Uint32Array): number {
    return this.#heads[this.#slot(key)]! - 1;
  }
  after(row: number): number {
    return this.#links[2 * row]! - 1;
  }

  add(row: number): void {
    const slot = this.#slotOf(row), head = this.#heads[slot]!;
    this.#links[2 * row] = head;
    this.#links[2 * row + 1] = 0;
    if (head !== 0) this.#links[2 * head - 1] = row + 1;
    this.#heads[slot] = row + 1;
  }

  remove(row: number): void {
    const next = this.#links[2 * row]!, previous = this.#links[2 * row + 1]!;
    if (next !== 0) this.#links[2 * next - 1] = previous;
    if (previous !== 0) this.#links[2 * previous - 2] = next;
    else this.#heads[this.#slotOf(row)] = next;
  }

  #slotOf(row: number): number {
    this.#table.readKey(row, ORIGINAL, this.#key);
    return this.#slot(this.#key);
  }

  #slot(from: Uint32Array): number {
    const key = this.#key;
    for (let i = 0; i < 4; i++) key[i] = from[i]!;
    key.fill(0, 4, 8);
    key[KEY_PORTS] = from[KEY_PORTS]! & 0xffff0000;
    key[KEY_META] = from[KEY_META]!;
    return this.#table.hash(key) & (this.#heads.length - 1);
  }
}
