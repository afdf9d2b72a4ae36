import assert from "node:assert/strict";
import { below, SeededRandom } from "../../../core/random.ts";
import { corpora, corpusVectors } from "../vectors/corpora.ts";
import { runVectors } from "../vectors/run.ts";
import { AfAlgDevice } from "./device.ts";
import { afAlgLacks } from "./socket.ts";

/** Where this kernel has no AF_ALG there are no tests here: `test/crypto_guest_test.ts` runs this file in a guest that has. */
const lacking = afAlgLacks() ?? (corpora() === undefined ? "no vectors beside the checkout" : undefined);
if (lacking === undefined) define();

function define(): void {
  /** Drivers to ask for by name, `cbc(aes)=virtio_crypto_aes_cbc,...`; the kernel's choice without. */
  const named = Deno.env.get("WEIR_AF_ALG_DRIVERS");
  const drivers = named === undefined
    ? undefined
    : new Map(named.split(",").map((pair) => pair.split("=") as [string, string]));

  Deno.test("AF_ALG: every known answer, in one piece", () => {
    const device = new AfAlgDevice("af_alg", drivers);
    const { passed, notOffered, failures } = runVectors(device, corpusVectors());
    const kernel = Deno.osRelease(), names = device.algorithms.map(({ name }) => name).join(" ");
    console.log(`af_alg on ${kernel}: ${passed} vectors of ${names}; ${notOffered} of algorithms not there`);
    device.shutdown();
    assert.deepEqual(failures, []);
    assert.ok(passed > (drivers === undefined ? 1000 : 5), `${passed} ran`);
  });

  Deno.test("AF_ALG: segments cut at random, nothing written past them", () => {
    const seed = Number(Deno.env.get("WEIR_SEED") ?? 20080506), random = new SeededRandom(seed);
    const device = new AfAlgDevice("af_alg", drivers);
    const cut = (total: number): readonly number[] => {
      const lengths: number[] = [];
      for (let left = total; left > 0;) {
        const length = lengths.length === 15 ? left : Math.min(left, below(random, 40));
        lengths.push(length);
        left -= length;
      }
      return lengths;
    };
    const { failures } = runVectors(device, corpusVectors(), cut);
    device.shutdown();
    assert.deepEqual(failures, [], `seed ${seed}`);
  });
}
