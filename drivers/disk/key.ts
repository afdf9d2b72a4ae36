import { createHash } from "node:crypto";

/** Hashes that make keys of passphrases, as cryptsetup's plain mode does. */
export const PASSPHRASE_HASHES = ["ripemd160", "sha256", "sha512"] as const;

/**
 * A key of `size` bytes from a passphrase. Where one digest is too short others follow, each of the passphrase behind one
 * `A` more (cryptsetup's lib/crypt_plain.c).
 */
export function passphraseKey(passphrase: Uint8Array, hash: string, size: number): Uint8Array {
  const key = new Uint8Array(size);
  for (let at = 0, round = 0; at < size; round++) {
    const digest = createHash(hash).update("A".repeat(round)).update(passphrase).digest();
    key.set(digest.subarray(0, Math.min(digest.length, size - at)), at);
    at += digest.length;
  }
  return key;
}
