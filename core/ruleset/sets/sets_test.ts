import { test } from "node:test";
import assert from "node:assert/strict";
import { below, SeededRandom } from "../../random.ts";
import { compareBytes, lastKey, overlapIn, rangesContain, sortIntervals } from "../intervals.ts";
import { elementKey, type SetDefinition, type SetElement } from "../ruleset.ts";
import { setImage } from "./choose.ts";
import { hostWords, SET_HASH, SET_INTERVAL, SET_RANGES } from "./image.ts";
import { LiveStore } from "./live.ts";
import { installLive } from "./live_install.ts";
import { liveAdd, liveDelete, liveRows } from "./live_rows.ts";
import { find } from "./find.ts";
import { SetTable } from "./table.ts";

function definition(
  bits: readonly number[],
  elements: readonly SetElement[],
  more: Partial<SetDefinition> = {},
): SetDefinition {
  return {
    name: "s",
    handle: 3,
    anonymous: false,
    key: { name: "test", bits },
    constant: false,
    interval: elements.some((e) => e.end !== undefined),
    autoMerge: false,
    timeouts: false,
    dynamic: false,
    counter: false,
    live: 0,
    flushes: 0,
    removals: [],
    elements: new Map(elements.map((e) => [elementKey(e), e])),
    ...more,
  };
}

/** Finds a key; registers hold rubbish behind it, as they may. */
function search(table: SetTable, key: Uint8Array, now = 0): number {
  const words = new Int32Array(20).fill(-1), bytes = new Uint8Array(words.buffer);
  bytes.set(key, 16);
  return find(table, words, 4, { now });
}

const random = new SeededRandom(20261122);
const bytes = (length: number, spread = 256): Uint8Array =>
  Uint8Array.from({ length }, () => below(random, spread));

test("hash: random keys of every width against a Map", () => {
  for (const length of [1, 2, 3, 4, 6, 8, 16, 64]) {
    const elements = Array.from({ length: 300 }, () => ({ key: bytes(length, 6), data: bytes(4) }));
    const set = definition([length * 8], elements, { data: { name: "d", bits: [32] } });
    const table = new SetTable(setImage(set, new LiveStore(), () => 0), 0);
    assert.equal(table.kind, SET_HASH);
    for (let i = 0; i < 2000; i++) {
      const key = i < 300 ? elements[i]!.key : bytes(length, 6);
      const row = search(table, key), expected = set.elements.get(elementKey({ key }));
      assert.equal(row >= 0, expected !== undefined);
      if (expected !== undefined) assert.deepEqual(table.data[row], hostWords(expected.data!)[0]! | 0);
    }
  }
});

test("interval: random intervals of every width against a linear search", () => {
  for (const length of [2, 3, 4, 6, 16]) {
    const chosen: SetElement[] = [];
    for (let i = 0; i < 200; i++) {
      const [a, b] = [bytes(length), bytes(length)].sort(compareBytes) as [Uint8Array, Uint8Array];
      const end = below(random, 2) === 0 ? b : Uint8Array.from(a, (x, k) => k === length - 1 ? x | 15 : x);
      if (overlapIn(sortIntervals([...chosen, { key: a, end }])) < 0) chosen.push({ key: a, end });
    }
    const set = definition([length * 8], chosen, { data: { name: "d", bits: [32] } });
    const table = new SetTable(setImage(set, new LiveStore(), () => 0), 0), sorted = sortIntervals(chosen);
    assert.equal(table.kind, SET_INTERVAL);
    for (let i = 0; i < 3000; i++) {
      const edge = chosen[below(random, chosen.length)]!;
      const key = [bytes(length), edge.key, lastKey(edge)][i % 3]!;
      const expected = sorted.findIndex((e) =>
        compareBytes(e.key, key) <= 0 && compareBytes(key, lastKey(e)) <= 0
      );
      assert.equal(search(table, key), expected);
    }
  }
});

test("ranges: the first element added that covers the key wins, over several blocks", () => {
  const bits = [32, 16, 128], offsets = [0, 4, 8, 24];
  const elements: SetElement[] = Array.from({ length: 1200 }, () => {
    const a = bytes(24, 4), b = bytes(24, 4), key = a.slice(), end = a.slice();
    a[6] =
      a[7] =
      b[6] =
      b[7] =
      key[6] =
      key[7] =
      end[6] =
      end[7] =
        0;
    for (let c = 0; c < 3; c++) {
      const [from, to] = [a.slice(offsets[c], offsets[c + 1]), b.slice(offsets[c], offsets[c + 1])];
      const [low, high] = compareBytes(from, to) <= 0 ? [from, to] : [to, from];
      key.set(low, offsets[c]);
      end.set(high, offsets[c]);
    }
    return { key, end };
  });
  elements.push({
    key: new Uint8Array(24),
    end: Uint8Array.from({ length: 24 }, (_, i) => i === 6 || i === 7 ? 0 : 255),
  });
  const table = new SetTable(setImage(definition(bits, elements), new LiveStore(), () => 0), 0);
  assert.equal(table.kind, SET_RANGES);
  let last = 0;
  for (let i = 0; i < 3000; i++) {
    const key = i % 2 === 0 ? bytes(24, 4) : Uint8Array.from(lastKey(elements[below(random, 1200)]!));
    if (i % 5 === 0) key[0] = 200;
    key[6] = key[7] = 0;
    const expected = elements.findIndex((e) => rangesContain(e, key, bits));
    assert.equal(search(table, key), expected);
    if (expected === 1200) last++;
  }
  assert.ok(last > 0);
});

test("bitmap: every 16-bit key of random port ranges", () => {
  const elements = [[0, 0], [22, 22], [80, 90], [250, 260], [40000, 65535]].map(([a, b]) => ({
    key: Uint8Array.of(a! >> 8, a!),
    end: Uint8Array.of(b! >> 8, b!),
  }));
  const table = new SetTable(setImage(definition([16], elements), new LiveStore(), () => 0), 0);
  for (let port = 0; port < 65536; port++) {
    const expected = port === 0 || port === 22 || (port >= 80 && port <= 90) ||
      (port >= 250 && port <= 260) || port >= 40000;
    assert.equal(search(table, Uint8Array.of(port >> 8, port)) >= 0, expected);
  }
});

test("live: random adds, deletes and expiries against a Map", () => {
  const store = new LiveStore();
  const set = definition([48], [], {
    dynamic: true,
    timeouts: true,
    live: store.next(),
    size: 64,
    timeout: 100,
  });
  const table = new SetTable(setImage(set, store, () => 0), 0);
  installLive(table, undefined, 0, 0, store.statements.image);
  const model = new Map<string, number>(), words = new Int32Array(20), raw = new Uint8Array(words.buffer);
  let now = 0;
  for (let i = 0; i < 20000; i++) {
    now += below(random, 4);
    const key = bytes(6, 3);
    raw.set(key, 16);
    for (const [name, expires] of model) if (expires <= now) model.delete(name);
    const name = key.join("."), kind = below(random, 4);
    if (kind === 0) assert.equal(liveDelete(table, words, 4) && model.has(name), model.delete(name));
    else if (kind === 1) assert.equal(find(table, words, 4, { now }) >= 0, model.has(name));
    else {
      const row = liveAdd(table, words, 4, 0, 0, kind === 2, now, 0, store.statements.image);
      if (row >= 0 && (kind === 2 || !model.has(name))) model.set(name, now + 100);
      assert.equal(row >= 0, model.has(name));
    }
    assert.equal([...liveRows(table.image.live!, now)].length, model.size);
  }
});
