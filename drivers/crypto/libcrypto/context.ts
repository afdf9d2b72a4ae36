import type { AlgorithmSizes } from "../../../core/crypto/engine.ts";
import type { CryptoRequests } from "../../../core/crypto/requests.ts";

/**
 * A key context of a software device. A request comes to it in one piece on each side: the places SOURCE and
 * DESTINATION of its pointers are those of associated data, text and tag behind each other, the same or apart.
 */
export interface Context {
  /** Carries a request out: 0 or a negative error number. */
  run(requests: CryptoRequests, row: number): number;
  close(): void;
}

/** Bytes a request reads. */
export function bytesIn(
  { kind }: AlgorithmSizes,
  requests: CryptoRequests,
  row: number,
  tag: number,
): number {
  const whole = requests.assoc[row]! + requests.length[row]!;
  return kind === "aead" && requests.direction[row] === 0 ? whole + tag : whole;
}

/** Bytes a request writes. */
export function bytesOut(
  { kind }: AlgorithmSizes,
  requests: CryptoRequests,
  row: number,
  tag: number,
): number {
  if (kind === "hash") return tag;
  const whole = requests.assoc[row]! + requests.length[row]!;
  return kind === "aead" && requests.direction[row] !== 0 ? whole + tag : whole;
}

/** Room for the iv a cipher takes: salt, iv, and for counters their beginning. */
export class NonceBuffer {
  readonly bytes = new Uint8Array(new ArrayBuffer(16));
  readonly #salt: number;
  readonly #ivSize: number;

  /** `counter`: RFC 3686, a block counter that begins with 1 behind the iv. */
  constructor(salt: Uint8Array, ivSize: number, counter: boolean) {
    this.bytes.set(salt);
    this.#salt = salt.length;
    this.#ivSize = ivSize;
    if (counter) this.bytes[15] = 1;
  }

  fill(requests: CryptoRequests, row: number): void {
    for (let i = 0; i < this.#ivSize; i++) this.bytes[this.#salt + i] = requests.iv[row * 16 + i]!;
  }
}
