import { type CryptoRequests, EINVAL } from "../../../core/crypto/requests.ts";
import { bytes, libc } from "../../sys/libc.ts";
import type { Context } from "./context.ts";
import type { BlockCipher } from "./ciphers.ts";
import type { Evp } from "./evp.ts";
import { DESTINATION, SOURCE } from "./pointers.ts";

/**
 * XTS (IEEE 1619) made of single blocks: for keys the kernel takes and libcrypto does not, AES-192 and halves that are
 * equal. Rare, and a few times slower.
 */
export class XtsContext implements Context {
  readonly #evp: Evp;
  readonly #data: BlockCipher;
  readonly #tweak: BlockCipher;
  #work = bytes(4096 + BLOCK);
  #tweaks = bytes(4096 + BLOCK);

  constructor(evp: Evp, data: BlockCipher, tweak: BlockCipher) {
    this.#evp = evp;
    this.#data = data;
    this.#tweak = tweak;
  }

  run(requests: CryptoRequests, row: number): number {
    const length = requests.length[row]!, tail = length % BLOCK, blocks = (length - tail) / BLOCK;
    if (blocks === 0) return length === 0 ? 0 : EINVAL;
    if (this.#work.length < length + BLOCK) {
      this.#work = bytes(length + BLOCK);
      this.#tweaks = bytes(length + BLOCK);
    }
    const { pointers } = this.#evp, encrypts = requests.direction[row] === 1;
    libc.memmove(Deno.UnsafePointer.of(this.#work), pointers.from(SOURCE, 0), length);
    this.#makeTweaks(requests, row, blocks + 1);
    // With a tail the last whole block is decrypted with the tweak behind its own, before it lends its end.
    const plain = tail > 0 && !encrypts ? blocks - 1 : blocks;
    this.#blocks(0, plain, 0, encrypts);
    if (tail > 0) this.#steal(blocks, tail, encrypts);
    libc.memmove(pointers.from(DESTINATION, 0), Deno.UnsafePointer.of(this.#work), length);
    return 0;
  }

  /** Multiplied by x in GF(2^128) from block to block. */
  #makeTweaks(requests: CryptoRequests, row: number, count: number): void {
    const t = this.#tweaks;
    t.set(requests.iv.subarray(row * 16, row * 16 + BLOCK));
    this.#tweak.run(true, t, 0, BLOCK);
    for (let at = BLOCK; at < count * BLOCK; at += BLOCK) {
      let carry = 0;
      for (let i = 0; i < BLOCK; i++) {
        const byte = t[at - BLOCK + i]!;
        t[at + i] = (byte << 1) | carry;
        carry = byte >> 7;
      }
      if (carry === 1) t[at]! ^= 0x87;
    }
  }

  /** Blocks from `first` on, with tweaks from `tweak` on. */
  #blocks(first: number, count: number, tweak: number, encrypts: boolean): void {
    const at = first * BLOCK, length = count * BLOCK;
    if (length === 0) return;
    this.#mix(at, tweak * BLOCK, length);
    this.#data.run(encrypts, this.#work, at, length);
    this.#mix(at, tweak * BLOCK, length);
  }

  #mix(at: number, tweak: number, length: number): void {
    for (let i = 0; i < length; i++) this.#work[at + i]! ^= this.#tweaks[tweak + i]!;
  }

  /** Ciphertext stealing: the last whole block gives its end to the short one behind it. */
  #steal(blocks: number, tail: number, encrypts: boolean): void {
    const last = blocks - 1, work = this.#work;
    if (!encrypts) this.#blocks(last, 1, blocks, false);
    for (let i = 0; i < tail; i++) {
      const kept = work[last * BLOCK + i]!;
      work[last * BLOCK + i] = work[blocks * BLOCK + i]!;
      work[blocks * BLOCK + i] = kept;
    }
    this.#blocks(last, 1, encrypts ? blocks : last, encrypts);
  }

  close(): void {
    this.#data.close();
    this.#tweak.close();
  }
}

const BLOCK = 16;
