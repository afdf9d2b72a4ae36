import { CryptoError } from "../../core/crypto/engine.ts";
import { CryptoRequests } from "../../core/crypto/requests.ts";
import type { CryptoDevice, OfferedAlgorithm } from "./device.ts";
import { fill, keyFor, prepared, SIZES } from "./speed.ts";

/**
 * Bytes from which on handing requests to `device` costs this thread less CPU time than `software` does, measured with
 * requests of SIZES: 0 where it always does, Infinity where it never does. Compared with the first cipher or AEAD both
 * offer; `cpu` is CPU time of the thread in nanoseconds, `milliseconds` what each size may take. Before the devices are
 * given to an engine: they are attached to other requests here.
 */
export function measureThreshold(
  device: CryptoDevice,
  software: CryptoDevice,
  cpu: () => number,
  milliseconds = 1,
): number {
  const mine = device.algorithms.find(({ kind, name }) =>
    kind !== "hash" && software.algorithms.some((other) => other.name === name)
  );
  if (mine === undefined) return 0;
  const its = software.algorithms.find(({ name }) => name === mine.name)!;
  let threshold = Infinity;
  try {
    // What is measured first would pay for its compilation.
    costOf(device, mine, SIZES[0]!, cpu, WARM * milliseconds);
    for (const bytes of [...SIZES].reverse()) {
      if (bytes > mine.mostBytes) continue;
      const handed = costOf(device, mine, bytes, cpu, milliseconds);
      if (handed >= costOf(software, its, bytes, cpu, milliseconds)) break;
      threshold = bytes;
    }
  } catch (error) {
    // A device that refuses the key: its self-test says why.
    if (!(error instanceof CryptoError)) throw error;
    return 0;
  }
  return threshold === SIZES[0] ? 0 : threshold;
}

/**
 * CPU nanoseconds of one request, the least of several bursts: to begin it, and to take it back once it is through.
 * Looking in vain is not counted: whoever waits for a card has something else to do, or sleeps.
 */
function costOf(
  device: CryptoDevice,
  algorithm: OfferedAlgorithm,
  bytes: number,
  cpu: () => number,
  milliseconds: number,
): number {
  const requests = prepared(new CryptoRequests(BURST), bytes), done = new Int32Array(BURST);
  device.attach(requests);
  const context = device.open(algorithm, keyFor(algorithm), algorithm.tagSize);
  for (let i = 0; i < BURST; i++) fill(requests, algorithm, bytes);
  let least = Infinity;
  const begin = performance.now();
  for (let burst = 0; burst < LEAST_BURSTS || performance.now() - begin < milliseconds; burst++) {
    let before = cpu(), begun = 0;
    while (begun < BURST && device.start(begun, context)) begun++;
    let spent = cpu() - before;
    for (let left = begun; left > 0;) {
      before = cpu();
      const count = device.poll(done);
      if (count > 0) spent += cpu() - before;
      left -= count;
      if (performance.now() - begin < PATIENCE) continue;
      device.reset();
      return Infinity;
    }
    least = Math.min(least, spent / begun);
  }
  device.close(context);
  return least;
}

/** Requests begun one behind the other. */
const BURST = 8;
const LEAST_BURSTS = 2;
/** Times `milliseconds` that code runs before it counts. */
const WARM = 20;
/** Milliseconds after which a device is taken for stuck. */
const PATIENCE = 500;
