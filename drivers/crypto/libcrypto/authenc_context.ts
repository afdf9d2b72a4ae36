import { type CryptoRequests, EBADMSG, EINVAL, ENCRYPT } from "../../../core/crypto/requests.ts";
import { libc } from "../../sys/libc.ts";
import type { IvCipher } from "./ciphers.ts";
import type { Context } from "./context.ts";
import { type Evp, lastWritten, refused, writtenPointer } from "./evp.ts";
import type { Hmac } from "./hash_context.ts";
import { DESTINATION, SOURCE } from "./pointers.ts";

/** Encrypt, then authenticate associated data and ciphertext (crypto/authenc.c, authencesn.c). */
export class AuthencContext implements Context {
  readonly #evp: Evp;
  readonly #cipher: IvCipher;
  readonly #hmac: Hmac;
  readonly #tagSize: number;
  readonly #esn: boolean;

  constructor(evp: Evp, cipher: IvCipher, hmac: Hmac, tagSize: number, esn: boolean) {
    this.#evp = evp;
    this.#cipher = cipher;
    this.#hmac = hmac;
    this.#tagSize = tagSize;
    this.#esn = esn;
  }

  run(requests: CryptoRequests, row: number): number {
    const { library, pointers } = this.#evp, assoc = requests.assoc[row]!, length = requests.length[row]!;
    if (this.#esn && assoc < 12) return EINVAL;
    const encrypts = requests.direction[row] === ENCRYPT;
    if (!encrypts) {
      this.#authenticate(SOURCE, assoc, length);
      const tag = pointers.from(SOURCE, assoc + length);
      if (library.CRYPTO_memcmp(tag, this.#hmac.digestPointer, this.#tagSize) !== 0) return EBADMSG;
    }
    if (pointers.apart && assoc > 0) {
      libc.memmove(pointers.from(DESTINATION, 0), pointers.from(SOURCE, 0), assoc);
    }
    if (length > 0) {
      const context = this.#cipher.begin(requests, row), from = pointers.from(SOURCE, assoc);
      if (
        library.EVP_CipherUpdate(context, pointers.from(DESTINATION, assoc), writtenPointer, from, length) !==
          1
      ) {
        return refused(this.#evp);
      }
      if (lastWritten() !== length) return EINVAL;
    }
    if (!encrypts) return 0;
    this.#authenticate(DESTINATION, assoc, length);
    libc.memmove(pointers.from(DESTINATION, assoc + length), this.#hmac.digestPointer, this.#tagSize);
    return 0;
  }

  /** With extended sequence numbers the upper half, between SPI and lower half, is authenticated last. */
  #authenticate(place: number, assoc: number, length: number): void {
    const { library, pointers } = this.#evp, { context } = this.#hmac;
    this.#hmac.begin();
    if (this.#esn) {
      library.HMAC_Update(context, pointers.from(place, 0), 4);
      library.HMAC_Update(context, pointers.from(place, 8), assoc - 8 + length);
      library.HMAC_Update(context, pointers.from(place, 4), 4);
    } else if (assoc + length > 0) library.HMAC_Update(context, pointers.from(place, 0), assoc + length);
    this.#hmac.end();
  }

  close(): void {
    this.#cipher.close();
    this.#hmac.close();
  }
}
