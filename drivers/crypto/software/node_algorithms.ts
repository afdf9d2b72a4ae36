import { authencKey } from "../../../core/crypto/authenc_key.ts";
import { CryptoError } from "../../../core/crypto/engine.ts";
import { type Ciphers, SOFTWARE_ALGORITHMS, type SoftwareAlgorithm } from "../libcrypto/algorithms.ts";
import type { OfferedAlgorithm } from "../device.ts";
import {
  aeadMode,
  authencMode,
  cipherMode,
  essivMode,
  hashMode,
  type NodeMode,
  textCipher,
  xtsMode,
} from "./node_modes.ts";

/** What this runtime's node:crypto can do of the software algorithms: each key size is tried once. */
export function nodeAlgorithms(): (OfferedAlgorithm & SoftwareAlgorithm)[] {
  return SOFTWARE_ALGORITHMS.flatMap((algorithm) => {
    const named = { ...algorithm, driverName: `${algorithm.stem}-node`, priority: 100 };
    const { recipe } = algorithm;
    if (recipe.mode === "hash" || recipe.mode === "hmac") {
      return works(named, new Uint8Array(16)) ? [named] : [];
    }
    if (recipe.mode === "authenc") {
      return sizes(recipe.ciphers).some((size) => works(named, attributed(size))) ? [named] : [];
    }
    const keySizes = algorithm.keySizes.filter((size) => works(named, new Uint8Array(size)));
    return keySizes.length === 0 ? [] : [{ ...named, keySizes }];
  });
}

const sizes = (ciphers: Ciphers): number[] => [...ciphers.keys()];

/** An authenc key of nothing: its attribute, 16 bytes of zeros, a cipher's key of `size`. */
function attributed(size: number): Uint8Array {
  const key = new Uint8Array(8 + 16 + size);
  key.set([8, 0, 1, 0, 0, 0, 0, size]);
  return key;
}

function works(algorithm: SoftwareAlgorithm, key: Uint8Array): boolean {
  const length = Math.max(16, algorithm.blockSize), assoc = algorithm.kind === "aead" ? 12 : 0;
  try {
    const mode = nodeMode(algorithm, key, algorithm.tagSize);
    return mode.run(true, new Uint8Array(16), new Uint8Array(assoc + length + 64), assoc, length) === 0;
  } catch {
    return false;
  }
}

/** @throws CryptoError where the key does not fit. */
export function nodeMode({ recipe }: SoftwareAlgorithm, key: Uint8Array, tagSize: number): NodeMode {
  switch (recipe.mode) {
    case "cipher":
      if (recipe.split !== undefined) return xtsMode(nameOf(recipe.split, key.length / 2), key);
      return cipherMode(salted(recipe.ciphers, key, recipe.salt ?? 0));
    case "essiv":
      return essivMode(nameOf(recipe.ciphers, key.length), nameOf(recipe.blocks, 32), recipe.hash, key);
    case "aead": {
      const own = key.slice(0, key.length - recipe.salt);
      return aeadMode(nameOf(recipe.ciphers, own.length), own, tagSize, recipe.hidden);
    }
    case "authenc": {
      const { authentication, encryption } = authencKey(key);
      const cipher = salted(recipe.ciphers, encryption, recipe.salt ?? 0);
      return authencMode(cipher, recipe, authentication, tagSize);
    }
    case "hmac":
      return hashMode(recipe.hash, key, tagSize);
    case "hash":
      return hashMode(recipe.hash, undefined, tagSize);
  }
}

function salted(ciphers: Ciphers, key: Uint8Array, salt: number) {
  const own = key.slice(0, Math.max(0, key.length - salt));
  return textCipher(nameOf(ciphers, own.length), own);
}

function nameOf(ciphers: Ciphers, size: number): string {
  const name = ciphers.get(size);
  if (name === undefined) throw new CryptoError(`a key has ${sizes(ciphers).join(", ")} bytes, not ${size}`);
  return name;
}
