import { CryptoError } from "../../../core/crypto/engine.ts";
import { EINVAL } from "../../../core/crypto/requests.ts";
import { cstring } from "../../sys/libc.ts";
import type { Ciphers } from "./algorithms.ts";
import type { Libcrypto } from "./library.ts";
import type { Pointers } from "./pointers.ts";

/** What contexts of one device share. */
export interface Evp {
  readonly library: Libcrypto;
  readonly pointers: Pointers;
}

/** A pointer to nothing. */
export const NULL = null;

/** Where calls say how many bytes they wrote. */
const written = new Int32Array(new ArrayBuffer(8));
export const writtenPointer = Deno.UnsafePointer.of(written);
/** Bytes the last call wrote. */
export const lastWritten = (): number => written[0]!;

const fetched = new Map<string, Deno.PointerValue>();

/** @throws CryptoError where no cipher takes a key of this size. */
export function fetchCipher({ library }: Evp, ciphers: Ciphers, key: Uint8Array): Deno.PointerValue {
  const name = ciphers.get(key.length);
  if (name === undefined) {
    throw new CryptoError(`a key has ${[...ciphers.keys()].join(", ")} bytes, not ${key.length}`);
  }
  if (!fetched.has(name)) fetched.set(name, library.EVP_CIPHER_fetch(NULL, cstring(name), NULL));
  const cipher = fetched.get(name)!;
  if (cipher === null) throw new CryptoError(`libcrypto has no ${name}`);
  return cipher;
}

export function fetchDigest({ library }: Evp, name: string): Deno.PointerValue {
  if (!fetched.has(name)) fetched.set(name, library.EVP_MD_fetch(NULL, cstring(name), NULL));
  return fetched.get(name)!;
}

/** A call that failed: its error is taken off libcrypto's list. */
export function refused({ library }: Evp): number {
  library.ERR_clear_error();
  return EINVAL;
}
