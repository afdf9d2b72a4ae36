import { CryptoError } from "../../../core/crypto/engine.ts";
import type { CryptoRequests } from "../../../core/crypto/requests.ts";
import { bytes, libc } from "../../sys/libc.ts";
import type { Context } from "./context.ts";
import { type Evp, fetchDigest, NULL, writtenPointer } from "./evp.ts";
import type { Libcrypto } from "./library.ts";
import { DESTINATION, SOURCE } from "./pointers.ts";

/** HMAC with its key. */
export class Hmac {
  readonly context: Deno.PointerValue;
  readonly digest = bytes(64);
  readonly digestPointer = Deno.UnsafePointer.of(this.digest);
  readonly #library: Libcrypto;

  constructor(evp: Evp, hash: string, key: Uint8Array) {
    const { library } = evp, own = bytes(Math.max(1, key.length));
    this.#library = library;
    own.set(key);
    this.context = library.HMAC_CTX_new();
    const taken = library.HMAC_Init_ex(this.context, own, key.length, fetchDigest(evp, hash), NULL);
    own.fill(0);
    if (taken !== 1) throw new CryptoError(`libcrypto refuses the key of hmac(${hash})`);
  }

  begin(): void {
    this.#library.restart(this.context, NULL, 0, NULL, NULL);
  }

  /** The digest is in `digest`. */
  end(): void {
    this.#library.HMAC_Final(this.context, this.digestPointer, writtenPointer);
  }

  close(): void {
    this.#library.HMAC_CTX_free(this.context);
  }
}

export class HmacContext implements Context {
  readonly #evp: Evp;
  readonly #hmac: Hmac;
  readonly #tagSize: number;

  constructor(evp: Evp, hmac: Hmac, tagSize: number) {
    this.#evp = evp;
    this.#hmac = hmac;
    this.#tagSize = tagSize;
  }

  run(requests: CryptoRequests, row: number): number {
    const { library, pointers } = this.#evp, length = requests.length[row]!;
    this.#hmac.begin();
    if (length > 0) library.HMAC_Update(this.#hmac.context, pointers.from(SOURCE, 0), length);
    this.#hmac.end();
    libc.memmove(pointers.from(DESTINATION, 0), this.#hmac.digestPointer, this.#tagSize);
    return 0;
  }

  close(): void {
    this.#hmac.close();
  }
}

export class HashContext implements Context {
  readonly #evp: Evp;
  readonly #type: Deno.PointerValue;
  readonly #context: Deno.PointerValue;
  readonly #tagSize: number;
  readonly #digest = bytes(64);
  readonly #digestPointer = Deno.UnsafePointer.of(this.#digest);

  constructor(evp: Evp, hash: string, tagSize: number) {
    this.#evp = evp;
    this.#tagSize = tagSize;
    this.#type = fetchDigest(evp, hash);
    this.#context = evp.library.EVP_MD_CTX_new();
  }

  run(requests: CryptoRequests, row: number): number {
    const { library, pointers } = this.#evp, length = requests.length[row]!;
    library.EVP_DigestInit_ex(this.#context, this.#type, NULL);
    if (length > 0) library.EVP_DigestUpdate(this.#context, pointers.from(SOURCE, 0), length);
    library.EVP_DigestFinal_ex(this.#context, this.#digestPointer, writtenPointer);
    libc.memmove(pointers.from(DESTINATION, 0), this.#digestPointer, this.#tagSize);
    return 0;
  }

  close(): void {
    this.#evp.library.EVP_MD_CTX_free(this.#context);
  }
}
