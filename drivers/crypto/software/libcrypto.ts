import { CryptoError } from "../../../core/crypto/engine.ts";
import { bytes, cstring } from "../../sys/libc.ts";
import type {
  Cipher,
  CipherName,
  Digest,
  DigestName,
  Primitives,
  Sealer,
  SealerName,
} from "./primitives.ts";

/**
 * OpenSSL 3 by FFI.
 *
 * Overview    a key is two EVP contexts, one a direction, made with the key's schedule and set back by each request's
 *             iv alone; a keyed hash is one HMAC context, set back likewise.
 * Ownership   contexts are the thread's that made them; `free` wipes the key.
 * Limits      lengths in 31 bits. No call allocates on our side.
 */
const SYMBOLS = {
  EVP_CIPHER_fetch: { parameters: ["pointer", "buffer", "pointer"], result: "pointer" },
  EVP_CIPHER_CTX_new: { parameters: [], result: "pointer" },
  EVP_CIPHER_CTX_free: { parameters: ["pointer"], result: "void" },
  EVP_CIPHER_CTX_set_padding: { parameters: ["pointer", "i32"], result: "i32" },
  EVP_CIPHER_CTX_ctrl: { parameters: ["pointer", "i32", "i32", "buffer"], result: "i32" },
  EVP_CipherInit_ex: {
    parameters: ["pointer", "pointer", "pointer", "buffer", "buffer", "i32"],
    result: "i32",
  },
  EVP_CipherUpdate: { parameters: ["pointer", "buffer", "buffer", "buffer", "i32"], result: "i32" },
  EVP_CipherFinal_ex: { parameters: ["pointer", "buffer", "buffer"], result: "i32" },
  EVP_MD_fetch: { parameters: ["pointer", "buffer", "pointer"], result: "pointer" },
  EVP_MD_CTX_new: { parameters: [], result: "pointer" },
  EVP_MD_CTX_free: { parameters: ["pointer"], result: "void" },
  EVP_DigestInit_ex: { parameters: ["pointer", "pointer", "pointer"], result: "i32" },
  EVP_DigestUpdate: { parameters: ["pointer", "buffer", "u32"], result: "i32" },
  EVP_DigestFinal_ex: { parameters: ["pointer", "buffer", "pointer"], result: "i32" },
  HMAC_CTX_new: { parameters: [], result: "pointer" },
  HMAC_CTX_free: { parameters: ["pointer"], result: "void" },
  HMAC_Init_ex: { parameters: ["pointer", "buffer", "i32", "pointer", "pointer"], result: "i32" },
  HMAC_Update: { parameters: ["pointer", "buffer", "u32"], result: "i32" },
  HMAC_Final: { parameters: ["pointer", "buffer", "pointer"], result: "i32" },
  ERR_clear_error: { parameters: [], result: "void" },
} as const;

type Library = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

/** The library, or undefined where it cannot be loaded. One a process; it stays loaded. */
export function libcrypto(path = "libcrypto.so.3"): Primitives | undefined {
  try {
    const lib = Deno.dlopen(path, SYMBOLS).symbols;
    return {
      name: "libcrypto",
      priority: 200,
      cipher: (name, key) => new EvpCipher(lib, name, key),
      sealer: (name, key, tagSize) => new EvpSealer(lib, name, key, tagSize),
      digest: (name, key) => key === undefined ? new EvpDigest(lib, name) : new HmacDigest(lib, name, key),
    };
  } catch {
    return undefined;
  }
}

const CIPHERS: Readonly<Record<CipherName | SealerName, (bits: number) => string>> = {
  "ecb-aes": (bits) => `AES-${bits}-ECB`,
  "cbc-aes": (bits) => `AES-${bits}-CBC`,
  "ctr-aes": (bits) => `AES-${bits}-CTR`,
  "ofb-aes": (bits) => `AES-${bits}-OFB`,
  "xts-aes": (bits) => `AES-${bits / 2}-XTS`,
  "cbc-des3_ede": () => "DES-EDE3-CBC",
  "ecb-des3_ede": () => "DES-EDE3-ECB",
  "gcm-aes": (bits) => `AES-${bits}-GCM`,
  "chacha20-poly1305": () => "ChaCha20-Poly1305",
};

const written = new Int32Array(new ArrayBuffer(8));
const rest = bytes(64);

function keyed(lib: Library, name: CipherName | SealerName, key: Uint8Array, encrypts: number) {
  const algorithm = CIPHERS[name](key.length * 8), cipher = lib.EVP_CIPHER_fetch(null, cstring(algorithm), null);
  if (cipher === null) throw new CryptoError(`libcrypto has no ${algorithm}`);
  const context = lib.EVP_CIPHER_CTX_new(), own = bytes(key.length);
  own.set(key);
  const ok = lib.EVP_CipherInit_ex(context, cipher, null, own, null, encrypts);
  own.fill(0);
  if (ok !== 1) {
    lib.EVP_CIPHER_CTX_free(context);
    lib.ERR_clear_error();
    throw new CryptoError(`libcrypto refuses this key for ${algorithm}`);
  }
  lib.EVP_CIPHER_CTX_set_padding(context, 0);
  return context;
}

type Buffer = Uint8Array<ArrayBuffer>;

class EvpCipher implements Cipher {
  readonly #lib: Library;
  readonly #encrypt: Deno.PointerValue;
  readonly #decrypt: Deno.PointerValue;

  constructor(lib: Library, name: CipherName, key: Uint8Array) {
    this.#lib = lib;
    this.#encrypt = keyed(lib, name, key, 1);
    this.#decrypt = keyed(lib, name, key, 0);
  }

