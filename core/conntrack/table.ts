import type { Random } from "../random.ts";
import { FlowIndex } from "./index.ts";
import { hashKey, newKey } from "./key.ts";
import {
  HEADER_FLOWS,
  HEADER_FRESH,
  HEADER_MAGIC,
  HEADER_NOW,
  HEADER_SECRET,
  HEADER_WORDS,
  LINK_WORDS,
  MAGIC,
  RECORD_BYTE_STATE,
  RECORD_BYTES,
  RECORD_DEADLINE,
  RECORD_WORDS,
  tableLayout,
  WHEEL_SLOTS,
} from "./layout.ts";
import { UnassuredQueue } from "./queue.ts";
import { FlowRows } from "./rows.ts";
import { IPS_ASSURED, IPS_CONFIRMED, IPS_DYING, IPS_FIXED_TIMEOUT, ORIGINAL, REPLY } from "./status.ts";
import { PROTOCOL_TCP } from "../packet/ipv4.ts";
import { TCP_CLOSE, TCP_TIME_WAIT } from "./tcp_states.ts";
import { TimerWheel } from "./wheel.ts";

/**
 * Flow table.
 *
 * Overview    every flow has two keys, original and reply, in one open-addressing index; the flow is a row. What
 *             packets touch is a record of two cache lines (layout.ts); status and mark are columns.
 * Life-cycle  `create` (in the index, unconfirmed) -> `confirm` -> `destroy` (out of the index, DYING) -> `settle`
 *             (the row may be taken again). Between destroy and settle a row's words stay as they were, for
 *             packets of the same batch that still name it.
 * Ownership   only the data-plane thread writes rows; others ask through the command ring.
 * Restart     all arrays lie in one buffer. A table given a buffer that already holds one adopts its confirmed
 *             flows: records are the truth, index, wheel and queues are built anew from them. Deadlines are on
 *             the monotonic clock, which must be the same one.
 * Limits      `capacity` flows. The table itself refuses nothing but a missing row: policy is the tracker's.
 */
export class FlowTable extends FlowRows {
  /** Most flows at a time. */
  readonly capacity: number;
  readonly unassured: UnassuredQueue;
  /** Told when a flow ends, before its row is dead: NAT and helpers keep lists of their own. */
  ended: ((row: number) => void) | undefined;
  /** Flows in the index, confirmed or not. */
  count = 0;
  readonly #header: Uint32Array;
  readonly #wheel: TimerWheel;
  readonly #index: FlowIndex;
  readonly #rows: number;
  /** Ring of rows that were freed; `#settled` counts those that may be taken, `#freed` all ever put in. */
  readonly #free: Uint32Array;
  #taken = 0;
  #settled = 0;
  #freed = 0;
  readonly #scratch = newKey();

