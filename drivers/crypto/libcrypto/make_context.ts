import { authencKey } from "../../../core/crypto/authenc_key.ts";
import { AeadContext } from "./aead_context.ts";
import type { Ciphers, SoftwareAlgorithm } from "./algorithms.ts";
import { AuthencContext } from "./authenc_context.ts";
import { CipherContext } from "./cipher_context.ts";
import { BlockCipher, EssivCipher, SaltedCipher } from "./ciphers.ts";
import type { Context } from "./context.ts";
import type { Evp } from "./evp.ts";
import { HashContext, Hmac, HmacContext } from "./hash_context.ts";
import { XtsContext } from "./xts.ts";

/** @throws CryptoError where the key does not fit. */
export function evpContext(
  evp: Evp,
  algorithm: SoftwareAlgorithm,
  key: Uint8Array,
  tagSize: number,
): Context {
  const { recipe, ivSize } = algorithm;
  switch (recipe.mode) {
    case "cipher":
      if (recipe.split !== undefined && recipe.ciphers.has(key.length) && needsOwnXts(key)) {
        return ownXts(evp, recipe.split, key);
      }
      return new CipherContext(evp, new SaltedCipher(evp, recipe, key, ivSize));
    case "essiv":
      return new CipherContext(evp, new EssivCipher(evp, recipe, key));
    case "aead":
      return new AeadContext(evp, recipe, key, ivSize, tagSize);
    case "authenc": {
      const { authentication, encryption } = authencKey(key);
      const cipher = new SaltedCipher(evp, recipe, encryption, ivSize);
      return new AuthencContext(evp, cipher, new Hmac(evp, recipe.hash, authentication), tagSize, recipe.esn);
    }
    case "hmac":
      return new HmacContext(evp, new Hmac(evp, recipe.hash, key), tagSize);
    case "hash":
      return new HashContext(evp, recipe.hash, tagSize);
  }
}

/** Keys of XTS that libcrypto refuses: AES-192, and two equal halves. */
function needsOwnXts(key: Uint8Array): boolean {
  const half = key.length / 2;
  return key.length === 48 || key.subarray(0, half).every((byte, i) => byte === key[half + i]);
}

function ownXts(evp: Evp, blocks: Ciphers, key: Uint8Array): Context {
  const half = key.length / 2;
  const data = new BlockCipher(evp, blocks, key.subarray(0, half));
  return new XtsContext(evp, data, new BlockCipher(evp, blocks, key.subarray(half)));
}