  run(encrypts: boolean, iv: Uint8Array, source: Uint8Array, destination: Uint8Array, length: number) {
    const context = encrypts ? this.#encrypt : this.#decrypt, lib = this.#lib;
    if (lib.EVP_CipherInit_ex(context, null, null, null, iv as Buffer, -1) !== 1) return false;
    return lib.EVP_CipherUpdate(context, destination as Buffer, written, source as Buffer, length) === 1 &&
      written[0] === length;
  }

  free(): void {
    this.#lib.EVP_CIPHER_CTX_free(this.#encrypt);
    this.#lib.EVP_CIPHER_CTX_free(this.#decrypt);
  }
}

const GET_TAG = 0x10, SET_TAG = 0x11;

class EvpSealer implements Sealer {
  readonly #lib: Library;
  readonly #encrypt: Deno.PointerValue;
  readonly #decrypt: Deno.PointerValue;
  readonly #tagSize: number;

  constructor(lib: Library, name: SealerName, key: Uint8Array, tagSize: number) {
    this.#lib = lib;
    this.#tagSize = tagSize;
    this.#encrypt = keyed(lib, name, key, 1);
    this.#decrypt = keyed(lib, name, key, 0);
  }

  seal(
    nonce: Uint8Array,
    assoc: Uint8Array,
    assocLength: number,
    source: Uint8Array,
    destination: Uint8Array,
    length: number,
    tag: Uint8Array,
  ): boolean {
    const lib = this.#lib, context = this.#encrypt;
    return lib.EVP_CipherInit_ex(context, null, null, null, nonce as Buffer, -1) === 1 &&
      this.#through(context, assoc, assocLength, source, destination, length) &&
      lib.EVP_CipherFinal_ex(context, rest, written) === 1 &&
      lib.EVP_CIPHER_CTX_ctrl(context, GET_TAG, this.#tagSize, tag as Buffer) === 1;
  }

  unseal(
    nonce: Uint8Array,
    assoc: Uint8Array,
    assocLength: number,
    source: Uint8Array,
    destination: Uint8Array,
    length: number,
    tag: Uint8Array,
  ): boolean {
    const lib = this.#lib, context = this.#decrypt;
    return lib.EVP_CipherInit_ex(context, null, null, null, nonce as Buffer, -1) === 1 &&
      lib.EVP_CIPHER_CTX_ctrl(context, SET_TAG, this.#tagSize, tag as Buffer) === 1 &&
      this.#through(context, assoc, assocLength, source, destination, length) &&
      lib.EVP_CipherFinal_ex(context, rest, written) === 1;
  }

  #through(
    context: Deno.PointerValue,
    assoc: Uint8Array,
    assocLength: number,
    source: Uint8Array,
    destination: Uint8Array,
    length: number,
  ): boolean {
    const lib = this.#lib;
    if (assocLength > 0 && lib.EVP_CipherUpdate(context, null, written, assoc as Buffer, assocLength) !== 1) {
      return false;
    }
    return length === 0 ||
      lib.EVP_CipherUpdate(context, destination as Buffer, written, source as Buffer, length) === 1;
  }

  free(): void {
    this.#lib.EVP_CIPHER_CTX_free(this.#encrypt);
    this.#lib.EVP_CIPHER_CTX_free(this.#decrypt);
  }
}

class EvpDigest implements Digest {
  readonly #lib: Library;
  readonly #algorithm: Deno.PointerValue;
  readonly #context: Deno.PointerValue;

  constructor(lib: Library, name: DigestName) {
    this.#lib = lib;
    this.#algorithm = lib.EVP_MD_fetch(null, cstring(name), null);
    if (this.#algorithm === null) throw new CryptoError(`libcrypto has no ${name}`);
    this.#context = lib.EVP_MD_CTX_new();
  }
  begin(): boolean {
    return this.#lib.EVP_DigestInit_ex(this.#context, this.#algorithm, null) === 1;
  }
  update(source: Uint8Array, length: number): boolean {
    return this.#lib.EVP_DigestUpdate(this.#context, source as Buffer, length) === 1;
  }
  finish(into: Uint8Array): boolean {
    return this.#lib.EVP_DigestFinal_ex(this.#context, into as Buffer, null) === 1;
  }
  free(): void {
    this.#lib.EVP_MD_CTX_free(this.#context);
  }
}

class HmacDigest implements Digest {
  readonly #lib: Library;
  readonly #context: Deno.PointerValue;

  constructor(lib: Library, name: DigestName, key: Uint8Array) {
    this.#lib = lib;
    const algorithm = lib.EVP_MD_fetch(null, cstring(name), null);
    if (algorithm === null) throw new CryptoError(`libcrypto has no ${name}`);
    this.#context = lib.HMAC_CTX_new();
    const own = bytes(key.length + 1);
    own.set(key);
    lib.HMAC_Init_ex(this.#context, own, key.length, algorithm, null);
    own.fill(0);
  }
  begin(): boolean {
    return this.#lib.HMAC_Init_ex(this.#context, null, 0, null, null) === 1;
  }
  update(source: Uint8Array, length: number): boolean {
    return this.#lib.HMAC_Update(this.#context, source as Buffer, length) === 1;
  }
  finish(into: Uint8Array): boolean {
    return this.#lib.HMAC_Final(this.#context, into as Buffer, null) === 1;
  }
  free(): void {
    this.#lib.HMAC_CTX_free(this.#context);
  }
}
