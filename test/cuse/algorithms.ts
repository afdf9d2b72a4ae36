import { cbc192, gcm192 } from "./aes_192.ts";
import {
  aeadMode,
  cipherMode,
  hashMode,
  type NodeMode,
  textCipher,
  xtsMode,
} from "../../drivers/crypto/software/node_modes.ts";

/** A session of the served /dev/crypto: who does it, by node:crypto. */
export interface ServedAlgorithm {
  readonly name: string;
  readonly driver: string;
  readonly blockSize: number;
  readonly ivSize: number;
  /** Bytes of digest; 0 for ciphers. */
  readonly digest: number;
  readonly aead: boolean;
  readonly mode: (tagSize: number) => NodeMode;
}

/** CRYPTO_* of crypto/cryptodev.h to names; written down here once more, so that neither side's slip hides the other's. */
const CIPHERS: ReadonlyMap<number, readonly [name: string, stem: string, ivSize: number]> = new Map([
  [2, ["cbc(des3_ede)", "des-ede3-cbc", 8]],
  [11, ["cbc(aes)", "cbc", 16]],
  [21, ["ctr(aes)", "ctr", 16]],
  [22, ["xts(aes)", "xts", 16]],
  [23, ["ecb(aes)", "ecb", 0]],
  [50, ["gcm(aes)", "gcm", 12]],
]);

const HASHES: ReadonlyMap<number, readonly [hash: string, digest: number, keyed: boolean]> = new Map([
  [7, ["sha1", 20, true]],
  [14, ["sha1", 20, false]],
  [18, ["sha256", 32, true]],
  [19, ["sha384", 48, true]],
  [20, ["sha512", 64, true]],
  [103, ["sha224", 28, false]],
  [104, ["sha256", 32, false]],
  [105, ["sha384", 48, false]],
  [106, ["sha512", 64, false]],
  [107, ["sha224", 28, true]],
]);

/** Undefined where there is none of this number or the key does not fit. */
export function servedCipher(number: number, key: Uint8Array): ServedAlgorithm | undefined {
  const known = CIPHERS.get(number);
  if (known === undefined) return undefined;
  const [name, stem, ivSize] = known, aead = stem === "gcm", bits = key.length * 8;
  const blockSize = stem === "ctr" || aead ? 1 : ivSize === 8 ? 8 : 16;
  const fits = ivSize === 8 ? [24] : stem === "xts" ? [32, 48, 64] : [16, 24, 32];
  if (!fits.includes(key.length)) return undefined;
  const mode = (tagSize: number): NodeMode => {
    if (aead) return bits === 192 ? gcm192(key, tagSize) : aeadMode(`aes-${bits}-gcm`, key, tagSize, 0);
    if (stem === "xts") return xtsMode(`aes-${bits / 2}-ecb`, key);
    if (stem === "cbc" && bits === 192) return cipherMode(cbc192(key));
    return cipherMode(textCipher(ivSize === 8 ? stem : `aes-${bits}-${stem}`, key));
  };
  return {
    name,
    driver: `${name.replaceAll(/[()]+/g, "-")}served`,
    blockSize,
    ivSize,
    digest: 0,
    aead,
    mode,
  };
}

export function servedHash(number: number, key: Uint8Array): ServedAlgorithm | undefined {
  const known = HASHES.get(number);
  if (known === undefined) return undefined;
  const [hash, digest, keyed] = known, name = keyed ? `hmac(${hash})` : hash;
  const driver = `${keyed ? "hmac-" : ""}${hash}-served`;
  const mode = (): NodeMode => hashMode(hash, keyed ? key : undefined, digest);
  return { name, driver, blockSize: 1, ivSize: 0, digest, aead: false, mode };
}
