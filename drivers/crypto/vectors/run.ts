import { CryptoError } from "../../../core/crypto/engine.ts";
import { CryptoRequests, DECRYPT, EBADMSG, ENCRYPT } from "../../../core/crypto/requests.ts";
import type { CryptoDevice } from "../device.ts";
import type { Vector } from "./vector.ts";

/** How bytes are cut into segments: lengths that add up to `total`. One piece unless told otherwise. */
export type Cutting = (total: number) => readonly number[];

export interface VectorOutcome {
  /** Vectors that ran, both ways where there are two. */
  readonly passed: number;
  /** Of algorithms the device has not. */
  readonly notOffered: number;
  /** What went wrong, a line each. */
  readonly failures: readonly string[];
}

/**
 * Runs known answers through a device that nothing else uses: encrypting and decrypting, source and destination cut as
 * told, with canaries behind every segment.
 */
export function runVectors(
  device: CryptoDevice,
  vectors: readonly Vector[],
  cut: Cutting = (total) => [total],
): VectorOutcome {
  const bench = new VectorBench(device, cut), failures: string[] = [];
  let passed = 0, notOffered = 0;
  for (const vector of vectors) {
    const offered = device.algorithms.find((algorithm) => algorithm.name === vector.algorithm);
    if (offered === undefined) {
      notOffered++;
      continue;
    }
    const failure = bench.run(vector, offered);
    if (failure === undefined) passed++;
    else failures.push(`${device.name}: ${vector.name} (${vector.algorithm}): ${failure}`);
  }
  return { passed, notOffered, failures };
}

const CANARY = 0xc5;
const GAP = 3;

class VectorBench {
  readonly #device: CryptoDevice;
  readonly #requests = new CryptoRequests(4);
  readonly #memory = new Uint8Array(new SharedArrayBuffer(1 << 20));
  readonly #cut: Cutting;
  readonly #done = new Int32Array(4);

  constructor(device: CryptoDevice, cut: Cutting) {
    this.#device = device;
    this.#cut = cut;
    this.#requests.addRegion(this.#memory);
    device.attach(this.#requests);
  }

  run(vector: Vector, offered: CryptoDevice["algorithms"][number]): string | undefined {
    let context: number;
    try {
      context = this.#device.open(offered, vector.key, vector.tagSize);
    } catch (error) {
      if (!(error instanceof CryptoError)) throw error;
      return vector.badKey === true ? undefined : `key refused: ${error.message}`;
    }
    try {
      if (vector.badKey === true) return "a key that must be refused was taken";
      const { assoc, plain, sealed, forged = false } = vector;
      if (vector.kind === "hash") {
        return this.#once(context, vector, ENCRYPT, plain, sealed, forged ? "other" : 0);
      }
      const open = join(assoc, plain), shut = join(assoc, sealed);
      return (forged ? undefined : this.#once(context, vector, ENCRYPT, open, shut, 0)) ??
        this.#once(context, vector, DECRYPT, shut, open, forged ? EBADMSG : 0);
    } finally {
      this.#device.close(context);
    }
  }

  /** One request; what is wrong with its outcome. `other`: any bytes but those. */
  #once(
    context: number,
    vector: Vector,
    direction: number,
    source: Uint8Array,
    wanted: Uint8Array,
    result: number | "other",
  ): string | undefined {
    const requests = this.#requests, row = requests.take();
    try {
      this.#memory.fill(CANARY);
      requests.direction[row] = direction;
      requests.assoc[row] = vector.assoc.length;
      requests.length[row] = vector.plain.length;
      requests.iv.fill(0, row * 16, row * 16 + 16);
      requests.iv.set(vector.iv.subarray(0, 16), row * 16);
      const behind = this.#place(source, 64, (at, length) => requests.addSource(row, 0, at, length), true);
      const pieces: [number, number][] = [];
      this.#place(wanted, behind + 4096, (at, length) => {
        pieces.push([at, length]);
        return requests.addDestination(row, 0, at, length);
      }, false);
      if (!this.#device.start(row, context)) return "no room for a single request";
      if (!this.#wait(row)) return "no completion";
      const way = direction === ENCRYPT ? "encrypting" : "decrypting", got = requests.result[row]!;
      if (result !== "other" && got !== result) return `${way}: result ${got} instead of ${result}`;
      if (got !== 0) return undefined;
      let at = 0, same = true;
      for (const [start, length] of pieces) {
        for (let i = 0; i < length; i++) same &&= this.#memory[start + i] === wanted[at + i];
        at += length;
        for (let i = 0; i < GAP; i++) {
          if (this.#memory[start + length + i] !== CANARY) return `${way}: written past a segment`;
        }
      }
      return same === (result !== "other") ? undefined : `${way}: other bytes`;
    } finally {
      requests.free(row);
    }
  }

  /** Lays bytes out in segments with gaps between; where the last one ends. */
  #place(
    data: Uint8Array,
    at: number,
    add: (at: number, length: number) => boolean,
    write: boolean,
  ): number {
    let from = 0;
    for (const length of this.#cut(data.length)) {
      if (write) this.#memory.set(data.subarray(from, from + length), at);
      add(at, length);
      from += length;
      at += length + GAP;
    }
    return at;
  }

  #wait(row: number): boolean {
    for (const end = performance.now() + 20_000; performance.now() < end;) {
      const count = this.#device.poll(this.#done);
      for (let i = 0; i < count; i++) if (this.#done[i] === row) return true;
    }
    return false;
  }
}

function join(first: Uint8Array, second: Uint8Array): Uint8Array {
  const result = new Uint8Array(first.length + second.length);
  result.set(first);
  result.set(second, first.length);
  return result;
}