  constructor(flows: number, random: Random, buffer?: SharedArrayBuffer | ArrayBuffer) {
    const layout = tableLayout(flows);
    super(layout, enough(buffer ?? new ArrayBuffer(layout.bytes), layout.bytes, flows));
    const b = this.buffer;
    this.capacity = flows;
    this.#rows = layout.rows;
    this.#header = new Uint32Array(b, 0, HEADER_WORDS);
    this.#free = new Uint32Array(b, layout.free, layout.rows);
    this.#wheel = new TimerWheel(new Uint32Array(b, layout.wheel, WHEEL_SLOTS), this.links, this.record);
    this.#index = new FlowIndex(new Uint32Array(b, layout.index, layout.slots * 2));
    if (buffer !== undefined && this.#header[HEADER_MAGIC] !== 0) this.#index.clear();
    this.unassured = new UnassuredQueue(this.links);
    const header = this.#header;
    const known = header[HEADER_MAGIC] === MAGIC && header[HEADER_FLOWS] === flows;
    if (known) this.#adopt();
    else {
      header.fill(0);
      header[HEADER_FLOWS] = flows;
      header[HEADER_SECRET] = random.u32();
      header[HEADER_SECRET + 1] = random.u32();
      header[HEADER_MAGIC] = MAGIC;
    }
  }

  /** Puts the confirmed flows of a table left behind back into index, wheel and queue. */
  #adopt(): void {
    const fresh = Math.min(this.#header[HEADER_FRESH]!, this.#rows), key = this.#scratch;
    for (let row = 0; row < fresh; row++) {
      const status = this.status[row]!;
      this.readKey(row, ORIGINAL, key);
      const clash = this.find(key);
      this.readKey(row, REPLY, key);
      if ((status & (IPS_CONFIRMED | IPS_DYING)) !== IPS_CONFIRMED || clash >= 0 || this.find(key) >= 0) {
        this.status[row] = 0;
        this.#free[this.#freed++ % this.#rows] = row;
        continue;
      }
      this.#insert(row, ORIGINAL);
      this.#insert(row, REPLY);
      this.setAnswerable(row, true);
      this.assigned.setPolicy(row, 0);
      this.#wheel.add(row, this.record[row * RECORD_WORDS + RECORD_DEADLINE]!, this.#header[HEADER_NOW]!);
      if ((status & IPS_ASSURED) === 0) this.unassured.add(row);
      this.count++;
    }
    this.#settled = this.#freed;
  }

  /** One past the highest row ever used. */
  get end(): number {
    return this.#header[HEADER_FRESH]!;
  }

  hash(key: Uint32Array): number {
    return hashKey(key, this.#header[HEADER_SECRET]! | 0, this.#header[HEADER_SECRET + 1]! | 0);
  }

  /** Reference (row * 2 + direction) of the flow with this key, expired or not; -1 when there is none. */
  find(key: Uint32Array): number {
    return this.findHashed(key, this.hash(key));
  }

  /** The first index entry a look-up of `hash` reads, and ... */
  slotEntry(hash: number): number {
    return this.#index.slots[2 * (hash & this.#index.mask) + 1]!;
  }
  /** ... what it reads and writes of the flow that entry names: brings them into the caches. */
  touch(hash: number): number {
    const entry = this.slotEntry(hash);
    if (entry === 0) return 0;
    const row = (entry - 1) >>> 1, at = row * RECORD_WORDS;
    return this.record[at]! ^ this.record[at + RECORD_WORDS / 2]! ^ this.status[row]!;
  }

  /** As `find`, with the key's hash known. */
  findHashed(key: Uint32Array, hash: number): number {
    const slots = this.#index.slots, mask = this.#index.mask, stored = hash >>> 0;
    for (let i = hash & mask;; i = (i + 1) & mask) {
      const entry = slots[2 * i + 1]!;
      if (entry === 0) return -1;
      if (slots[2 * i] === stored && this.hasKey((entry - 1) >>> 1, (entry - 1) & 1, key)) return entry - 1;
    }
  }

  #insert(row: number, direction: number): void {
    this.readKey(row, direction, this.#scratch);
    this.#index.insert(this.hash(this.#scratch), row * 2 + direction);
  }

  #remove(row: number, direction: number): void {
    if (direction === REPLY && !this.answerable(row)) return;
    this.readKey(row, direction, this.#scratch);
    this.#index.remove(this.hash(this.#scratch), row * 2 + direction);
  }

  /**
   * A new unconfirmed flow with these keys, found by both at once; -1 when no row is left. The original key must
   * not be in the table. The reply key may: then the flow is not found by it (`answerable`) until it gets another
   * or the one it has becomes free. `guard` is the deadline by which an unconfirmed flow is forgotten.
   */
  create(original: Uint32Array, reply: Uint32Array, now: number, guard: number): number {
    const row = this.#take();
    if (row < 0) return -1;
    const at = row * RECORD_WORDS;
    this.record.fill(0, at, at + RECORD_WORDS);
    this.links.fill(0, row * LINK_WORDS, (row + 1) * LINK_WORDS);
    this.status[row] = this.mark[row] = 0;
    this.writeKey(row, ORIGINAL, original);
    this.writeKey(row, REPLY, reply);
    const free = this.find(reply) < 0;
    this.#index.insert(this.hash(original), row * 2);
    if (free) this.#index.insert(this.hash(reply), row * 2 + 1);
    this.setAnswerable(row, free);
    this.#wheel.add(row, guard, now);
    this.count++;
    return row;
  }

  #take(): number {
    if (this.#taken === this.#settled) {
      const fresh = this.#header[HEADER_FRESH]!;
      if (fresh === this.#rows) return -1;
      this.#header[HEADER_FRESH] = fresh + 1;
      return fresh;
    }
    return this.#free[this.#taken++ % this.#rows]!;
  }

  /** Gives an unconfirmed flow another reply key (NAT); it is found by it if no other flow is. */
  alterReply(row: number, reply: Uint32Array): void {
    this.#remove(row, REPLY);
    this.writeKey(row, REPLY, reply);
    const free = this.find(reply) < 0;
    if (free) this.#index.insert(this.hash(reply), row * 2 + 1);
    this.setAnswerable(row, free);
  }

  /** The flow stays: its relative timeout becomes a deadline. */
  confirm(row: number, now: number): void {
    const at = row * RECORD_WORDS + RECORD_DEADLINE;
    this.status[row]! |= IPS_CONFIRMED;
    const deadline = (this.record[at]! + now) >>> 0;
    this.record[at] = deadline;
    this.#wheel.remove(row);
    this.#wheel.add(row, deadline, now);
    if ((this.status[row]! & IPS_ASSURED) === 0) this.unassured.add(row);
  }

  /** Takes a flow out of the index; the row is dead. Nothing happens to a row that already is. */
  destroy(row: number): void {
    const status = this.status[row]!;
    if ((status & IPS_DYING) !== 0) return;
    this.ended?.(row);
    this.#remove(row, ORIGINAL);
    this.#remove(row, REPLY);
    this.#wheel.remove(row);
    if ((status & (IPS_CONFIRMED | IPS_ASSURED)) === IPS_CONFIRMED) this.unassured.remove(row);
    this.status[row] = status | IPS_DYING;
    this.#free[this.#freed++ % this.#rows] = row;
    this.count--;
  }

  /** Rows that died may be taken again: no packet names them any more. `now` in milliseconds modulo 2^32. */
  settle(now: number): void {
    this.#header[HEADER_NOW] = now;
    this.#settled = this.#freed;
  }

  assure(row: number): void {
    const status = this.status[row]!;
    if ((status & IPS_ASSURED) !== 0) return;
    this.status[row] = status | IPS_ASSURED;
    if ((status & (IPS_CONFIRMED | IPS_DYING)) === IPS_CONFIRMED) this.unassured.remove(row);
  }

  /** Sets the time left, milliseconds: a deadline, or what an unconfirmed flow will get. */
  refresh(row: number, timeout: number, now: number): void {
    const at = row * RECORD_WORDS + RECORD_DEADLINE, status = this.status[row]!;
    if ((status & (IPS_CONFIRMED | IPS_DYING)) !== IPS_CONFIRMED) {
      this.record[at] = timeout;
      return;
    }
    if ((status & IPS_FIXED_TIMEOUT) !== 0) return;
    const deadline = (timeout + now) >>> 0;
    this.record[at] = deadline;
    this.#wheel.moved(row, deadline, now);
  }

  /** Files a row that `due` returned under its deadline again. */
  again(row: number, now: number): void {
    this.#wheel.add(row, this.record[row * RECORD_WORDS + RECORD_DEADLINE]!, now);
  }

  /** A row whose turn in the wheel has come, taken out of it (file it `again`, or `lapse` it); -1 for none. */
  due(now: number): number {
    return this.#wheel.due(now);
  }

  /** Ends a flow that `due` returned. */
  lapse(row: number, now: number): void {
    this.#wheel.add(row, now, now);
    this.destroy(row);
  }

  /** Whether a confirmed flow's time is over at `now` (milliseconds modulo 2^32). */
  expired(row: number, now: number): boolean {
    return (this.status[row]! & IPS_CONFIRMED) !== 0 &&
      ((this.record[row * RECORD_WORDS + RECORD_DEADLINE]! - now) | 0) <= 0;
  }

  /** In the table and confirmed. */
  live(row: number): boolean {
    return row >= 0 && row < this.end && (this.status[row]! & (IPS_CONFIRMED | IPS_DYING)) === IPS_CONFIRMED;
  }

  /** In the table, and as TCP neither closed nor in TIME_WAIT (nf_conncount's already_closed). */
  open(row: number): boolean {
    if (row >= this.end || (this.status[row]! & IPS_DYING) !== 0) return false;
    if (this.protocol(row) !== PROTOCOL_TCP) return true;
    const state = this.recordBytes[(row * RECORD_WORDS + RECORD_BYTES) * 4 + RECORD_BYTE_STATE]!;
    return state !== TCP_CLOSE && state !== TCP_TIME_WAIT;
  }

  /** A number that tells flows apart over their life, as `conntrack -o id`. */
  id(row: number): number {
    this.readKey(row, ORIGINAL, this.#scratch);
    return (this.hash(this.#scratch) ^ row) >>> 0;
  }
}

function enough<B extends SharedArrayBuffer | ArrayBuffer>(buffer: B, bytes: number, flows: number): B {
  if (buffer.byteLength >= bytes) return buffer;
  const has = buffer.byteLength;
  throw new RangeError(`a table for ${flows} flows takes ${bytes} bytes, the buffer has ${has}`);
}
