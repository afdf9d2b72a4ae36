import { type CryptoEngine, FULL } from "../../core/crypto/engine.ts";
import { CryptoRequests, ENCRYPT } from "../../core/crypto/requests.ts";
import type { CryptoDevice, OfferedAlgorithm } from "./device.ts";
import { PUBLISHED } from "./vectors/published.ts";

/** What one way of encrypting costs. */
export interface Speed {
  readonly device: string;
  readonly algorithm: string;
  readonly bytes: number;
  /** `direct`: the device alone, one request a time; `queued`: through the engine, 32 at a time. */
  readonly way: "direct" | "queued";
  /** CPU microseconds a request of the calling thread. */
  readonly microseconds: number;
}

export const SIZES: readonly number[] = [16, 64, 256, 1024, 4096, 16384, 65536];
const BATCH = 32;

/**
 * Encrypts requests of one size for about `milliseconds` and tells what one of them costs in CPU time of this thread. A
 * device that works in a thread of its own costs less here than it does in all.
 */
export function measureDirect(
  device: CryptoDevice,
  algorithm: OfferedAlgorithm,
  bytes: number,
  cpu: () => number,
  milliseconds: number,
): Speed {
  const requests = prepared(new CryptoRequests(1), bytes), done = new Int32Array(1);
  device.attach(requests);
  const context = device.open(algorithm, keyFor(algorithm), algorithm.tagSize),
    row = fill(requests, algorithm, bytes);
  const once = (): void => {
    device.start(row, context);
    while (device.poll(done) === 0);
  };
  const microseconds = repeat(once, cpu, milliseconds);
  device.close(context);
  return { device: device.name, algorithm: algorithm.name, bytes, way: "direct", microseconds };
}

/** The same through an engine with this device alone. */
export function measureQueued(
  engine: CryptoEngine,
  device: CryptoDevice,
  algorithm: OfferedAlgorithm,
  bytes: number,
  cpu: () => number,
  milliseconds: number,
): Speed {
  const { requests } = engine;
  if (requests.memory.length === 0) prepared(requests, 65536 + 128);
  const session = engine.open(algorithm.driverName, keyFor(algorithm)), rows: number[] = [];
  for (let i = 0; i < BATCH; i++) rows.push(fill(requests, algorithm, bytes));
  for (const row of rows) requests.session[row] = session;
  const batch = (): void => {
    let left = 0;
    for (let i = 0; i < BATCH; i++) {
      while (engine.submit(rows[i]!, true) === FULL) engine.poll();
      left++;
    }
    while (left > 0) {
      engine.poll();
      for (let notice = engine.next(); notice >= 0; notice = engine.next()) if ((notice & 1) === 1) left--;
    }
  };
  const microseconds = repeat(batch, cpu, milliseconds) / BATCH;
  engine.close(session);
  for (const row of rows) requests.free(row);
  return { device: device.name, algorithm: algorithm.name, bytes, way: "queued", microseconds };
}

export function prepared(requests: CryptoRequests, bytes: number): CryptoRequests {
  requests.addRegion(new Uint8Array(new SharedArrayBuffer(bytes + 4096)));
  return requests;
}

export function fill(requests: CryptoRequests, { kind, ivSize }: OfferedAlgorithm, bytes: number): number {
  const row = requests.take(), assoc = kind === "aead" ? 16 : 0;
  requests.direction[row] = ENCRYPT;
  requests.length[row] = bytes;
  requests.assoc[row] = assoc;
  requests.iv.fill(1, row * 16, row * 16 + ivSize);
  requests.addSource(row, 0, 0, assoc + bytes);
  requests.addDestination(row, 0, 0, assoc + bytes + 64);
  return row;
}

/** A key that fits: that of the published answer. */
export const keyFor = (algorithm: OfferedAlgorithm): Uint8Array =>
  PUBLISHED.find((vector) => vector.algorithm === algorithm.name)?.key ??
    new Uint8Array(algorithm.keySizes[0] ?? 16);

/** CPU microseconds of one call: the least of five rounds. */
function repeat(once: () => void, cpu: () => number, milliseconds: number): number {
  let calls = 1, least = Infinity;
  for (let round = 0; round < 5; round++) {
    for (;;) {
      const before = cpu();
      for (let i = 0; i < calls; i++) once();
      const spent = (cpu() - before) / 1e6;
      if (spent >= milliseconds / 5 || calls > 1 << 20) {
        least = Math.min(least, spent / calls);
        break;
      }
      calls *= 2;
    }
  }
  return least * 1000;
}
