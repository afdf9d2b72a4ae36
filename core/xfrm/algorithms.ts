import { packAuthencKey } from "../crypto/authenc_key.ts";
import { XfrmError } from "./error.ts";

/** Algorithms of a state in the kernel's names; keys with their salt behind, sizes of ICVs in bits. */
export interface StateAlgorithms {
  readonly encryption?: { readonly name: string; readonly key: Uint8Array };
  readonly authentication?: {
    readonly name: string;
    readonly key: Uint8Array;
    readonly bits?: number;
  };
  readonly aead?: { readonly name: string; readonly key: Uint8Array; readonly bits: number };
}

/** What ESP needs to know of a state's algorithms; sizes in bytes. */
export interface Transform {
  /** Name for `CryptoEngine.open`, and its key. */
  readonly algorithm: string;
  readonly key: Uint8Array;
  readonly ivSize: number;
  readonly blockSize: number;
  readonly icvSize: number;
  /** The iv must not be foreseen (CBC, RFC 3602 section 3); others must only never repeat. */
  readonly randomIv: boolean;
}

interface Encryption {
  readonly keys: readonly number[];
  readonly ivSize: number;
  readonly blockSize: number;
  readonly randomIv: boolean;
}

const CIPHERS: ReadonlyMap<string, Encryption> = new Map([
  ["cbc(aes)", { keys: [16, 24, 32], ivSize: 16, blockSize: 16, randomIv: true }],
  ["rfc3686(ctr(aes))", { keys: [20, 28, 36], ivSize: 8, blockSize: 1, randomIv: false }],
]);

const AEADS: ReadonlyMap<string, Encryption & { readonly bits: readonly number[] }> = new Map([
  ["rfc4106(gcm(aes))", {
    keys: [20, 28, 36],
    ivSize: 8,
    blockSize: 1,
    randomIv: false,
    bits: [64, 96, 128],
  }],
  ["rfc7539esp(chacha20,poly1305)", {
    keys: [36],
    ivSize: 8,
    blockSize: 1,
    randomIv: false,
    bits: [128],
  }],
]);

/** Bits of digest kept unless told (xfrm_algo.c: 96 for SHA-256, where RFC 4868 says 128), and of the whole digest. */
const DIGESTS: ReadonlyMap<string, { readonly bits: number; readonly most: number }> = new Map([
  ["hmac(sha1)", { bits: 96, most: 160 }],
  ["hmac(sha256)", { bits: 96, most: 256 }],
  ["hmac(sha384)", { bits: 192, most: 384 }],
  ["hmac(sha512)", { bits: 256, most: 512 }],
]);

/** Names xfrm_algo.c knows too. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ["aes", "cbc(aes)"],
  ["sha1", "hmac(sha1)"],
  ["sha256", "hmac(sha256)"],
  ["sha384", "hmac(sha384)"],
  ["sha512", "hmac(sha512)"],
]);

/** The kernel's name of an algorithm. */
export const algorithmName = (name: string): string => ALIASES.get(name) ?? name;

/** Bits of a digest that are sent. */
export const keptBits = ({ name, bits }: NonNullable<StateAlgorithms["authentication"]>): number =>
  bits ?? DIGESTS.get(algorithmName(name))?.bits ?? 0;

/**
 * The transform of a state's algorithms. `esn`: its packets are authenticated with 64-bit sequence numbers.
 * @throws XfrmError where they are none that ESP runs with here.
 */
export function transformOf(algorithms: StateAlgorithms, esn: boolean): Transform {
  const { aead, encryption, authentication } = algorithms;
  if (aead !== undefined) {
    if (encryption !== undefined || authentication !== undefined) {
      throw new XfrmError("a state has either one aead algorithm, or enc and auth", "aead", 0);
    }
    const found = AEADS.get(aead.name);
    if (found === undefined) throw unknown("aead", aead.name, AEADS.keys());
    checkKey("aead", aead.name, aead.key, found.keys);
    if (!found.bits.includes(aead.bits)) {
      throw new XfrmError(
        `${aead.name} has ICVs of ${found.bits.join(", ")} bits, not ${aead.bits}`,
        "aead",
        3,
      );
    }
    return { ...found, algorithm: aead.name, key: aead.key, icvSize: aead.bits / 8 };
  }
  if (encryption === undefined) throw new XfrmError("an ESP state needs enc and auth, or aead");
  const cipherName = algorithmName(encryption.name), cipher = CIPHERS.get(cipherName);
  if (cipher === undefined) throw unknown("enc", encryption.name, CIPHERS.keys());
  checkKey("enc", cipherName, encryption.key, cipher.keys);
  if (authentication === undefined) {
    throw new XfrmError(`${cipherName} alone lets packets be forged (RFC 8221): add auth`, "enc");
  }
  const digestName = algorithmName(authentication.name);
  const word = authentication.bits === undefined ? "auth" : "auth-trunc";
  const digest = DIGESTS.get(digestName);
  if (digest === undefined) throw unknown(word, authentication.name, DIGESTS.keys());
  if (authentication.key.length === 0) throw new XfrmError(`the key of ${digestName} is empty`, word, 2);
  const bits = authentication.bits ?? digest.bits;
  if (bits % 8 !== 0 || bits < 32 || bits > digest.most) {
    throw new XfrmError(
      `${digestName} is cut to 32..${digest.most} bits, whole bytes, not ${bits}`,
      word,
      3,
    );
  }
  return {
    ...cipher,
    algorithm: `${esn ? "authencesn" : "authenc"}(${digestName},${cipherName})`,
    key: packAuthencKey(authentication.key, encryption.key),
    icvSize: bits / 8,
  };
}

function checkKey(word: string, name: string, key: Uint8Array, sizes: readonly number[]): void {
  if (sizes.includes(key.length)) return;
  const bits = sizes.map((size) => size * 8).join(", ");
  throw new XfrmError(`keys of ${name} have ${bits} bits, this one has ${key.length * 8}`, word, 2);
}

const unknown = (kind: string, name: string, known: Iterable<string>): XfrmError =>
  new XfrmError(`"${name}" is no ${kind} algorithm here; there are ${[...known].join(", ")}`, kind);
