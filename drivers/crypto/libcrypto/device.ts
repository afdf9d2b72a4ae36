import { CryptoError } from "../../../core/crypto/engine.ts";
import { CryptoRequests, EINVAL, MOST_SEGMENTS, type SegmentColumns } from "../../../core/crypto/requests.ts";
import { addressOf, bytes, libc } from "../../sys/libc.ts";
import type { CryptoDevice, OfferedAlgorithm } from "../device.ts";
import { inOnePiece } from "../segments.ts";
import { SOFTWARE_ALGORITHMS, type SoftwareAlgorithm } from "./algorithms.ts";
import { bytesIn, bytesOut, type Context } from "./context.ts";
import type { Evp } from "./evp.ts";
import { libcrypto } from "./library.ts";
import { evpContext } from "./make_context.ts";
import { COPY_FROM, COPY_TO, DESTINATION, Pointers, SOURCE } from "./pointers.ts";

/**
 * libcrypto as a device.
 *
 * Overview    `start` keeps a row, `poll` carries out what was kept: to its users it is as asynchronous as any card, so
 *             that nobody comes to rely on a request that is done at once. Bytes in one piece on both sides are worked
 *             on where they lie; others are gathered, worked on and scattered.
 * Ownership   the thread that made it.
 * Limits      DEPTH rows between two polls; requests of at most a megabyte.
 */
export class SoftwareDevice implements CryptoDevice {
  readonly name = "software";
  readonly algorithms: readonly (OfferedAlgorithm & SoftwareAlgorithm)[];
  readonly descriptor = -1;
  readonly #evp: Evp;
  readonly #contexts: (Kept | undefined)[] = [];
  readonly #rows = new Int32Array(DEPTH);
  readonly #rowContexts = new Int32Array(DEPTH);
  readonly #regions = new Float64Array(256);
  #staging = bytes(0);
  readonly #stagingAddress = new Float64Array(1);
  #requests = new CryptoRequests(0);
  #first = 0;
  outstanding = 0;
  /** Requests carried out, and those of them that had to be gathered. */
  #carriedOut = 0;
  #gathered = 0;

  /** @throws CryptoError where libcrypto.so.3 is missing. */
  constructor() {
    const library = libcrypto();
    if (library === undefined) throw new CryptoError("libcrypto.so.3 cannot be loaded (package libssl3)");
    this.#evp = { library, pointers: new Pointers() };
    this.algorithms = SOFTWARE_ALGORITHMS.map((algorithm) => ({
      ...algorithm,
      driverName: `${algorithm.stem}-libcrypto`,
      priority: 200,
    }));
  }

  attach(requests: CryptoRequests): void {
    this.#requests = requests;
    this.#regions.fill(0);
  }

  open(algorithm: OfferedAlgorithm, key: Uint8Array, tagSize: number): number {
    const own = this.algorithms.find(({ driverName }) => driverName === algorithm.driverName);
    if (own === undefined) throw new CryptoError(`software has no ${algorithm.name}`);
    if (tagSize > own.tagSize) throw new CryptoError(`a tag of ${own.name} has at most ${own.tagSize} bytes`);
    const free = this.#contexts.indexOf(undefined), number = free < 0 ? this.#contexts.length : free;
    this.#contexts[number] = { algorithm: own, tagSize, context: evpContext(this.#evp, own, key, tagSize) };
    return number;
  }

  close(context: number): void {
    this.#contexts[context]!.context.close();
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
  carryOut(row: number, number: number): number {
    const { algorithm, tagSize, context } = this.#contexts[number]!;
    const requests = this.#requests, { sources, destinations } = requests;
    const read = bytesIn(algorithm, requests, row, tagSize),
      write = bytesOut(algorithm, requests, row, tagSize);
    const { places } = this.#evp.pointers, regions = this.#regions;
    if (inOnePiece(sources, row, read) && inOnePiece(destinations, row, write)) {
      const at = row * MOST_SEGMENTS, from = sources.region[at]!, to = destinations.region[at]!;
      if (regions[from] === 0) this.#learn(from);
      if (regions[to] === 0) this.#learn(to);
      places[SOURCE] = regions[from]! + sources.offset[at]!;
      places[DESTINATION] = regions[to]! + destinations.offset[at]!;
      return context.run(requests, row);
    }
    if (destinations.bytes(row) < write) return EINVAL;
    const room = Math.max(read, write, 1);
    if (this.#staging.length < room) {
      this.#staging = bytes(Math.max(room, 65536 + 64));
      this.#stagingAddress[0] = addressOf(this.#staging);
    }
    if (!this.#copy(sources, row, read, COPY_FROM, COPY_TO)) return EINVAL;
    this.#gathered++;
    places[SOURCE] = places[DESTINATION] = this.#stagingAddress[0]!;
    const result = context.run(requests, row);
    if (result === 0) this.#copy(destinations, row, write, COPY_TO, COPY_FROM);
    return result;
  }

  /**
   * `gather` and `scatter` by libc: views for each piece would be garbage. `own` and `staged` say which end of the copy is
   * the row's. False where segments end before.
   */
  #copy(segments: SegmentColumns, row: number, most: number, own: number, staged: number): boolean {
    const { pointers } = this.#evp, { places } = pointers, regions = this.#regions;
    let left = most, done = 0;
    for (let at = row * MOST_SEGMENTS, end = at + segments.count[row]!; at < end && left > 0; at++) {
      const length = Math.min(left, segments.length[at]!), region = segments.region[at]!;
      if (length === 0) continue;
      if (regions[region] === 0) this.#learn(region);
      places[own] = regions[region]! + segments.offset[at]!;
      places[staged] = this.#stagingAddress[0]! + done;
      libc.memmove(pointers.from(COPY_TO, 0), pointers.from(COPY_FROM, 0), length);
      done += length;
      left -= length;
    }
    return left === 0;
  }

  #learn(region: number): void {
    this.#regions[region] = addressOf(this.#requests.memory[region] as Uint8Array<ArrayBuffer>);
  }

  reset(): boolean {
    this.outstanding = 0;
    return true;
  }

  describe(): string {
    return `software: libcrypto, ${this.#carriedOut} requests, ${this.#gathered} of them in pieces`;
  }

  shutdown(): void {
    for (const [number, kept] of this.#contexts.entries()) if (kept !== undefined) this.close(number);
  }
}

interface Kept {
  readonly algorithm: SoftwareAlgorithm;
  readonly tagSize: number;
  readonly context: Context;
}

/** Rows kept between two polls. */
const DEPTH = 256;
