import { KEY_DESTINATION, KEY_META, KEY_PORTS, KEY_SOURCE, KEY_WORDS } from "./key.ts";

/**
 * Expectations: connections a helper has read out of another one's payload.
 *
 * Overview    each is a key and a mask over it, so that a source port, or the whole source, may be anything. The
 *             first packet of a flow that fits makes the flow RELATED and names its master.
 * Life-cycle  added by a helper -> used up by the first flow that fits (a permanent one stays) -> or timed out, or
 *             gone with its master.
 * Ownership   the data-plane thread. Rows are flow rows; `forget` must be told when a master ends.
 * Limits      a fixed number of slots, looked through one by one; nothing is looked at while there are none.
 */
export class Expectations {
  /** Expectations waiting. */
  count = 0;
  readonly #keys: Uint32Array;
  readonly #masks: Uint32Array;
  /** Master row + 1; 0 marks a free slot. */
  readonly #master: Uint32Array;
  readonly #helper: Uint8Array;
  readonly #flags: Uint8Array;
  readonly #deadline: Uint32Array;
  #end = 0;

  constructor(capacity = 1024) {
    this.#keys = new Uint32Array(capacity * KEY_WORDS);
    this.#masks = new Uint32Array(capacity * KEY_WORDS);
    this.#master = new Uint32Array(capacity);
    this.#helper = new Uint8Array(capacity);
    this.#flags = new Uint8Array(capacity);
    this.#deadline = new Uint32Array(capacity);
  }

  /**
   * Expects a flow whose original key equals `key` under `mask` (both KEY_WORDS long; see `expectationMask`).
   * `timeout` in milliseconds. Returns the slot, -1 when all are taken.
   */
  add(
    key: Uint32Array,
    mask: Uint32Array,
    master: number,
    now: number,
    timeout: number,
    flags = 0,
    helper = 0,
  ): number {
    let slot = 0;
    while (slot < this.#end && this.#master[slot] !== 0) slot++;
    if (slot === this.#master.length) return -1;
    if (slot === this.#end) this.#end++;
    const at = slot * KEY_WORDS;
    for (let i = 0; i < KEY_WORDS; i++) {
      this.#keys[at + i] = key[i]! & mask[i]!;
      this.#masks[at + i] = mask[i]!;
    }
    this.#master[slot] = master + 1;
    this.#helper[slot] = helper;
    this.#flags[slot] = flags;
    this.#deadline[slot] = now + timeout;
    this.count++;
    return slot;
  }

  /** Expectations of one master. */
  countOf(master: number): number {
    let count = 0;
    for (let slot = 0; slot < this.#end; slot++) if (this.#master[slot] === master + 1) count++;
    return count;
  }

  /**
   * Before `add`: an equal one of the same master gives way; false when a flow could fulfil this one and another's
   * alike (__nf_ct_expect_check).
   */
  makeWay(key: Uint32Array, mask: Uint32Array, master: number): boolean {
    for (let slot = 0; slot < this.#end; slot++) {
      if (this.#master[slot] === 0 || !this.#meets(slot, key, mask)) continue;
      if (this.#master[slot] !== master + 1) return false;
      this.remove(slot);
    }
    return true;
  }

  #meets(slot: number, key: Uint32Array, mask: Uint32Array): boolean {
    const at = slot * KEY_WORDS;
    for (let i = 0; i < KEY_WORDS; i++) {
      if (((key[i]! ^ this.#keys[at + i]!) & mask[i]! & this.#masks[at + i]!) !== 0) return false;
    }
    return true;
  }

  /** Slot of an expectation this key fulfils, -1 for none. `now` in milliseconds modulo 2^32. */
  find(key: Uint32Array, now: number): number {
    for (let slot = 0; slot < this.#end; slot++) {
      if (this.#master[slot] === 0) continue;
      if (((this.#deadline[slot]! - now) | 0) <= 0) {
        this.remove(slot);
        continue;
      }
      if (this.#fits(slot, key)) return slot;
    }
    return -1;
  }

  #fits(slot: number, key: Uint32Array): boolean {
    const at = slot * KEY_WORDS;
    for (let i = 0; i < KEY_WORDS; i++) {
      if (((key[i]! & this.#masks[at + i]!) >>> 0) !== this.#keys[at + i]) return false;
    }
    return true;
  }

  /** A flow has fulfilled it: gone, unless permanent. */
  use(slot: number): void {
    if ((this.#flags[slot]! & EXPECT_PERMANENT) === 0) this.remove(slot);
  }

  remove(slot: number): void {
    if (this.#master[slot] === 0) return;
    this.#master[slot] = 0;
    this.count--;
    while (this.#end > 0 && this.#master[this.#end - 1] === 0) this.#end--;
  }

  /** The flow ended: nothing more is expected in its name. */
  forget(master: number): void {
    for (let slot = this.#end - 1; slot >= 0; slot--) {
      if (this.#master[slot] === master + 1) this.remove(slot);
    }
  }

  master(slot: number): number {
    return this.#master[slot]! - 1;
  }
  helper(slot: number): number {
    return this.#helper[slot]!;
  }
}

/** Stays when fulfilled, until its time is over. */
export const EXPECT_PERMANENT = 1;

/** The usual mask: protocol, destination and its port count; source address and port only when told. */
export function expectationMask(source: boolean, sourcePort: boolean): Uint32Array {
  const mask = new Uint32Array(KEY_WORDS);
  mask.fill(source ? 0xffffffff : 0, KEY_SOURCE, KEY_SOURCE + 4);
  mask.fill(0xffffffff, KEY_DESTINATION, KEY_DESTINATION + 4);
  mask[KEY_PORTS] = sourcePort ? 0xffffffff : 0xffff;
  mask[KEY_META] = 0xffffffff;
  return mask;
}
