import assert from "node:assert/strict";
import { test } from "node:test";
import { SeededRandom } from "../random.ts";
import { LayeredMap } from "./layered_map.ts";

test("random changes in generations: as a Map, and older generations stay", () => {
  const random = new SeededRandom(3);
  let model = new Map(Array.from({ length: 2000 }, (_, i) => [i, i]));
  let layered: Map<number, number> = LayeredMap.over(model);
  for (let generation = 0; generation < 60; generation++) {
    const before = [...layered], next = new Map(model), above = LayeredMap.over(layered);
    for (let i = 0; i < 20; i++) {
      const key = random.u32() % 3000;
      if (random.u32() % 2 === 0) assert.equal(above.delete(key), next.delete(key));
      else {
        // A value that changes goes to the end.
        next.delete(key);
        above.delete(key);
        next.set(key, generation);
        above.set(key, generation);
      }
    }
    assert.equal(above.size, next.size);
    for (let key = 0; key < 3000; key += 7) assert.equal(above.get(key), next.get(key));
    assert.deepEqual([...layered], before);
    assert.deepEqual([...above.values()], [...next.values()]);
    layered = above;
    model = next;
  }
});
