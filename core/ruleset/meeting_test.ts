import { test } from "node:test";
import assert from "node:assert/strict";
import { below, SeededRandom } from "../random.ts";
import { lastKey } from "./intervals.ts";
import { meeting } from "./meeting.ts";
import { RulesetStore } from "./store.ts";

const random = new SeededRandom(20261124), SPACE = 20000;
const wide = (n: number) => Uint8Array.of(10, n >>> 16, n >>> 8, n);
const number = (b: Uint8Array) => (b[1]! << 16) | (b[2]! << 8) | b[3]!;

for (const autoMerge of [true, false]) {
  test(`${autoMerge ? "auto-merge" : "overlaps refused"}: a few elements at a time into a large set, against a map of points`, () => {
    const store = new RulesetStore({ offline: true }), points = new Uint8Array(SPACE);
    const elements = () => store.current.tables.get("inet t")!.sets.get("s")!.elements;
    const first = store.begin();
    first.addTable({ family: "inet", name: "t" });
    const key = { name: "ipv4_addr", bits: [32] };
    first.addSet("inet", "t", { name: "s", key, interval: true, autoMerge });
    const filled = Array.from({ length: 2000 }, (_, i) => ({ key: wide(10 * i), end: wide(10 * i + 3) }));
    for (const { key, end } of filled) points.fill(1, number(key), number(end) + 1);
    first.addElements("inet", "t", "s", filled);
    first.commit();
    for (let round = 0; round < 1500; round++) {
      const from = below(random, SPACE - 40), to = from + below(random, below(random, 8) === 0 ? 40 : 6);
      const t = store.begin(),
        adding = below(random, 2) === 0,
        free = !points.slice(from, to + 1).includes(1);
      const whole = !points.slice(from, to + 1).includes(0), element = { key: wide(from), end: wide(to) };
      const there = [...elements().values()].some((e) => number(e.key) === from && number(lastKey(e)) === to);
      const error = adding
        ? t.addElements("inet", "t", "s", [element])
        : t.deleteElements("inet", "t", "s", [element]);
      const allowed = adding ? autoMerge || free || there : autoMerge ? whole : there;
      assert.equal(error === undefined, allowed, `${adding ? "add" : "delete"} ${from}-${to}`);
      if (error !== undefined) t.abort();
      else {
        t.commit();
        points.fill(adding ? 1 : 0, from, to + 1);
      }
      if (round % 50 > 0) continue;
      const held = new Uint8Array(SPACE);
      for (const e of elements().values()) held.fill(1, number(e.key), number(lastKey(e)) + 1);
      assert.deepEqual(held, points);
      const runs = points.reduce((n, point, i) => n + (point === 1 && points[i - 1] !== 1 ? 1 : 0), 0);
      if (autoMerge) assert.equal(elements().size, runs);
      const met = meeting(elements(), wide(from), wide(to)).map((e) => number(e.key)).sort((a, b) => a - b);
      const expected = [...elements().values()]
        .filter((e) => number(e.key) <= to && number(lastKey(e)) >= from).map((e) => number(e.key));
      assert.deepEqual(met, expected.sort((a, b) => a - b));
    }
  });
}
