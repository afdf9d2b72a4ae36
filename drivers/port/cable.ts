import { BATCH, type PacketBatch } from "../../core/packet/batch.ts";
import type { Port } from "../../core/port.ts";

/**
 * Two ports joined as by a cable: what one receives the other sends, bytes untouched. The least there is to do with
 * ports; tests drive kernel peers through it, benches measure what ports alone cost.
 */
export class Cable {
  readonly #batch: PacketBatch;
  readonly #a: Port;
  readonly #b: Port;
  readonly #rows = new Uint16Array(BATCH);

  /** Attaches both ports to the batch. */
  constructor(a: Port, b: Port, batch: PacketBatch) {
    this.#batch = batch;
    this.#a = a;
    this.#b = b;
    a.attach(batch);
    b.attach(batch);
  }

  /** One batch each way. Returns how many frames came in. */
  turn(): number {
    return this.#carry(this.#a, this.#b) + this.#carry(this.#b, this.#a);
  }

  #carry(from: Port, to: Port): number {
    const batch = this.#batch, got = from.receive(batch, BATCH);
    if (got === 0) return 0;
    for (let row = 0; row < got; row++) this.#rows[row] = row;
    to.transmit(batch, this.#rows, got);
    batch.clear();
    from.release();
    return got;
  }
}
