import assert from "node:assert/strict";
import { below, SeededRandom } from "../../../core/random.ts";
import { CryptoRequests } from "../../../core/crypto/requests.ts";
import type { CryptoDevice } from "../device.ts";
import { SoftwareDevice } from "../libcrypto/device.ts";
import { libcrypto } from "../libcrypto/library.ts";
import { corpora, corpusVectors } from "../vectors/corpora.ts";
import { runVectors } from "../vectors/run.ts";
import { CryptodevDevice } from "./device.ts";
import { CRYPTO_NODE } from "./node.ts";

/** Where there is no /dev/crypto there are no tests here: `test/cryptodev_guest_test.ts` runs this file where there is. */
if (exists(CRYPTO_NODE) && corpora() !== undefined) define();

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

function define(): void {
  const vectors = corpusVectors();

  Deno.test("/dev/crypto: every known answer, in one piece", () => {
    const device = new CryptodevDevice();
    const { passed, notOffered, failures } = runVectors(device, vectors);
    const names = device.algorithms.map(({ name }) => name).join(" ");
    const way = device.asynchronous ? "asynchronous" : "synchronous";
    console.log(
      `cryptodev on ${Deno.osRelease()}, ${Deno.env.get("WEIR_CRYPTODEV") ?? "its module"}, ${way}: ` +
        `${passed} vectors of ${names}; ${notOffered} of algorithms not there`,
    );
    console.log(`cryptodev drivers: ${device.algorithms.map(({ driverName }) => driverName).join(" ")}`);
    device.shutdown();
    assert.deepEqual(failures, []);
    assert.ok(passed > 900, `${passed} ran`);
  });

  Deno.test("/dev/crypto: segments cut at random, nothing written past them", () => {
    const seed = Number(Deno.env.get("WEIR_SEED") ?? 20080506), random = new SeededRandom(seed);
    const device = new CryptodevDevice();
    const { passed, failures } = runVectors(device, vectors, (total) => {
      const lengths: number[] = [];
      for (let left = total; left > 0;) {
        const length = lengths.length === 15 ? left : Math.min(left, below(random, 40));
        lengths.push(length);
        left -= length;
      }
      return lengths;
    });
    console.log(`cryptodev: ${passed} vectors cut at random, seed ${seed}`);
    device.shutdown();
    assert.deepEqual(failures, [], `seed ${seed}`);
  });

  Deno.test("/dev/crypto: random requests, many under way, give what libcrypto gives", {
    ignore: libcrypto() === undefined,
  }, () => {
    const seed = Number(Deno.env.get("WEIR_SEED") ?? 20080507), random = new SeededRandom(seed);
    const device = new CryptodevDevice(), software = new SoftwareDevice();
    let compared = 0;
    for (const algorithm of device.algorithms) {
      const size = algorithm.keySizes.at(-below(random, 2)) ?? 33;
      const key = Uint8Array.from({ length: size }, () => below(random, 256));
      const own = software.algorithms.find(({ name }) => name === algorithm.name)!;
      const seeds = Array.from({ length: 20 }, () => below(random, 2 ** 31));
      const shape = { kind: algorithm.kind, step: algorithm.blockSize, tag: algorithm.tagSize };
      const got = batch(device, device.open(algorithm, key, algorithm.tagSize), shape, seeds);
      const wanted = batch(software, software.open(own, key, own.tagSize), shape, seeds);
      assert.deepEqual(got.results, wanted.results, `${algorithm.name}, seed ${seed}`);
      for (const [i, bytes] of wanted.outputs.entries()) {
        assert.ok(
          got.outputs[i]!.every((byte, at) => byte === bytes[at]),
          `${algorithm.name}, request ${i}, seed ${seed}`,
        );
      }
      compared += seeds.length;
    }
    console.log(`cryptodev: ${compared} random requests as libcrypto answers them, seed ${seed}`);
    console.log(`cryptodev: ${device.describe()}`);
    device.shutdown();
    software.shutdown();
  });
}

interface Shape {
  readonly kind: string;
  /** Texts are multiples of it, but of hashes. */
  readonly step: number;
  readonly tag: number;
}

/** Encrypts a text for each seed, all begun before any is waited for; every second one in place. */
function batch(
  device: CryptoDevice,
  context: number,
  { kind, step, tag }: Shape,
  seeds: readonly number[],
): { results: number[]; outputs: Uint8Array[] } {
  const requests = new CryptoRequests(seeds.length), memory = new Uint8Array(new SharedArrayBuffer(1 << 22));
  requests.addRegion(memory);
  device.attach(requests);
  const rows: number[] = [], places: [number, number][] = [];
  let end = 0;
  for (const seed of seeds) {
    const random = new SeededRandom(seed), row = requests.take(), most = seed % 5 === 0 ? 65536 : 3000;
    const text = below(random, most), length = kind === "hash" ? text : text - text % step;
    const assoc = kind === "aead" ? 16 : 0, whole = assoc + length + tag + below(random, 7);
    const source = end, destination = seed % 2 === 0 ? source : source + whole;
    for (let i = 0; i < whole; i++) memory[source + i] = below(random, 256);
    end = destination + whole;
    requests.direction[row] = 1;
    requests.length[row] = length;
    requests.assoc[row] = assoc;
    for (let i = 0; i < 16; i++) requests.iv[row * 16 + i] = below(random, 256);
    requests.addSource(row, 0, source, whole);
    requests.addDestination(row, 0, destination, whole);
    assert.ok(device.start(row, context), "room for all");
    rows.push(row);
    places.push([destination, whole]);
  }
  const done = new Int32Array(seeds.length);
  for (let count = 0, until = performance.now() + 20000; count < seeds.length && performance.now() < until;) {
    count += device.poll(done);
  }
  assert.equal(device.outstanding, 0);
  return {
    results: rows.map((row) => requests.result[row]!),
    outputs: places.map(([at, length]) => memory.slice(at, at + length)),
  };
}
