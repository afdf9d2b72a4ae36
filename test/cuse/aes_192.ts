import { EBADMSG } from "../../core/crypto/requests.ts";
import { type NodeMode, type TextCipher, textCipher } from "../../drivers/crypto/software/node_modes.ts";

/** Modes of AES-192 that node:crypto has not here, of those it has. */

const BLOCK = 16;

/** CBC of single blocks. */
export function cbc192(key: Uint8Array): TextCipher {
  const blocks = textCipher("aes-192-ecb", key), none = new Uint8Array();
  return (encrypts, iv, text) => {
    let before = iv.slice(0, BLOCK);
    for (let at = 0; at < text.length; at += BLOCK) {
      const block = text.subarray(at, at + BLOCK), sealed = block.slice();
      if (encrypts) xor(block, before);
      blocks(encrypts, none, block);
      if (!encrypts) xor(block, before);
      before = encrypts ? block.slice() : sealed;
    }
  };
}

/** GCM (NIST SP 800-38D) of CTR, with GHASH in whole numbers. */
export function gcm192(key: Uint8Array, tagSize: number): NodeMode {
  const blocks = textCipher("aes-192-ecb", key), counter = textCipher("aes-192-ctr", key);
  const none = new Uint8Array(), subkey = new Uint8Array(BLOCK);
  blocks(true, none, subkey);
  const h = number(subkey);
  const tagOf = (first: Uint8Array, assoc: Uint8Array, sealed: Uint8Array): Uint8Array => {
    let y = ghash(ghash(0n, assoc, h), sealed, h);
    y = times(y ^ (BigInt(assoc.length * 8) << 64n | BigInt(sealed.length * 8)), h);
    const tag = first.slice();
    blocks(true, none, tag);
    for (let i = 0; i < BLOCK; i++) tag[i]! ^= Number(y >> BigInt(120 - 8 * i) & 0xffn);
    return tag.subarray(0, tagSize);
  };
  return {
    run(encrypts, iv, bytes, assocLength, length) {
      const assoc = bytes.subarray(0, assocLength), text = bytes.subarray(assocLength, assocLength + length);
      const tag = bytes.subarray(assocLength + length, assocLength + length + tagSize);
      const first = new Uint8Array(BLOCK);
      first.set(iv.subarray(0, 12));
      first[15] = 1;
      if (!encrypts && tagOf(first, assoc, text).some((byte, i) => byte !== tag[i])) return EBADMSG;
      const second = first.slice();
      second[15] = 2;
      counter(encrypts, second, text);
      if (encrypts) tag.set(tagOf(first, assoc, text));
      return 0;
    },
  };
}

function ghash(start: bigint, bytes: Uint8Array, h: bigint): bigint {
  let y = start;
  for (let at = 0; at < bytes.length; at += BLOCK) {
    const block = new Uint8Array(BLOCK);
    block.set(bytes.subarray(at, at + BLOCK));
    y = times(y ^ number(block), h);
  }
  return y;
}

/** The product in GF(2^128), the first bit being the coefficient of 1. */
function times(x: bigint, y: bigint): bigint {
  let product = 0n, v = y;
  for (let bit = 127n; bit >= 0n; bit--) {
    if ((x >> bit & 1n) === 1n) product ^= v;
    v = (v & 1n) === 1n ? v >> 1n ^ 0xe1n << 120n : v >> 1n;
  }
  return product;
}

const number = (block: Uint8Array): bigint => block.reduce((sum, byte) => sum << 8n | BigInt(byte), 0n);

function xor(block: Uint8Array, other: Uint8Array): void {
  for (let i = 0; i < BLOCK; i++) block[i]! ^= other[i]!;
}
