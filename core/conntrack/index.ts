/**
 * Index of flow keys: open addressing with linear probing.
 *
 * Overview    two words a slot: the key's hash and its reference + 1 (row * 2 + direction), 0 for an empty slot.
 *             Both keys of every flow are in it. At most half the slots are ever taken.
 * Removal     shifts the following entries back; there are no tombstones, so a table that was once full is as
 *             quick as a fresh one. The stored hash tells an entry's home without reading its flow.
 */
export class FlowIndex {
  readonly slots: Uint32Array;
  readonly mask: number;

  constructor(slots: Uint32Array) {
    this.slots = slots;
    this.mask = slots.length / 2 - 1;
  }

  /** Forgets every entry. Slots must be zero to begin with; fresh memory is, and stays untouched. */
  clear(): void {
    this.slots.fill(0);
  }

  insert(hash: number, reference: number): void {
    const slots = this.slots, mask = this.mask;
    let i = hash & mask;
    while (slots[2 * i + 1] !== 0) i = (i + 1) & mask;
    slots[2 * i] = hash;
    slots[2 * i + 1] = reference + 1;
  }

  /** False when the entry is not there. */
  remove(hash: number, reference: number): boolean {
    const slots = this.slots, mask = this.mask;
    let i = hash & mask;
    for (;; i = (i + 1) & mask) {
      const entry = slots[2 * i + 1]!;
      if (entry === 0) return false;
      if (entry === reference + 1) break;
    }
    // Knuth 6.4, algorithm R: move back every entry that the hole would cut off from its home.
    for (let j = (i + 1) & mask; slots[2 * j + 1] !== 0; j = (j + 1) & mask) {
      const home = slots[2 * j]! & mask;
      if (((j - home) & mask) < ((j - i) & mask)) continue;
      slots[2 * i] = slots[2 * j]!;
      slots[2 * i + 1] = slots[2 * j + 1]!;
      i = j;
    }
    slots[2 * i] = slots[2 * i + 1] = 0;
    return true;
  }
}
