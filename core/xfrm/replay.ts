/**
 * Anti-replay window of one state, RFC 4303 3.4.3 and appendix A2 (kernel: xfrm_replay.c, the bitmap and ESN kinds).
 *
 * Overview    `top` is the highest sequence number taken; a ring of bits, indexed by the low bits of sequence
 *             numbers, says which of the `window` numbers up to it came. With extended sequence numbers only the low
 *             32 bits travel: the high ones are those that put the packet nearest to the window.
 * Life-cycle  `check` before the ICV (cheap refusal), `recheck` after it (another packet may have moved the window while
 *             this one was in work), `advance` when the packet is taken.
 * Limits      windows of up to MOST_WINDOW numbers; a window of 0 checks nothing.
 */
export class Replay {
  readonly window: number;
  readonly esn: boolean;
  /** Highest sequence number taken: low, high. */
  readonly top: Uint32Array;
  readonly #bits: Uint32Array;
  readonly #mask: number;

  /** `top`: two words to keep the highest number in. */
  constructor(window: number, esn: boolean, top: Uint32Array = new Uint32Array(2)) {
    this.window = window;
    this.top = top.fill(0);
    this.esn = esn;
    let ring = 32;
    while (ring < window) ring *= 2;
    this.#bits = new Uint32Array(ring / 32);
    this.#mask = ring - 1;
  }

  /** High half of the number of a packet whose low half is `sequence` (xfrm_replay_seqhi). */
  high(sequence: number): number {
    if (!this.esn) return 0;
    const top = this.top[0]!, high = this.top[1]!, bottom = (top - this.window + 1) >>> 0;
    if (top >= this.window - 1) return sequence < bottom ? (high + 1) >>> 0 : high;
    return sequence >= bottom ? (high - 1) >>> 0 : high;
  }

  check(sequence: number): ReplayAnswer {
    if (this.window === 0) return REPLAY_NEW;
    const top = this.top[0]!, high = this.top[1]!, own = this.high(sequence);
    // Numbers begin with 1; before that, and behind the last of all, there is nothing.
    if ((sequence | own) === 0) return REPLAY_OLD;
    if (own !== high) {
      if (own === 0 && high === 0xffffffff || own === 0xffffffff && high === 0) return REPLAY_OLD;
      if (own === ((high + 1) >>> 0)) return REPLAY_NEW;
    } else if (sequence > top) return REPLAY_NEW;
    if (((top - sequence) >>> 0) >= this.window) return REPLAY_OLD;
    return this.#has(sequence) ? REPLAY_SEEN : REPLAY_NEW;
  }

  /** The same once the ICV was right for this high half. */
  recheck(sequence: number, high: number): ReplayAnswer {
    return this.high(sequence) !== high ? REPLAY_OLD : this.check(sequence);
  }

  /** Goes on from a number that was taken before; of those below it nobody knows any more, so none is new. */
  resume(low: number, high: number): void {
    this.top[0] = low;
    this.top[1] = high;
    this.#bits.fill(0xffffffff);
  }

  /** Takes a number that `recheck` called new. */
  advance(sequence: number, high: number): void {
    if (this.window === 0) return;
    const top = this.top[0]!, bits = this.#bits, mask = this.#mask;
    if (high !== this.top[1]! || sequence > top) {
      const distance = (sequence - top) >>> 0;
      if (distance > mask) bits.fill(0);
      else for (let i = 1; i <= distance; i++) this.#clear((top + i) & mask);
      this.top[0] = sequence;
      this.top[1] = high;
    }
    bits[(sequence & mask) >>> 5]! |= 1 << (sequence & 31);
  }

  /** The bitmap as listings have it: bit 0 is `top`, one word for 32 numbers. */
  bitmap(): Uint32Array {
    const words = new Uint32Array(Math.ceil(this.window / 32));
    for (let i = 0; i < this.window; i++) {
      if (this.#has((this.top[0]! - i) >>> 0)) words[i >>> 5]! |= 1 << (i & 31);
    }
    return words;
  }

  #has(sequence: number): boolean {
    const at = sequence & this.#mask;
    return (this.#bits[at >>> 5]! >>> (at & 31) & 1) !== 0;
  }

  #clear(at: number): void {
    this.#bits[at >>> 5]! &= ~(1 << (at & 31));
  }
}

/** XFRMA_REPLAY_ESN_MAX in bits. */
export const MOST_WINDOW = 4096;

export type ReplayAnswer = typeof REPLAY_NEW | typeof REPLAY_OLD | typeof REPLAY_SEEN;
export const REPLAY_NEW = 0;
/** Left of the window (`replay-window` in a state's error counts). */
export const REPLAY_OLD = 1;
/** Inside, and it came before (`replay`). */
export const REPLAY_SEEN = 2;
