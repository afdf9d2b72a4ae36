/**
 * Pointers to bytes by their address. A pointer is an object; packets lie at few addresses, so those met lately are kept
 * and nothing is allocated for them.
 */
export class Pointers {
  readonly #addresses = new Float64Array(SLOTS);
  readonly #pointers: Deno.PointerValue[] = new Array(SLOTS).fill(null);

  at(address: number): Deno.PointerValue {
    // Packets lie at even distances: only a product spreads them over the slots (Knuth 6.4).
    const slot = Math.imul(address | 0, 0x9e3779b1) >>> (32 - SLOT_BITS);
    if (this.#addresses[slot] !== address) this.#learn(slot, address);
    return this.#pointers[slot]!;
  }

  #learn(slot: number, address: number): void {
    this.#addresses[slot] = address;
    this.#pointers[slot] = Deno.UnsafePointer.create(BigInt(address));
  }
}

const SLOT_BITS = 16;
const SLOTS = 1 << SLOT_BITS;
