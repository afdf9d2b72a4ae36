import { type CryptoRequests, EBADMSG, EINVAL, ENCRYPT } from "../../../core/crypto/requests.ts";
import { bytes, libc } from "../../sys/libc.ts";
import type { Recipe } from "./algorithms.ts";
import { SaltedCipher } from "./ciphers.ts";
import type { Context } from "./context.ts";
import { type Evp, NULL, refused, writtenPointer } from "./evp.ts";
import { GET_TAG, SET_TAG } from "./library.ts";
import { DESTINATION, SOURCE } from "./pointers.ts";

/** GCM and ChaCha20-Poly1305. */
export class AeadContext implements Context {
  readonly #evp: Evp;
  readonly #cipher: SaltedCipher;
  readonly #hidden: number;
  readonly #tagSize: number;
  readonly #tag = bytes(16);
  readonly #tagPointer = Deno.UnsafePointer.of(this.#tag);
  readonly #spare = bytes(16);
  readonly #sparePointer = Deno.UnsafePointer.of(this.#spare);

  constructor(
    evp: Evp,
    recipe: Extract<Recipe, { mode: "aead" }>,
    key: Uint8Array,
    ivSize: number,
    tagSize: number,
  ) {
    this.#evp = evp;
    this.#cipher = new SaltedCipher(evp, recipe, key, ivSize);
    this.#hidden = recipe.hidden;
    this.#tagSize = tagSize;
  }

  run(requests: CryptoRequests, row: number): number {
    const { library, pointers } = this.#evp;
    const assoc = requests.assoc[row]!, length = requests.length[row]!, authenticated = assoc - this.#hidden;
    if (authenticated < 0) return EINVAL;
    const encrypts = requests.direction[row] === ENCRYPT, context = this.#cipher.begin(requests, row);
    // The tag first: in place it is overwritten by nothing, and apart it is where it was.
    if (!encrypts) {
      const tag = pointers.from(SOURCE, assoc + length);
      library.EVP_CIPHER_CTX_ctrl(context, SET_TAG, this.#tagSize, tag);
    }
    if (authenticated > 0) {
      library.EVP_CipherUpdate(context, NULL, writtenPointer, pointers.from(SOURCE, 0), authenticated);
    }
    if (pointers.apart && assoc > 0) {
      libc.memmove(pointers.from(DESTINATION, 0), pointers.from(SOURCE, 0), assoc);
    }
    if (
      length > 0 &&
      library.EVP_CipherUpdate(
          context,
          pointers.from(DESTINATION, assoc),
          writtenPointer,
          pointers.from(SOURCE, assoc),
          length,
        ) !== 1
    ) return refused(this.#evp);
    if (library.EVP_CipherFinal_ex(context, this.#sparePointer, writtenPointer) !== 1) {
      if (length > 0) library.OPENSSL_cleanse(pointers.from(DESTINATION, assoc), length);
      library.ERR_clear_error();
      return EBADMSG;
    }
    if (!encrypts) return 0;
    library.EVP_CIPHER_CTX_ctrl(context, GET_TAG, 16, this.#tagPointer);
    libc.memmove(pointers.from(DESTINATION, assoc + length), this.#tagPointer, this.#tagSize);
    return 0;
  }

  close(): void {
    this.#cipher.close();
  }
}
