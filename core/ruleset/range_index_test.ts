import { strict as assert } from "node:assert";
import { test } from "node:test";
import { SeededRandom } from "../random.ts";
import { rangesContain } from "./intervals.ts";
import { RangeIndex } from "./range_index.ts";
import type { SetElement } from "./ruleset.ts";

test("range index: random boxes of several widths against a linear search", () => {
  const random = new SeededRandom(11);
  const below = (n: number) => random.u32() % n;
  for (const bits of [[32, 16], [128, 16, 8], [8, 8, 8]]) {
    const words = bits.reduce((sum, width) => sum + ((width + 31) >>> 5), 0);
    // Few values, mostly in the last bytes of a word, so that boxes are hit.
    const point = () => {
      const bytes = new Uint8Array(4 * words);
      for (let word = 0; word < words; word++) bytes[4 * word + (below(9) === 0 ? 0 : 3)] = below(24);
      return bytes;
    };
    const index = new RangeIndex(bits), boxes: SetElement[] = [];
    for (let round = 0; round < 400; round++) {
      const key = point(), end = key.slice();
      for (let word = 0; word < words; word++) {
        end[4 * word + 3] = Math.min(255, end[4 * word + 3]! + below(6));
      }
      const box = below(4) === 0 ? { key } : { key, end };
      boxes.push(box);
      index.add(box);
      const asked = point();
      assert.equal(index.covers(asked), boxes.some((other) => rangesContain(other, asked, bits)));
      assert.ok(index.covers(key));
    }
  }
});
