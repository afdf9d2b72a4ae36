import {
  LINK_WHEEL_NEXT,
  LINK_WHEEL_PREVIOUS,
  LINK_WORDS,
  RECORD_TICK,
  RECORD_WORDS,
  WHEEL_SLOTS,
} from "./layout.ts";

/**
 * Timer wheel.
 *
 * Overview    512 slots of 1.024 s, each a doubly linked list of rows. A row is filed under the slot of its
 *             deadline, or the last slot of the turn when that lies further away. A deadline that moves away
 *             leaves the row where it is: when its slot comes up, the row is filed again. Only a nearer deadline
 *             moves it at once. So a packet never touches the wheel.
 * Order       a slot's rows have no order; a flow that is over is also noticed by whoever looks it up.
 * Limits      ticks are 22 bits (the millisecond clock's 32 less 10) and compared modulo that.
 */
export class TimerWheel {
  readonly #heads: Uint32Array;
  readonly #links: Uint32Array;
  readonly #record: Uint32Array;
  /** Tick whose slot is being emptied. */
  #current = 0;
  #started = false;

  constructor(heads: Uint32Array, links: Uint32Array, record: Uint32Array) {
    this.#heads = heads;
    this.#links = links;
    this.#record = record;
    heads.fill(0);
  }

  /** Files a row that is in no slot. `deadline` and `now` in milliseconds modulo 2^32. */
  add(row: number, deadline: number, now: number): void {
    if (!this.#started) {
      this.#started = true;
      this.#current = now >>> TICK_SHIFT;
    }
    this.#file(row, this.#tick(deadline, now));
  }

  /** The tick to file a deadline under: never the current one, whose slot may be in the middle of its turn. */
  #tick(deadline: number, now: number): number {
    const ahead = (deadline - now) | 0;
    let tick = ((ahead <= 0 ? now : deadline) >>> TICK_SHIFT) + 1;
    const distance = signedTicks(tick - this.#current);
    if (distance <= 0) tick = this.#current + 1;
    else if (distance >= WHEEL_SLOTS) tick = this.#current + WHEEL_SLOTS - 1;
    return tick & TICK_MASK;
  }

  #file(row: number, tick: number): void {
    const slot = tick & (WHEEL_SLOTS - 1), head = this.#heads[slot]!, at = row * LINK_WORDS;
    this.#record[row * RECORD_WORDS + RECORD_TICK] = tick;
    this.#links[at + LINK_WHEEL_NEXT] = head;
    this.#links[at + LINK_WHEEL_PREVIOUS] = 0;
    if (head !== 0) this.#links[(head - 1) * LINK_WORDS + LINK_WHEEL_PREVIOUS] = row + 1;
    this.#heads[slot] = row + 1;
  }

  remove(row: number): void {
    const at = row * LINK_WORDS;
    const next = this.#links[at + LINK_WHEEL_NEXT]!, previous = this.#links[at + LINK_WHEEL_PREVIOUS]!;
    if (next !== 0) this.#links[(next - 1) * LINK_WORDS + LINK_WHEEL_PREVIOUS] = previous;
    if (previous !== 0) this.#links[(previous - 1) * LINK_WORDS + LINK_WHEEL_NEXT] = next;
    else this.#heads[this.#record[row * RECORD_WORDS + RECORD_TICK]! & (WHEEL_SLOTS - 1)] = next;
  }

  /** Tells the wheel a deadline moved; files the row anew only when it now comes earlier than planned. */
  moved(row: number, deadline: number, now: number): void {
    const filed = this.#record[row * RECORD_WORDS + RECORD_TICK]!;
    if (signedTicks((deadline >>> TICK_SHIFT) + 1 - filed) >= 0) return;
    this.remove(row);
    this.#file(row, this.#tick(deadline, now));
  }

  /** A row whose slot has come up, taken out of the wheel; -1 when there is none until `now`. */
  due(now: number): number {
    if (!this.#started) return -1;
    const end = now >>> TICK_SHIFT;
    let behind = signedTicks(end - this.#current);
    if (behind > WHEEL_SLOTS) {
      // A turn or more was missed: every slot once is enough.
      this.#current = (end - WHEEL_SLOTS) & TICK_MASK;
      behind = WHEEL_SLOTS;
    }
    for (; behind >= 0; behind--) {
      const head = this.#heads[this.#current & (WHEEL_SLOTS - 1)]!;
      if (head !== 0) {
        this.remove(head - 1);
        return head - 1;
      }
      if (behind === 0) break;
      this.#current = (this.#current + 1) & TICK_MASK;
    }
    return -1;
  }
}

const TICK_SHIFT = 10;
const TICK_MASK = 0x3fffff;
/** Difference of two ticks, -2^21..2^21-1. */
const signedTicks = (difference: number): number => (difference << TICK_SHIFT) >> TICK_SHIFT;
