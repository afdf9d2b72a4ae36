/**
 * Registers as nft hands them out: sixteen 4-byte slots; a plain value takes a whole 16-byte register, a
 * concatenation as many slots as it needs. Numbers are those of `--debug=netlink`: 1..4 whole, 8..23 slots.
 */
export class Registers {
  private used = 0;
  private readonly taken: number[] = [];

  /** A register for a value; the caller releases in reverse order. */
  take(bits: number, concatenation: boolean): number {
    const slots = concatenation ? Math.max(1, (bits + 31) >> 5) : 4;
    const number = Registers.number(this.used);
    this.used += slots;
    this.taken.push(slots);
    return number;
  }
  release(): void {
    this.used -= this.taken.pop() ?? 0;
  }

  /** Number of the register that begins at a slot. */
  static number(slot: number): number {
    return slot % 4 === 0 ? 1 + slot / 4 : 8 + slot;
  }
  static slot(number: number): number {
    return number >= 8 ? number - 8 : (number - 1) * 4;
  }
}
