import type { CryptoRequests } from "./requests.ts";

/**
 * What the data plane knows of crypto hardware: keys are opened as sessions, requests are handed over, and notices come
 * back. `drivers/crypto` implements it over cards, the kernel and libcrypto.
 *
 * Order       notices of different requests come in any order, whoever needs one keeps it. Of one request BUSY is
 *             followed by a notice of IN_PROGRESS before any request queued later is begun, and that by one of DONE.
 * Failure     nothing throws but `open`. Every request that was taken is done once, whatever becomes of the device.
 */
export interface CryptoEngine {
  readonly requests: CryptoRequests;
  /** Sizes of an algorithm by its name, `cbc(aes)`, or a driver's, `cbc-aes-hifn`; undefined where nobody offers it. */
  algorithm(name: string): AlgorithmSizes | undefined;
  /**
   * Opens a key: the session number for `requests.session`. `key` is laid out as the kernel's for that algorithm
   * (`authenc` ones with the rtattr of crypto_authenc_extractkeys, `rfc4106` ones with the salt behind). `tagSize`:
   * bytes of tag or digest kept, all of them unless given.
   * @throws CryptoError where nobody offers the algorithm or the key does not fit it.
   */
  open(algorithm: string, key: Uint8Array, options?: SessionOptions): number;
  /** Once no request of the session is under way. The key is wiped. */
  close(session: number): void;
  /**
   * Hands a request over: IN_PROGRESS, its notice of DONE comes later; BUSY, it waits in the backlog (only where
   * `mayWait`); FULL, nothing was taken. It is never done when this returns, whatever device did it.
   */
  submit(row: number, mayWait: boolean): Submitted;
  /** Begins what waits and takes in what devices have done; true when there are notices. Never blocks. */
  poll(): boolean;
  /** The next notice, `row * 2 + kind`, or -1. Kinds: NOTICE_IN_PROGRESS, NOTICE_DONE. */
  next(): number;
}

export interface SessionOptions {
  readonly tagSize?: number;
  /** A name for `weir crypto list`: `esp 192.0.2.1 0x1234`, `disk vault`. */
  readonly user?: string;
}

export interface AlgorithmSizes {
  readonly kind: "cipher" | "aead" | "hash";
  readonly blockSize: number;
  readonly ivSize: number;
  /** Bytes; of `authenc` the kernel's whole key with its header may be any length. Empty: hashes without a key. */
  readonly keySizes: readonly number[];
  /** Most bytes of tag or digest. */
  readonly tagSize: number;
}

export type Submitted = typeof IN_PROGRESS | typeof BUSY | typeof FULL;
export const IN_PROGRESS = 1;
export const BUSY = 2;
export const FULL = 3;

export const NOTICE_IN_PROGRESS = 0;
export const NOTICE_DONE = 1;

/** What is wrong with an algorithm's name or key, for its user. */
export class CryptoError extends Error {
  override readonly name = "CryptoError";
}
