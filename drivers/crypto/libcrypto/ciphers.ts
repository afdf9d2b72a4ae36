import { CryptoError } from "../../../core/crypto/engine.ts";
import type { CryptoRequests } from "../../../core/crypto/requests.ts";
import { bytes } from "../../sys/libc.ts";
import type { Ciphers, Recipe } from "./algorithms.ts";
import { NonceBuffer } from "./context.ts";
import { type Evp, fetchCipher, fetchDigest, NULL, writtenPointer } from "./evp.ts";
import type { Libcrypto } from "./library.ts";

/** A cipher with its key, once for each direction: an iv is all that a request sets. */
class KeyedCipher {
  readonly contexts: readonly [decrypt: Deno.PointerValue, encrypt: Deno.PointerValue];
  readonly #library: Libcrypto;

  constructor(evp: Evp, ciphers: Ciphers, key: Uint8Array) {
    const cipher = fetchCipher(evp, ciphers, key), own = bytes(key.length), { library } = evp;
    this.#library = library;
    own.set(key);
    const make = (encrypts: number): Deno.PointerValue => {
      const context = library.EVP_CIPHER_CTX_new();
      if (library.EVP_CipherInit_ex(context, cipher, NULL, own, NULL, encrypts) !== 1) {
        library.ERR_clear_error();
        library.EVP_CIPHER_CTX_free(context);
        throw new CryptoError("libcrypto refuses the key (XTS: its halves are equal)");
      }
      library.EVP_CIPHER_CTX_set_padding(context, 0);
      return context;
    };
    this.contexts = [make(0), make(1)];
    own.fill(0);
  }

  close(): void {
    for (const context of this.contexts) this.#library.EVP_CIPHER_CTX_free(context);
  }
}

/** A cipher whose iv is known once a request is. */
export interface IvCipher {
  /** Sets the request's iv; the context that takes its text. */
  begin(requests: CryptoRequests, row: number): Deno.PointerValue;
  close(): void;
}

export class SaltedCipher implements IvCipher {
  readonly #library: Libcrypto;
  readonly #cipher: KeyedCipher;
  readonly #nonce: NonceBuffer;
  readonly #noncePointer: Deno.PointerValue;

  constructor(
    evp: Evp,
    { ciphers, salt = 0, counter = false }: { ciphers: Ciphers; salt?: number; counter?: boolean },
    key: Uint8Array,
    ivSize: number,
  ) {
    this.#library = evp.library;
    const split = Math.max(0, key.length - salt);
    this.#cipher = new KeyedCipher(evp, ciphers, key.subarray(0, split));
    this.#nonce = new NonceBuffer(key.subarray(split), ivSize, counter);
    this.#noncePointer = Deno.UnsafePointer.of(this.#nonce.bytes);
  }

  begin(requests: CryptoRequests, row: number): Deno.PointerValue {
    this.#nonce.fill(requests, row);
    const context = this.#cipher.contexts[requests.direction[row] as 0 | 1];
    this.#library.setIv(context, NULL, NULL, NULL, this.#noncePointer, -1);
    return context;
  }

  close(): void {
    this.#cipher.close();
    this.#nonce.bytes.fill(0);
  }
}

/** Whole blocks without an iv, in place. */
export class BlockCipher {
  readonly #library: Libcrypto;
  readonly #cipher: KeyedCipher;

  constructor(evp: Evp, ciphers: Ciphers, key: Uint8Array) {
    this.#library = evp.library;
    this.#cipher = new KeyedCipher(evp, ciphers, key);
  }

  run(encrypts: boolean, data: Uint8Array<ArrayBuffer>, at: number, length: number): void {
    const pointer = Deno.UnsafePointer.of(data.subarray(at));
    this.#library.EVP_CipherUpdate(
      this.#cipher.contexts[encrypts ? 1 : 0],
      pointer,
      writtenPointer,
      pointer,
      length,
    );
  }

  close(): void {
    this.#cipher.close();
  }
}

/** ESSIV: the iv is the sector's number, encrypted with the hash of the key. */
export class EssivCipher implements IvCipher {
  readonly #library: Libcrypto;
  readonly #cipher: KeyedCipher;
  readonly #blocks: KeyedCipher;
  readonly #iv = bytes(16);
  readonly #ivPointer = Deno.UnsafePointer.of(this.#iv);

  constructor(evp: Evp, recipe: Extract<Recipe, { mode: "essiv" }>, key: Uint8Array) {
    const { library } = evp, hashed = bytes(64), own = bytes(key.length);
    this.#library = library;
    this.#cipher = new KeyedCipher(evp, recipe.ciphers, key);
    own.set(key);
    const digest = library.EVP_MD_CTX_new();
    library.EVP_DigestInit_ex(digest, fetchDigest(evp, recipe.hash), NULL);
    library.EVP_DigestUpdate(digest, Deno.UnsafePointer.of(own), own.length);
    library.EVP_DigestFinal_ex(digest, Deno.UnsafePointer.of(hashed), writtenPointer);
    library.EVP_MD_CTX_free(digest);
    this.#blocks = new KeyedCipher(evp, recipe.blocks, hashed.subarray(0, 32));
    own.fill(0);
    hashed.fill(0);
  }

  begin(requests: CryptoRequests, row: number): Deno.PointerValue {
    for (let i = 0; i < 16; i++) this.#iv[i] = requests.iv[row * 16 + i]!;
    this.#library.EVP_CipherUpdate(
      this.#blocks.contexts[1],
      this.#ivPointer,
      writtenPointer,
      this.#ivPointer,
      16,
    );
    const context = this.#cipher.contexts[requests.direction[row] as 0 | 1];
    this.#library.setIv(context, NULL, NULL, NULL, this.#ivPointer, -1);
    return context;
  }

  close(): void {
    this.#cipher.close();
    this.#blocks.close();
  }
}
