import { type CryptoRequests, EINVAL } from "../../../core/crypto/requests.ts";
import type { IvCipher } from "./ciphers.ts";
import type { Context } from "./context.ts";
import { type Evp, lastWritten, refused, writtenPointer } from "./evp.ts";
import { DESTINATION, SOURCE } from "./pointers.ts";

/** A cipher alone. */
export class CipherContext implements Context {
  readonly #evp: Evp;
  readonly #cipher: IvCipher;

  constructor(evp: Evp, cipher: IvCipher) {
    this.#evp = evp;
    this.#cipher = cipher;
  }

  run(requests: CryptoRequests, row: number): number {
    const { library, pointers } = this.#evp, length = requests.length[row]!;
    if (length === 0) return 0;
    const context = this.#cipher.begin(requests, row);
    const to = pointers.from(DESTINATION, 0), from = pointers.from(SOURCE, 0);
    if (library.EVP_CipherUpdate(context, to, writtenPointer, from, length) !== 1) return refused(this.#evp);
    return lastWritten() === length ? 0 : EINVAL;
  }

  close(): void {
    this.#cipher.close();
  }
}
