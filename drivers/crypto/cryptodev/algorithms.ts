import type { OfferedAlgorithm } from "../device.ts";
import * as id from "./ioctl.ts";

/** An algorithm of /dev/crypto: how it is asked for, and who in the kernel answered. */
export interface NodeAlgorithm extends OfferedAlgorithm, Recipe {
  /** Of the session's driver: source, destination and iv begin at multiples of `alignmask + 1`. */
  readonly alignmask: number;
}

/** How a request becomes one of the ioctls. */
export interface Recipe {
  /** CRYPTO_* of struct session_op; 0: none. */
  readonly cipher: number;
  readonly mac: number;
  /** Bytes at the key's end that go before the iv. */
  readonly salt: number;
  /** RFC 3686: a block counter that begins with 1 behind the iv. */
  readonly counter: boolean;
  /** Bytes at the end of the associated data that are the iv once more and not authenticated. */
  readonly hidden: number;
}

export type Wanted = Omit<NodeAlgorithm, "driverName" | "alignmask" | "priority">;

const AES: readonly number[] = [16, 24, 32];
const SALTED: readonly number[] = [20, 28, 36];
const COMMON = { alignment: 1, mostBytes: 65536 } as const;
const PLAIN = { cipher: 0, mac: 0, salt: 0, counter: false, hidden: 0 } as const;

/**
 * What this driver asks for. Of the combined modes only plain AEAD has the kernel's semantics: the TLS one authenticates
 * the plain text and pads, the SRTP one refuses texts shorter than their tag.
 */
export const WANTED: readonly Wanted[] = [
  cipher("ecb(aes)", 16, 0, AES, { cipher: id.CRYPTO_AES_ECB }),
  cipher("cbc(aes)", 16, 16, AES, { cipher: id.CRYPTO_AES_CBC }),
  cipher("ctr(aes)", 1, 16, AES, { cipher: id.CRYPTO_AES_CTR }),
  cipher("rfc3686(ctr(aes))", 1, 8, SALTED, { cipher: id.CRYPTO_AES_CTR, salt: 4, counter: true }),
  cipher("xts(aes)", 16, 16, [32, 48, 64], { cipher: id.CRYPTO_AES_XTS }),
  cipher("cbc(des3_ede)", 8, 8, [24], { cipher: id.CRYPTO_3DES_CBC }),
  aead("gcm(aes)", 12, AES, { cipher: id.CRYPTO_AES_GCM }),
  aead("rfc4106(gcm(aes))", 8, SALTED, { cipher: id.CRYPTO_AES_GCM, salt: 4, hidden: 8 }),
  hash("sha1", 64, 20, id.CRYPTO_SHA1),
  hash("sha224", 64, 28, id.CRYPTO_SHA2_224),
  hash("sha256", 64, 32, id.CRYPTO_SHA2_256),
  hash("sha384", 128, 48, id.CRYPTO_SHA2_384),
  hash("sha512", 128, 64, id.CRYPTO_SHA2_512),
  hash("hmac(sha1)", 64, 20, id.CRYPTO_SHA1_HMAC),
  hash("hmac(sha224)", 64, 28, id.CRYPTO_SHA2_224_HMAC),
  hash("hmac(sha256)", 64, 32, id.CRYPTO_SHA2_256_HMAC),
  hash("hmac(sha384)", 128, 48, id.CRYPTO_SHA2_384_HMAC),
  hash("hmac(sha512)", 128, 64, id.CRYPTO_SHA2_512_HMAC),
];

/** A key to try an algorithm with; its halves and thirds differ, as xts and 3DES may demand. */
export const trialKey = ({ name, keySizes }: Wanted): Uint8Array =>
  Uint8Array.from(
    { length: keySizes[0] ?? (name.startsWith("hmac") ? 20 : 0) },
    (_, i) => i * 7 + 1 & 0xff,
  );

/** The kernel's name for who does it, ours behind: other devices may reach the same driver. Ours alone where it has none. */
export function driverName({ name, salt }: Wanted, driver: string): string {
  const derived = salt > 0 ? `${name.slice(0, name.indexOf("("))}-` : "";
  return `${driver === "" ? name : derived + driver}-cryptodev`;
}

/** A card is worth its way; the kernel's own code is not, as libcrypto does the same without calls. */
export const priorityOf = (kernelDriverOnly: boolean): number => kernelDriverOnly ? 350 : 140;

function cipher(
  name: string,
  blockSize: number,
  ivSize: number,
  keySizes: readonly number[],
  recipe: Partial<Recipe>,
): Wanted {
  return { ...COMMON, ...PLAIN, name, kind: "cipher", blockSize, ivSize, keySizes, tagSize: 0, ...recipe };
}

function aead(name: string, ivSize: number, keySizes: readonly number[], recipe: Partial<Recipe>): Wanted {
  return { ...COMMON, ...PLAIN, name, kind: "aead", blockSize: 1, ivSize, keySizes, tagSize: 16, ...recipe };
}

function hash(name: string, blockSize: number, tagSize: number, mac: number): Wanted {
  return { ...COMMON, ...PLAIN, name, kind: "hash", blockSize, ivSize: 0, keySizes: [], tagSize, mac };
}
