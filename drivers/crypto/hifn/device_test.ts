import assert from "node:assert/strict";
import { below, SeededRandom } from "../../../core/random.ts";
import { libcrypto } from "../libcrypto/library.ts";
import { nodeAlgorithms } from "../software/node_algorithms.ts";
import { NodeDevice } from "../software/node_device.ts";
import { corpora, corpusVectors } from "../vectors/corpora.ts";
import { PUBLISHED } from "../vectors/published.ts";
import { runVectors } from "../vectors/run.ts";
import { HIFN_SIZES } from "./bus.ts";
import { HifnDevice } from "./device.ts";
import { INTERRUPTS } from "./registers.ts";
import { RING_SIZES, SteppedCard, SteppedHifn } from "./test_desk.ts";

libcrypto();
const SEED = Number(Deno.env.get("WEIR_SEED") ?? 20080506);
const vectors = corpora() === undefined ? PUBLISHED : corpusVectors();
if (corpora() === undefined) console.log("hifn: published answers alone, no vectors beside the checkout");

// Loaded once for the process, so not by the first test, which would be told that it leaks.
libcrypto();

for (const [rings, sizes] of RING_SIZES) {
  Deno.test(`hifn with rings of ${rings}: every known answer, in one piece`, () => {
    const device = new HifnDevice({ sizes });
    const { passed, notOffered, failures } = runVectors(device, vectors);
    console.log(`hifn: ${passed} vectors, ${notOffered} of algorithms not there; ${device.describe()}`);
    device.shutdown();
    assert.deepEqual(failures, []);
    assert.ok(passed > 10, `${passed} ran`);
  });

  Deno.test(`hifn with rings of ${rings}: segments cut at random, nothing written past them`, () => {
    const random = new SeededRandom(SEED), device = new HifnDevice({ sizes });
    const { failures } = runVectors(device, vectors, (total) => {
      const lengths: number[] = [];
      for (let left = total; left > 0;) {
        const length = lengths.length === 15 ? left : Math.min(left, below(random, 40));
        lengths.push(length);
        left -= length;
      }
      return lengths;
    });
    assert.match(device.describe(), / 0\/0\/0\/0 in use/);
    assert.ok(device.bus.words[INTERRUPTS]! > 0);
    device.shutdown();
    assert.deepEqual(failures, [], `seed ${SEED}`);
  });
}

Deno.test("hifn: a card with node:crypto, as where libcrypto is missing", () => {
  const card = new SteppedCard(() => new NodeDevice()),
    device = new SteppedHifn(card, HIFN_SIZES, nodeAlgorithms());
  const { passed, failures } = runVectors(device, PUBLISHED);
  device.shutdown();
  assert.deepEqual(failures, []);
  assert.ok(passed > 10, `${passed} ran`);
});

Deno.test("hifn: every mode has a driver name of its own, and sizes", () => {
  const device = new HifnDevice(), { algorithms } = device;
  const names = algorithms.map(({ driverName }) => driverName);
  device.shutdown();
  assert.equal(new Set(names).size, 12);
  assert.ok(["cbc-aes-hifn", "ecb-aes-hifn", "ctr-aes-hifn"].every((name) => names.includes(name)));
});
