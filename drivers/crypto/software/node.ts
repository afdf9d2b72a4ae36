import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  type Hash,
  type Hmac,
} from "node:crypto";
import { CryptoError } from "../../../core/crypto/engine.ts";
import type { Cipher, CipherName, Digest, DigestName, Primitives, Sealer } from "./primitives.ts";

/**
 * The runtime's own crypto, where libcrypto.so.3 cannot be loaded. It makes objects with every request. Modes it has
 * not (ofb, xts, ECB of triple DES) are missing from its algorithms; tags are of 16 bytes and cut to size here.
 */
export function nodeCrypto(): Primitives {
  return {
    name: "node",
    priority: 100,
    cipher: (name, key) => nodeCipher(name, key),
    sealer: (name, key, tagSize) =>
      nodeSealer(name === "gcm-aes" ? `aes-${key.length * 8}-gcm` : "chacha20-poly1305", key.slice(), tagSize),
    digest: (name, key) => new NodeDigest(name, key?.slice()),
  };
}

const CIPHERS: Partial<Record<CipherName, (bits: number) => string>> = {
  "ecb-aes": (bits) => `aes-${bits}-ecb`,
  "cbc-aes": (bits) => `aes-${bits}-cbc`,
  "ctr-aes": (bits) => `aes-${bits}-ctr`,
  "xts-aes": (bits) => `aes-${bits / 2}-xts`,
  "cbc-des3_ede": () => "des-ede3-cbc",
};

function nodeCipher(name: CipherName, given: Uint8Array): Cipher {
  const algorithm = CIPHERS[name]?.(given.length * 8), key = given.slice();
  if (algorithm === undefined) throw new CryptoError(`node:crypto has no ${name}`);
  const ivSize = name.startsWith("ecb") ? 0 : name.endsWith("des3_ede") ? 8 : 16;
  const make = (encrypts: boolean, iv: Uint8Array | null) =>
    encrypts ? createCipheriv(algorithm, key, iv) : createDecipheriv(algorithm, key, iv);
  try {
    make(true, ivSize === 0 ? null : new Uint8Array(ivSize));
  } catch {
    throw new CryptoError(`node:crypto refuses this key for ${algorithm}`);
  }
  return {
    run(encrypts, iv, source, destination, length) {
      try {
        const cipher = make(encrypts, ivSize === 0 ? null : iv.slice(0, ivSize));
        cipher.setAutoPadding(false);
        const first = cipher.update(source.slice(0, length));
        destination.set(first);
        const last = cipher.final();
        destination.set(last, first.length);
        return first.length + last.length === length;
      } catch {
        return false;
      }
    },
    free: () => void key.fill(0),
  };
}

interface AeadCipher {
  setAAD(aad: Uint8Array, options?: { plaintextLength: number }): unknown;
  update(data: Uint8Array): Uint8Array;
  final(): Uint8Array;
  getAuthTag(): Uint8Array;
  setAuthTag(tag: Uint8Array): unknown;
}

function nodeSealer(algorithm: string, key: Uint8Array, tagSize: number): Sealer {
  const make = (seals: boolean, nonce: Uint8Array): AeadCipher => {
    // deno-lint-ignore no-explicit-any
    const options = { authTagLength: seals ? 16 : tagSize } as any;
    const create = seals ? createCipheriv : createDecipheriv;
    return create(algorithm, key, nonce.slice(0, 12), options) as unknown as AeadCipher;
  };
  return {
    seal(nonce, assoc, assocLength, source, destination, length, tag) {
      try {
        const cipher = make(true, nonce);
        cipher.setAAD(assoc.slice(0, assocLength), { plaintextLength: length });
        destination.set(cipher.update(source.slice(0, length)));
        cipher.final();
        tag.set(cipher.getAuthTag().subarray(0, tagSize));
        return true;
      } catch {
        return false;
      }
    },
    unseal(nonce, assoc, assocLength, source, destination, length, tag) {
      try {
        const cipher = make(false, nonce);
        cipher.setAuthTag(tag.slice(0, tagSize));
        cipher.setAAD(assoc.slice(0, assocLength), { plaintextLength: length });
        destination.set(cipher.update(source.slice(0, length)));
        cipher.final();
        return true;
      } catch {
        return false;
      }
    },
    free: () => void key.fill(0),
  };
}

class NodeDigest implements Digest {
  readonly #name: DigestName;
  readonly #key: Uint8Array | undefined;
  #state: Hash | Hmac | undefined;

  constructor(name: DigestName, key: Uint8Array | undefined) {
    this.#name = name;
    this.#key = key;
  }
  begin(): boolean {
    this.#state = this.#key === undefined ? createHash(this.#name) : createHmac(this.#name, this.#key);
    return true;
  }
  update(source: Uint8Array, length: number): boolean {
    this.#state!.update(source.slice(0, length));
    return true;
  }
  finish(into: Uint8Array): boolean {
    into.set(this.#state!.digest());
    return true;
  }
  free(): void {
    this.#key?.fill(0);
  }
}

