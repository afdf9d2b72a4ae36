/** XTS (IEEE 1619) with ciphertext stealing, made of ECB over the whole text at once. */
export class EcbXts {
  readonly #data: TextCipher;
  readonly #tweak: TextCipher;

  constructor(data: TextCipher, tweak: TextCipher) {
    this.#data = data;
    this.#tweak = tweak;
  }

  /** In place; `text` has a block or more. */
  run(encrypts: boolean, iv: Uint8Array, text: Uint8Array): void {
    const tail = text.length % BLOCK, blocks = (text.length - tail) / BLOCK, last = (blocks - 1) * BLOCK;
    const tweaks = this.#tweaks(iv, blocks + 1);
    if (tail === 0 || encrypts) this.#blocks(encrypts, text.subarray(0, blocks * BLOCK), tweaks);
    else {
      // The block before the short one was made with the tweak behind its own.
      this.#blocks(false, text.subarray(0, last), tweaks);
      this.#blocks(false, text.subarray(last, last + BLOCK), tweaks.subarray(blocks * BLOCK));
    }
    if (tail === 0) return;
    const stolen = text.slice(last, last + tail), end = last + BLOCK;
    text.copyWithin(last, end, end + tail);
    text.set(stolen, end);
    const tweak = tweaks.subarray(encrypts ? blocks * BLOCK : last);
    this.#blocks(encrypts, text.subarray(last, end), tweak);
  }

  #blocks(encrypts: boolean, text: Uint8Array, tweaks: Uint8Array): void {
    for (let i = 0; i < text.length; i++) text[i]! ^= tweaks[i]!;
    this.#data(encrypts, text, text);
    for (let i = 0; i < text.length; i++) text[i]! ^= tweaks[i]!;
  }

  /** Multiplied by x in GF(2^128) from block to block. */
  #tweaks(iv: Uint8Array, count: number): Uint8Array {
    const tweaks = new Uint8Array(count * BLOCK);
    tweaks.set(iv.subarray(0, BLOCK));
    this.#tweak(true, iv, tweaks.subarray(0, BLOCK));
    for (let at = BLOCK; at < tweaks.length; at += BLOCK) {
      let carry = 0;
      for (let i = 0; i < BLOCK; i++) {
        const byte = tweaks[at - BLOCK + i]!;
        tweaks[at + i] = (byte << 1) | carry;
        carry = byte >> 7;
      }
      if (carry === 1) tweaks[at]! ^= 0x87;
    }
    return tweaks;
  }
}

const BLOCK = 16;

/** Encrypts or decrypts a whole text in place. Throws where the name, the key or the length is wrong. */
export type TextCipher = (encrypts: boolean, iv: Uint8Array, text: Uint8Array) => void;
