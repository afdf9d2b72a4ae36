import assert from "node:assert/strict";
import { authencKey } from "../../../core/crypto/authenc_key.ts";
import { below, SeededRandom } from "../../../core/random.ts";
import { corpora, corpusVectors } from "../vectors/corpora.ts";
import { runVectors } from "../vectors/run.ts";
import type { Vector } from "../vectors/vector.ts";
import { NodeDevice } from "./node_device.ts";

const ignore = corpora() === undefined;
if (ignore) console.log("skipped: software/node_device_test.ts needs vectors beside the checkout");

/** Vectors with keys the runtime has not are counted and left out; they must be refused. */
function runnable(device: NodeDevice): { vectors: Vector[]; refused: number } {
  const all = corpusVectors(),
    vectors = all.filter((vector) => {
      const own = device.algorithms.find(({ name }) => name === vector.algorithm);
      if (own === undefined) return true;
      if (own.recipe.mode === "authenc") {
        return authencKey(vector.key).encryption.length !== 24 || !vector.algorithm.includes("aes");
      }
      return own.keySizes.length === 0 || own.keySizes.includes(vector.key.length) || vector.badKey === true;
    });
  return { vectors, refused: all.length - vectors.length };
}

Deno.test({ name: "node:crypto: every known answer it has keys for, in one piece", ignore }, () => {
  const device = new NodeDevice(), { vectors, refused } = runnable(device);
  const { passed, notOffered, failures } = runVectors(device, vectors);
  console.log(
    `node:crypto: ${passed} vectors, ${refused} of key sizes and ${notOffered} of algorithms not there`,
  );
  device.shutdown();
  assert.deepEqual(failures, []);
  assert.ok(passed > 1000, `${passed} ran`);
});

Deno.test({ name: "node:crypto: segments cut at random, nothing written past them", ignore }, () => {
  const seed = Number(Deno.env.get("WEIR_SEED") ?? 20080506), random = new SeededRandom(seed);
  const device = new NodeDevice();
  const { failures } = runVectors(device, runnable(device).vectors, (total) => {
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

Deno.test("node:crypto: every mode has a driver name of its own, and sizes", () => {
  const { algorithms } = new NodeDevice(), names = algorithms.map(({ driverName }) => driverName);
  assert.equal(new Set(names).size, names.length);
  assert.ok(names.every((name) => name.endsWith("-node")));
  const cbc = algorithms.find(({ name }) => name === "cbc(aes)")!;
  assert.equal(cbc.driverName, "cbc-aes-node");
  assert.equal(cbc.ivSize, 16);
});
