/**
 * Pointers to bytes by their address. A pointer is an object; packets lie at few addresses, so those met lately are kept
 * and nothing is allocated for them.
 */
export class Pointers {
  /**
   * Addresses of what is worked on, by SOURCE and so on. They stay here, as a number of that size is an object wherever it
   * is handed on.
   */
  readonly places = new Float64Array(4);
  readonly #addresses = new Float64Array(SLOTS);
  readonly #pointers: Deno.PointerValue[] = new Array(SLOTS).fill(null);

  /** To the byte `offset` of a place. */
  from(place: number, offset: number): Deno.PointerValue {
    const address = this.places[place]! + offset;
    // Packets lie at even distances: only a product spreads them over the slots (Knuth 6.4).
    const slot = Math.imul(address | 0, 0x9e3779b1) >>> (32 - SLOT_BITS);
    if (this.#addresses[slot] === address) return this.#pointers[slot]!;
    // Two addresses may share a slot: the older one moved next door.
    if (this.#addresses[slot ^ 1] === address) return this.#pointers[slot ^ 1]!;
    return this.#learn(slot, address);
  }

  at(address: number): Deno.PointerValue {
    const slot = Math.imul(address | 0, 0x9e3779b1) >>> (32 - SLOT_BITS);
    if (this.#addresses[slot] === address) return this.#pointers[slot]!;
    // Two addresses may share a slot: the older one moved next door.
    if (this.#addresses[slot ^ 1] === address) return this.#pointers[slot ^ 1]!;
    return this.#learn(slot, address);
  }

  /** Whether source and destination are different. */
  get apart(): boolean {
    return this.places[SOURCE] !== this.places[DESTINATION];
  }

  #learn(slot: number, address: number): Deno.PointerValue {
    this.#addresses[slot ^ 1] = this.#addresses[slot]!;
    this.#pointers[slot ^ 1] = this.#pointers[slot]!;
    this.#addresses[slot] = address;
    return this.#pointers[slot] = Deno.UnsafePointer.create(BigInt(address));
  }
}

const SLOT_BITS = 16;
const SLOTS = 1 << SLOT_BITS;

/** Places: where a request reads and writes, and the two ends of a copy. */
export const SOURCE = 0, DESTINATION = 1, COPY_FROM = 2, COPY_TO = 3;
