import { FlowAssignments } from "./assigned.ts";
import { KEY_DESTINATION, KEY_META, KEY_PORTS, KEY_SOURCE } from "./key.ts";
import {
  LINK_BYTE_FLAGS,
  LINK_BYTE_HELPER,
  LINK_BYTE_MASQUERADE,
  LINK_BYTE_REFERENCES,
  LINK_FLAG_ANSWERABLE,
  LINK_MASTER,
  LINK_START,
  LINK_WORDS,
  RECORD_DEADLINE,
  RECORD_DOUBLES,
  RECORD_OCTETS,
  RECORD_PACKETS,
  RECORD_WORDS,
  type TableLayout,
} from "./layout.ts";
import { IPS_CONFIRMED } from "./status.ts";

/**
 * What a flow's row holds: keys, counters, and what others have noted of it, each behind its name. Which rows are
 * flows, and which of them a key finds, is FlowTable's business.
 */
export class FlowRows {
  readonly buffer: SharedArrayBuffer | ArrayBuffer;
  /** IPS_* bits by row. */
  readonly status: Uint32Array;
  /** `ct mark` by row. */
  readonly mark: Uint32Array;
  /** Records, RECORD_* words. */
  readonly record: Uint32Array;
  readonly recordBytes: Uint8Array;
  readonly recordHalves: Uint16Array;
  /** LINK_* words. */
  readonly links: Uint32Array;
  readonly assigned: FlowAssignments;
  readonly #doubles: Float64Array;
  readonly #linkBytes: Uint8Array;
  readonly #linkDoubles: Float64Array;
  readonly #address6: Uint32Array;

  constructor(layout: TableLayout, b: SharedArrayBuffer | ArrayBuffer) {
    this.buffer = b;
    this.assigned = new FlowAssignments(layout, b);
    this.record = new Uint32Array(b, layout.record, layout.rows * RECORD_WORDS);
    this.recordBytes = new Uint8Array(b, layout.record, layout.rows * RECORD_WORDS * 4);
    this.recordHalves = new Uint16Array(b, layout.record, layout.rows * RECORD_WORDS * 2);
    this.#doubles = new Float64Array(b, layout.record, layout.rows * RECORD_DOUBLES);
    this.links = new Uint32Array(b, layout.link, layout.rows * LINK_WORDS);
    this.#linkBytes = new Uint8Array(b, layout.link, layout.rows * LINK_WORDS * 4);
    this.#linkDoubles = new Float64Array(b, layout.link, layout.rows * (LINK_WORDS / 2));
    this.status = new Uint32Array(b, layout.status, layout.rows);
    this.mark = new Uint32Array(b, layout.mark, layout.rows);
    this.#address6 = new Uint32Array(b, layout.address6, layout.rows * 16);
  }

  /** Whether the row's key of that direction is this one. */
  hasKey(row: number, direction: number, key: Uint32Array): boolean {
    const record = this.record, at = row * RECORD_WORDS + direction * 4;
    const meta = key[KEY_META]!;
    if (record[at + 2] !== key[KEY_PORTS] || record[at + 3] !== meta) return false;
    if (((meta >>> 8) & 0xff) === 4) {
      return record[at] === key[KEY_SOURCE] && record[at + 1] === key[KEY_DESTINATION];
    }
    const address6 = this.#address6, from = row * 16 + direction * 8;
    for (let i = 0; i < 8; i++) if (address6[from + i] !== key[i]) return false;
    return true;
  }

  /** Writes the flow's key of that direction to `key`. */
  readKey(row: number, direction: number, key: Uint32Array): void {
    const record = this.record, at = row * RECORD_WORDS + direction * 4, meta = record[at + 3]!;
    if (((meta >>> 8) & 0xff) === 4) {
      key.fill(0);
      key[KEY_SOURCE] = record[at]!;
      key[KEY_DESTINATION] = record[at + 1]!;
    } else {
      const from = row * 16 + direction * 8;
      for (let i = 0; i < 8; i++) key[i] = this.#address6[from + i]!;
    }
    key[KEY_PORTS] = record[at + 2]!;
    key[KEY_META] = meta;
  }

  /** Makes `key` the flow's of that direction; the index must not know the old one any more. */
  writeKey(row: number, direction: number, key: Uint32Array): void {
    const record = this.record, at = row * RECORD_WORDS + direction * 4, meta = key[KEY_META]!;
    if (((meta >>> 8) & 0xff) === 4) {
      record[at] = key[KEY_SOURCE]!;
      record[at + 1] = key[KEY_DESTINATION]!;
    } else {
      record[at] = key[KEY_SOURCE + 3]!;
      record[at + 1] = key[KEY_DESTINATION + 3]!;
      const to = row * 16 + direction * 8;
      for (let i = 0; i < 8; i++) this.#address6[to + i] = key[i]!;
    }
    record[at + 2] = key[KEY_PORTS]!;
    record[at + 3] = meta;
  }

