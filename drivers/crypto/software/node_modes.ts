import { createCipheriv, createDecipheriv, createHash, createHmac, timingSafeEqual } from "node:crypto";
import { EBADMSG, EINVAL } from "../../../core/crypto/requests.ts";
import type { Recipe } from "../libcrypto/algorithms.ts";
import { EcbXts, type TextCipher } from "./node_xts.ts";

/**
 * Modes by node:crypto, on one buffer in place: associated data, text, tag behind each other. Each call makes objects;
 * where libcrypto.so.3 can be loaded nobody comes here.
 */
export interface NodeMode {
  /** 0 or a negative error number. `iv` is whole: salt, iv, counter. */
  run(encrypts: boolean, iv: Uint8Array, bytes: Uint8Array, assoc: number, length: number): number;
}

export function textCipher(name: string, key: Uint8Array): TextCipher {
  const block = name.startsWith("des") ? 8 : 16, ivSize = name.endsWith("-ecb") ? 0 : block;
  const step = name.endsWith("-ctr") ? 1 : block;
  return (encrypts, iv, text) => {
    if (text.length === 0) return;
    // Before there is a cipher: one that is not brought to its end is never freed.
    if (text.length % step !== 0) throw new RangeError("the text does not end with a block");
    const start = ivSize === 0 ? null : iv.slice(0, ivSize);
    const cipher = encrypts ? createCipheriv(name, key, start) : createDecipheriv(name, key, start);
    cipher.setAutoPadding(false);
    const first = cipher.update(text.slice());
    text.set(first);
    text.set(cipher.final(), first.length);
  };
}

export const cipherMode = (cipher: TextCipher): NodeMode => ({
  run(encrypts, iv, bytes, _assoc, length) {
    cipher(encrypts, iv, bytes.subarray(0, length));
    return 0;
  },
});

/** Blocks of XTS by ECB: node:crypto has no XTS here. */
export function xtsMode(blocks: string, key: Uint8Array): NodeMode {
  const half = key.length / 2;
  const xts = new EcbXts(textCipher(blocks, key.slice(0, half)), textCipher(blocks, key.slice(half)));
  return {
    run(encrypts, iv, bytes, _assoc, length) {
      if (length === 0) return 0;
      if (length < 16) return EINVAL;
      xts.run(encrypts, iv, bytes.subarray(0, length));
      return 0;
    },
  };
}

export function essivMode(cbc: string, blocks: string, hash: string, key: Uint8Array): NodeMode {
  const cipher = textCipher(cbc, key);
  const own = textCipher(blocks, createHash(hash).update(key).digest());
  return cipherMode((encrypts, iv, text) => {
    const sector = iv.slice(0, 16);
    own(true, sector, sector);
    cipher(encrypts, sector, text);
  });
}

interface Sealing {
  setAAD(aad: Uint8Array): unknown;
  update(data: Uint8Array): Uint8Array;
  final(): Uint8Array;
  getAuthTag(): Uint8Array;
  setAuthTag(tag: Uint8Array): unknown;
}

/** `hidden` bytes at the end of the associated data are not authenticated. */
export function aeadMode(name: string, key: Uint8Array, tagSize: number, hidden: number): NodeMode {
  const open = (encrypts: boolean, iv: Uint8Array): Sealing => {
    const options = { authTagLength: encrypts || !name.endsWith("gcm") ? 16 : tagSize };
    const create = encrypts ? createCipheriv : createDecipheriv;
    return create(name as "aes-128-gcm", key, iv.slice(0, 12), options) as unknown as Sealing;
  };
  return {
    run(encrypts, iv, bytes, assoc, length) {
      if (assoc < hidden) return EINVAL;
      const cipher = open(encrypts, iv), text = bytes.subarray(assoc, assoc + length);
      const tag = bytes.subarray(assoc + length, assoc + length + tagSize);
      cipher.setAAD(bytes.slice(0, assoc - hidden));
      if (!encrypts) cipher.setAuthTag(tag.slice());
      text.set(cipher.update(text.slice()));
      if (encrypts) {
        cipher.final();
        tag.set(cipher.getAuthTag().subarray(0, tagSize));
        return 0;
      }
      try {
        cipher.final();
        return 0;
      } catch {
        text.fill(0);
        return EBADMSG;
      }
    },
  };
}

export function authencMode(
  cipher: TextCipher,
  recipe: Extract<Recipe, { mode: "authenc" }>,
  key: Uint8Array,
  tagSize: number,
): NodeMode {
  /** With extended sequence numbers their upper half, the second word, is authenticated last. */
  const digest = (bytes: Uint8Array, end: number): Uint8Array => {
    const hmac = createHmac(recipe.hash, key);
    if (!recipe.esn) return hmac.update(bytes.slice(0, end)).digest().subarray(0, tagSize);
    hmac.update(bytes.slice(0, 4)).update(bytes.slice(8, end)).update(bytes.slice(4, 8));
    return hmac.digest().subarray(0, tagSize);
  };
  return {
    run(encrypts, iv, bytes, assoc, length) {
      if (recipe.esn && assoc < 12) return EINVAL;
      const end = assoc + length, text = bytes.subarray(assoc, end), tag = bytes.subarray(end, end + tagSize);
      if (encrypts) {
        cipher(true, iv, text);
        tag.set(digest(bytes, end));
        return 0;
      }
      if (!timingSafeEqual(digest(bytes, end), tag.slice())) return EBADMSG;
      cipher(false, iv, text);
      return 0;
    },
  };
}

/** The digest is written over the text's head. */
export const hashMode = (hash: string, key: Uint8Array | undefined, tagSize: number): NodeMode => ({
  run(_encrypts, _iv, bytes, _assoc, length) {
    const state = key === undefined ? createHash(hash) : createHmac(hash, key);
    bytes.set(state.update(bytes.slice(0, length)).digest().subarray(0, tagSize));
    return 0;
  },
});
