import assert from "node:assert/strict";
import { below, SeededRandom } from "../../../core/random.ts";
import { corpora, corpusVectors } from "../vectors/corpora.ts";
import { runVectors } from "../vectors/run.ts";
import { SoftwareDevice } from "./device.ts";
import { libcrypto } from "./library.ts";

const ignore = libcrypto() === undefined || corpora() === undefined;
if (ignore) {
  console.log("skipped: libcrypto/device_test.ts needs libcrypto.so.3 and vectors beside the checkout");
}

Deno.test({ name: "libcrypto: every known answer, in one piece", ignore }, () => {
  const device = new SoftwareDevice();
  const { passed, notOffered, failures } = runVectors(device, corpusVectors());
  console.log(`libcrypto: ${passed} vectors, ${notOffered} of algorithms not there`);
  device.shutdown();
  assert.deepEqual(failures, []);
});

Deno.test({ name: "libcrypto: segments cut at random, nothing written past them", ignore }, () => {
  const seed = Number(Deno.env.get("WEIR_SEED") ?? 20080506), random = new SeededRandom(seed);
  const device = new SoftwareDevice();
  const { failures } = runVectors(device, corpusVectors(), (total) => {
    const lengths: number[] = [];
    for (let left = total; left > 0;) {
      const length = lengths.length === 15 ? left : Math.min(left, below(random, 40));
      lengths.push(length);
      left -= length;
    }
    return lengths;
  });
  device.shutdown();
  assert.deepEqual(failures, [], `seed ${seed}`);
});
