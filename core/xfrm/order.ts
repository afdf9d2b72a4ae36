/**
 * Order of a state's packets in one direction.
 *
 * Overview    a ring of slots: a packet takes the next one when it is handed to the engine, its outcome is written there
 *             when the engine is done, and outcomes are read from the head only. So packets leave in the order they
 *             came, however the engine orders its work.
 * Limits      ORDER_SLOTS packets under way; who finds it full drops its packet.
 */
export class Order {
  readonly #outcomes = new Int32Array(ORDER_SLOTS);
  #head = 0;
  #tail = 0;

  get pending(): number {
    return this.#tail - this.#head;
  }

  /** A slot, -1 when all are taken. */
  take(): number {
    if (this.#tail - this.#head === ORDER_SLOTS) return -1;
    if (this.#tail > 0x3fffffff) {
      this.#tail -= this.#head & ~(ORDER_SLOTS - 1);
      this.#head &= ORDER_SLOTS - 1;
    }
    const slot = this.#tail++ & (ORDER_SLOTS - 1);
    this.#outcomes[slot] = ORDER_WAITS;
    return slot;
  }

  /** Gives the slot taken last back, unused. */
  undo(): void {
    this.#tail--;
  }

  /** Writes an outcome: a slab, or ORDER_GONE. */
  settle(slot: number, outcome: number): void {
    this.#outcomes[slot] = outcome;
  }

  /** Takes the outcome at the head: a slab, ORDER_GONE, or ORDER_WAITS where nothing is ready. */
  next(): number {
    if (this.#head === this.#tail) return ORDER_WAITS;
    const outcome = this.#outcomes[this.#head & (ORDER_SLOTS - 1)]!;
    if (outcome !== ORDER_WAITS) this.#head++;
    return outcome;
  }
}

/** A power of two. */
export const ORDER_SLOTS = 512;
export const ORDER_WAITS = -1;
/** The packet was dropped on its way. */
export const ORDER_GONE = -2;
