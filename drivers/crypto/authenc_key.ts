import { CryptoError } from "../../core/crypto/engine.ts";

/**
 * The two keys in the key of an `authenc` (crypto_authenc_extractkeys): an rtattr of 8 bytes, its length and type in
 * little-endian 16 bits, CRYPTO_AUTHENC_KEYA_PARAM, the cipher key's length in big-endian 32; then the hash's key, then
 * the cipher's.
 * @throws CryptoError where it is none.
 */
export function authencKeys(key: Uint8Array): { authentication: Uint8Array; encryption: Uint8Array } {
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
  if (key.length < 8 || view.getUint16(0, true) !== 8 || view.getUint16(2, true) !== 1) {
    throw new CryptoError("the key does not begin with the header of an authenc key");
  }
  const split = key.length - view.getUint32(4);
  if (split < 8) throw new CryptoError("the cipher's key is longer than the whole authenc key");
  return { authentication: key.subarray(8, split), encryption: key.subarray(split) };
}
