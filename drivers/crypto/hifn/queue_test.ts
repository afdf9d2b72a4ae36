import assert from "node:assert/strict";
import { IN_PROGRESS, NOTICE_DONE } from "../../../core/crypto/engine.ts";
import type { CryptoRequests } from "../../../core/crypto/requests.ts";
import { below, SeededRandom } from "../../../core/random.ts";
import { clock } from "../../sys/clock.ts";
import type { CryptoDevice, OfferedAlgorithm } from "../device.ts";
import { libcrypto } from "../libcrypto/library.ts";
import { Notices } from "../notices.ts";
import { DeviceQueue } from "../queue.ts";
import { corpora, corpusVectors } from "../vectors/corpora.ts";
import { PUBLISHED } from "../vectors/published.ts";
import { runVectors } from "../vectors/run.ts";
import { HifnDevice } from "./device.ts";
import { RING_SIZES } from "./test_desk.ts";

libcrypto();
const SEED = Number(Deno.env.get("WEIR_SEED") ?? 20080506);
const vectors = corpora() === undefined ? PUBLISHED : corpusVectors();

/** A device and the queue before it, as a device: known answers run through both. */
class QueuedDevice implements CryptoDevice {
  readonly name: string;
  readonly algorithms: readonly OfferedAlgorithm[];
  readonly descriptor = -1;
  readonly #device: CryptoDevice;
  readonly #limit: number;
  #notices = new Notices(0);
  #queue: DeviceQueue | undefined;
  outstanding = 0;

  constructor(device: CryptoDevice, limit: number) {
    this.name = device.name;
    this.algorithms = device.algorithms;
    this.#device = device;
    this.#limit = limit;
  }
  attach(requests: CryptoRequests): void {
    this.#notices = new Notices(requests.capacity);
    this.#queue = new DeviceQueue(this.#device, requests, this.#notices, {
      clock,
      limit: this.#limit,
      patience: 20_000,
    });
  }
  open(algorithm: OfferedAlgorithm, key: Uint8Array, tagSize: number): number {
    return this.#device.open(algorithm, key, tagSize);
  }
  close(context: number): void {
    this.#device.close(context);
  }
  start(row: number, context: number): boolean {
    assert.equal(this.#queue!.submit(row, context, true), IN_PROGRESS);
    this.outstanding++;
    return true;
  }
  poll(rows: Int32Array): number {
    let count = 0;
    this.#queue!.poll();
    for (let notice = this.#notices.next(); notice >= 0; notice = this.#notices.next()) {
      assert.equal(notice & 1, NOTICE_DONE);
      rows[count++] = notice >> 1;
    }
    this.outstanding -= count;
    return count;
  }
  reset(): boolean {
    return this.#device.reset();
  }
  describe(): string {
    return this.#device.describe();
  }
  shutdown(): void {
    this.#device.shutdown();
  }
}

for (const [rings, sizes] of RING_SIZES) {
  for (const limit of [1, 23]) {
    Deno.test(`hifn with rings of ${rings} behind a queue of ${limit}: every known answer, whole and in pieces`, () => {
      const random = new SeededRandom(SEED), device = new QueuedDevice(new HifnDevice({ sizes }), limit);
      const whole = runVectors(device, vectors);
      const pieces = runVectors(device, vectors, (total) => {
        const lengths: number[] = [];
        for (let left = total; left > 0;) {
          const length = lengths.length === 15 ? left : Math.min(left, below(random, 40));
          lengths.push(length);
          left -= length;
        }
        return lengths;
      });
      const description = device.describe();
      device.shutdown();
      assert.deepEqual([...whole.failures, ...pieces.failures], [], `seed ${SEED}`);
      assert.ok(whole.passed > 10 && pieces.passed === whole.passed);
      assert.match(description, / 0\/0\/0\/0 in use/);
    });
  }
}
