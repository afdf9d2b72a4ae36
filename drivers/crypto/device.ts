import type { AlgorithmSizes } from "../../core/crypto/engine.ts";
import type { CryptoRequests } from "../../core/crypto/requests.ts";

/**
 * A crypto device as the queue sees it.
 *
 * Overview    a device offers algorithms, keeps key contexts, and carries requests out: `start` puts one into its
 *             rings, `poll` says which are through. It holds no queue of its own: what does not fit is kept by
 *             `queue.ts`, which also watches the time and calls `reset`.
 * Ownership   a row is the device's from a `start` that answered true until `poll` gave it back, or until `reset` gave it
 *             up; the device keeps what it needs to know of it by row, never by context.
 * Failure     `open` throws CryptoError; nothing else throws.
 */
export interface CryptoDevice {
  /** `hifn0`, `software`, `cryptodev`, `af_alg`. */
  readonly name: string;
  readonly algorithms: readonly OfferedAlgorithm[];
  /**
   * Rows are those of these requests from now on, whatever was attached before: the self-test's own come first, the
   * queue's next. Only while nothing is under way; contexts stay.
   */
  attach(requests: CryptoRequests): void;
  /** A key context of one of its algorithms; the device's own number for it. */
  open(algorithm: OfferedAlgorithm, key: Uint8Array, tagSize: number): number;
  close(context: number): void;
  /** Begins a request with this context. False, and nothing is changed, when its rings have no room for it now. */
  start(row: number, context: number): boolean;
  /** Rows that are through, with `result` set, put behind each other into `rows`; how many. Never blocks. */
  poll(rows: Int32Array): number;
  /** Requests begun and not given back by `poll`. */
  readonly outstanding: number;
  /**
   * After the watchdog: what is under way is given up, none of its rows comes back by `poll` any more, contexts stay. False
   * when the device is gone for good.
   */
  reset(): boolean;
  /** A descriptor that can be polled for reading when requests are through; -1 where there is none. */
  readonly descriptor: number;
  /** Lines for `weir crypto list`: what it is, ring fill, interrupts. */
  describe(): string;
  shutdown(): void;
}

export interface OfferedAlgorithm extends AlgorithmSizes {
  /** As the kernel calls it: `cbc(aes)`, `authenc(hmac(sha256),cbc(aes))`. */
  readonly name: string;
  /** Unique: `cbc-aes-hifn`. */
  readonly driverName: string;
  /** The highest that can do it is asked first; the kernel's scale: 100 generic, 300 accelerated, 4001 virtio. */
  readonly priority: number;
  /** Bytes that starts of segments are multiples of; 1: any. The queue copies what does not fit, and counts it. */
  readonly alignment: number;
  /** Most bytes of one request. */
  readonly mostBytes: number;
}
