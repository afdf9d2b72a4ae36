import { CryptoError } from "../../../core/crypto/engine.ts";
import { CryptoRequests, EINVAL, ENCRYPT } from "../../../core/crypto/requests.ts";
import type { CryptoDevice, OfferedAlgorithm } from "../device.ts";
import type { SoftwareAlgorithm } from "../libcrypto/algorithms.ts";
import { bytesIn, bytesOut, NonceBuffer } from "../libcrypto/context.ts";
import { gather, scatter } from "../segments.ts";
import { nodeAlgorithms, nodeMode } from "./node_algorithms.ts";
import type { NodeMode } from "./node_modes.ts";

/**
 * node:crypto as a device, where libcrypto.so.3 cannot be loaded.
 *
 * Overview    `start` keeps a row, `poll` carries out what was kept, as with libcrypto. Bytes are gathered, worked on
 *             and scattered; on failure nothing is scattered.
 * Ownership   the thread that made it.
 * Limits      DEPTH rows between two polls. It makes garbage with each request. Key sizes the runtime has not are not
 *             offered: with Deno AES-192 in CBC and GCM, and OFB.
 */
export class NodeDevice implements CryptoDevice {
  readonly name = "software";
  readonly algorithms: readonly (OfferedAlgorithm & SoftwareAlgorithm)[] = nodeAlgorithms();
  readonly descriptor = -1;
  readonly #contexts: (Kept | undefined)[] = [];
  readonly #rows = new Int32Array(DEPTH);
  readonly #rowContexts = new Int32Array(DEPTH);
  #staging = new Uint8Array(65536 + 128);
  #requests = new CryptoRequests(0);
  #first = 0;
  #carriedOut = 0;
  outstanding = 0;

  attach(requests: CryptoRequests): void {
    this.#requests = requests;
  }

  open(algorithm: OfferedAlgorithm, key: Uint8Array, tagSize: number): number {
    const own = this.algorithms.find(({ driverName }) => driverName === algorithm.driverName);
    if (own === undefined) throw new CryptoError(`node:crypto has no ${algorithm.name}`);
    if (tagSize > own.tagSize) throw new CryptoError(`a tag of ${own.name} has at most ${own.tagSize} bytes`);
    if (own.keySizes.length > 0 && !own.keySizes.includes(key.length)) {
      throw new CryptoError(`a key of ${own.name} has ${own.keySizes.join(", ")} bytes, not ${key.length}`);
    }
    const mode = nodeMode(own, key.slice(), tagSize), { recipe, ivSize } = own;
    const salt = "salt" in recipe ? key.slice(key.length - (recipe.salt ?? 0)) : new Uint8Array();
    const nonce = new NonceBuffer(salt, ivSize, "counter" in recipe && recipe.counter === true);
    const free = this.#contexts.indexOf(undefined), context = free < 0 ? this.#contexts.length : free;
    this.#contexts[context] = { algorithm: own, tagSize, mode, nonce };
    return context;
  }

  close(context: number): void {
    this.#contexts[context]!.nonce.bytes.fill(0);
    this.#contexts[context] = undefined;
  }

  start(row: number, context: number): boolean {
    if (this.outstanding === DEPTH) return false;
    const at = (this.#first + this.outstanding++) % DEPTH;
    this.#rows[at] = row;
    this.#rowContexts[at] = context;
    return true;
  }

  poll(rows: Int32Array): number {
    let count = 0;
    while (this.outstanding > 0 && count < rows.length) {
      const row = this.#rows[this.#first]!, context = this.#rowContexts[this.#first]!;
      this.#first = (this.#first + 1) % DEPTH;
      this.outstanding--;
      this.#requests.result[row] = this.carryOut(row, context);
      rows[count++] = row;
    }
    this.#carriedOut += count;
    return count;
  }

  /** One request at once: 0, or a negative error number. For who has a queue of its own. */
  carryOut(row: number, context: number): number {
    const { algorithm, tagSize, mode, nonce } = this.#contexts[context]!;
    const requests = this.#requests, length = requests.length[row]!, assoc = requests.assoc[row]!;
    const read = bytesIn(algorithm, requests, row, tagSize);
    const write = bytesOut(algorithm, requests, row, tagSize), room = Math.max(read, write) + 128;
    if (requests.destinations.bytes(row) < write) return EINVAL;
    if (this.#staging.length < room) this.#staging = new Uint8Array(room);
    if (!gather(requests, requests.sources, row, read, this.#staging)) return EINVAL;
    nonce.fill(requests, row);
    let result: number;
    try {
      result = mode.run(requests.direction[row] === ENCRYPT, nonce.bytes, this.#staging, assoc, length);
    } catch {
      // The runtime tells a length that does not fit only by an exception.
      return EINVAL;
    }
    if (result === 0) scatter(requests, requests.destinations, row, write, this.#staging);
    return result;
  }

  reset(): boolean {
    this.outstanding = 0;
    return true;
  }

  describe(): string {
    return `software: node:crypto, ${this.#carriedOut} requests`;
  }

  shutdown(): void {
    for (const [number, kept] of this.#contexts.entries()) if (kept !== undefined) this.close(number);
    this.#staging.fill(0);
  }
}

interface Kept {
  readonly algorithm: SoftwareAlgorithm;
  readonly tagSize: number;
  readonly mode: NodeMode;
  readonly nonce: NonceBuffer;
}

/** Rows kept between two polls. */
const DEPTH = 256;
