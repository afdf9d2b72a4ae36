import { CryptoError } from "./engine.ts";

/** The two keys of an `authenc` algorithm (crypto_authenc_extractkeys). */
export interface AuthencKey {
  readonly authentication: Uint8Array;
  readonly encryption: Uint8Array;
}

/**
 * An rtattr of 8 bytes (length, type CRYPTO_AUTHENC_KEYA_PARAM, both little-endian; length of the encryption key,
 * big-endian), then the authentication key, then the encryption key.
 * @throws CryptoError when it is none.
 */
export function authencKey(key: Uint8Array): AuthencKey {
  const view = new DataView(key.buffer, key.byteOffset, key.length);
  if (key.length < 8 || view.getUint16(0, true) !== 8 || view.getUint16(2, true) !== 1) {
    throw new CryptoError("the key of an authenc algorithm begins with its attribute (8 bytes)");
  }
  const length = view.getUint32(4);
  if (length > key.length - 8) throw new CryptoError("the key is shorter than its attribute says");
  return {
    authentication: key.slice(8, key.length - length),
    encryption: key.slice(key.length - length),
  };
}

/** The same, made of two keys. */
export function packAuthencKey(authentication: Uint8Array, encryption: Uint8Array): Uint8Array {
  const key = new Uint8Array(8 + authentication.length + encryption.length), view = new DataView(key.buffer);
  view.setUint16(0, 8, true);
  view.setUint16(2, 1, true);
  view.setUint32(4, encryption.length);
  key.set(authentication, 8);
  key.set(encryption, 8 + authentication.length);
  return key;
}