  /** Whether packets with the reply key find the flow: false when another flow had the key before. */
  answerable(row: number): boolean {
    return (this.#linkBytes[row * LINK_WORDS * 4 + LINK_BYTE_FLAGS]! & LINK_FLAG_ANSWERABLE) !== 0;
  }
  setAnswerable(row: number, value: boolean): void {
    const at = row * LINK_WORDS * 4 + LINK_BYTE_FLAGS, flags = this.#linkBytes[at]!;
    this.#linkBytes[at] = value ? flags | LINK_FLAG_ANSWERABLE : flags & ~LINK_FLAG_ANSWERABLE;
  }

  account(row: number, direction: number, bytes: number): void {
    const at = row * RECORD_DOUBLES + direction;
    this.#doubles[at + RECORD_PACKETS]! += 1;
    this.#doubles[at + RECORD_OCTETS]! += bytes;
  }

  packets(row: number, direction: number): number {
    return this.#doubles[row * RECORD_DOUBLES + RECORD_PACKETS + direction]!;
  }
  bytes(row: number, direction: number): number {
    return this.#doubles[row * RECORD_DOUBLES + RECORD_OCTETS + direction]!;
  }
  /** Milliseconds until the flow expires, not below 0; `now` is the batch's monotonic time. */
  expiration(row: number, now: number): number {
    const deadline = this.record[row * RECORD_WORDS + RECORD_DEADLINE]!;
    if ((this.status[row]! & IPS_CONFIRMED) === 0) return deadline;
    return Math.max(0, (deadline - (now >>> 0)) | 0);
  }
  protocol(row: number): number {
    return this.record[row * RECORD_WORDS + 3]! & 0xff;
  }
  /** 4 or 6. */
  family(row: number): number {
    return (this.record[row * RECORD_WORDS + 3]! >>> 8) & 0xff;
  }
  zone(row: number, direction: number): number {
    return this.record[row * RECORD_WORDS + direction * 4 + 3]! >>> 16;
  }
  /** Host-order word 0..3 of the tuple's source address. */
  sourceWord(row: number, direction: number, word: number): number {
    if (this.family(row) === 4) return word === 0 ? this.record[row * RECORD_WORDS + direction * 4]! : 0;
    return this.#address6[row * 16 + direction * 8 + word]!;
  }
  destinationWord(row: number, direction: number, word: number): number {
    if (this.family(row) === 4) return word === 0 ? this.record[row * RECORD_WORDS + direction * 4 + 1]! : 0;
    return this.#address6[row * 16 + direction * 8 + 4 + word]!;
  }
  /** Source port, or ICMP identifier. */
  sourcePort(row: number, direction: number): number {
    return this.record[row * RECORD_WORDS + direction * 4 + 2]! >>> 16;
  }
  /** Destination port, or ICMP type << 8 | code. */
  destinationPort(row: number, direction: number): number {
    return this.record[row * RECORD_WORDS + direction * 4 + 2]! & 0xffff;
  }

  /** Row of the flow that expected this one, -1 for none. It may have ended since. */
  master(row: number): number {
    return this.links[row * LINK_WORDS + LINK_MASTER]! - 1;
  }
  setMaster(row: number, master: number): void {
    this.links[row * LINK_WORDS + LINK_MASTER] = master + 1;
  }
  /** Helper slot, 0 for none. */
  helperSlot(row: number): number {
    return this.#linkBytes[row * LINK_WORDS * 4 + LINK_BYTE_HELPER]!;
  }
  setHelperSlot(row: number, slot: number): void {
    this.#linkBytes[row * LINK_WORDS * 4 + LINK_BYTE_HELPER] = slot;
  }
  /** Interface the flow is masqueraded to, 0 for none. */
  masqueraded(row: number): number {
    return this.#linkBytes[row * LINK_WORDS * 4 + LINK_BYTE_MASQUERADE]!;
  }
  setMasqueraded(row: number, interfaceIndex: number): void {
    this.#linkBytes[row * LINK_WORDS * 4 + LINK_BYTE_MASQUERADE] = interfaceIndex;
  }
  /** Packets on their way that name this unconfirmed flow. */
  references(row: number): number {
    return this.#linkBytes[row * LINK_WORDS * 4 + LINK_BYTE_REFERENCES]!;
  }
  setReferences(row: number, count: number): void {
    this.#linkBytes[row * LINK_WORDS * 4 + LINK_BYTE_REFERENCES] = count;
  }
  /** Wall-clock milliseconds at which the flow was made. */
  start(row: number): number {
    return this.#linkDoubles[row * (LINK_WORDS / 2) + LINK_START]!;
  }
  setStart(row: number, wall: number): void {
    this.#linkDoubles[row * (LINK_WORDS / 2) + LINK_START] = wall;
  }
}
