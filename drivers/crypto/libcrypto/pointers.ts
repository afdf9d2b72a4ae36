/**
 * Pointers to bytes by their address. A pointer is an object; packets lie at few addresses, so those met lately are kept
 * and nothing is allocated for them.
 */
export class Pointers {
  readonly #addresses = new Float64Array(SLOTS);
  readonly #pointers: Deno.PointerValue[] = new Array(SLOTS).fill(null);

  at(address: number): Deno.PointerValue {
    const low = address % 0x100000000;
    const slot = ((low ^ (low >>> 11)) & (SLOTS - 1)) >>> 0;
    if (this.#addresses[slot] !== address) this.#learn(slot, address);
    return this.#pointers[slot]!;
  }

  #learn(slot: number, address: number): void {
    this.#addresses[slot] = address;
    this.#pointers[slot] = Deno.UnsafePointer.create(BigInt(address));
  }
}

const SLOTS = 1 << 14;
