import { below, type Random } from "../../core/random.ts";
import { type CryptoRequests, EIO } from "../../core/crypto/requests.ts";
import type { CryptoDevice, OfferedAlgorithm } from "./device.ts";

/**
 * A device before another one that goes wrong as hardware does: full rings, completions that are late, in another
 * order or errors, and hangs. What it answers with an error it has not touched.
 */
export class FaultyDevice implements CryptoDevice {
  readonly name: string;
  readonly algorithms: readonly OfferedAlgorithm[];
  readonly descriptor = -1;
  /** Completions are kept back. */
  held = false;
  /** Nothing is finished any more, until the next reset. */
  hangs = false;
  /** All faults at random. */
  faulty = false;
  readonly #device: CryptoDevice;
  readonly #random: Random;
  readonly #room: number;
  readonly #finished: number[] = [];
  readonly #rows = new Int32Array(1);
  #kept: { row: number; context: number }[] = [];
  #requests: CryptoRequests | undefined;

  constructor(device: CryptoDevice, random: Random, room: number, name?: string) {
    this.#device = device;
    this.#random = random;
    this.#room = room;
    this.name = name ?? device.name;
    this.algorithms = name === undefined ? device.algorithms : device.algorithms.map((algorithm) => ({
      ...algorithm,
      driverName: algorithm.driverName.replace(/libcrypto$/, name),
      priority: 300,
    }));
  }

  attach(requests: CryptoRequests): void {
    this.#requests = requests;
    this.#device.attach(requests);
  }

  open(algorithm: OfferedAlgorithm, key: Uint8Array, tagSize: number): number {
    const own = this.#device.algorithms[this.algorithms.indexOf(algorithm)]!;
    return this.#device.open(own, key, tagSize);
  }

  close(context: number): void {
    this.#device.close(context);
  }

  get outstanding(): number {
    return this.#kept.length;
  }

  start(row: number, context: number): boolean {
    if (this.#kept.length >= this.#room || (this.faulty && below(this.#random, 20) === 0)) return false;
    this.#kept.push({ row, context });
    return true;
  }

  poll(rows: Int32Array): number {
    if (this.faulty && below(this.#random, 3000) === 0) this.hangs = true;
    if (this.held || this.hangs) return 0;
    let count = 0;
    while (this.#kept.length > 0 && count < rows.length) {
      // late: some other time
      if (this.faulty && below(this.#random, 4) === 0) break;
      const at = this.faulty ? below(this.#random, this.#kept.length) : 0;
      const [{ row, context }] = this.#kept.splice(at, 1) as [{ row: number; context: number }];
      if (this.faulty && below(this.#random, 100) === 0) this.#requests!.result[row] = EIO;
      else {
        this.#device.start(row, context);
        this.#device.poll(this.#rows);
      }
      rows[count++] = row;
    }
    return count;
  }

  reset(): boolean {
    this.#kept = [];
    this.#finished.length = 0;
    this.hangs = false;
    return this.#device.reset();
  }

  describe(): string {
    return `${this.name}: faulty`;
  }

  shutdown(): void {
    this.#device.shutdown();
  }
}
