import { test } from "node:test";
import assert from "node:assert/strict";
import { contains, mask, type Prefix } from "../packet/address.ts";
import { below, SeededRandom } from "../random.ts";
import { LongestPrefix } from "./lpm.ts";

const random = new SeededRandom(20081006);

/** Random distinct prefixes that nest often: words are drawn from few values. */
function prefixes(family: 4 | 6, count: number, spread: number): Prefix[] {
  const bits = family === 4 ? 32 : 128, seen = new Map<string, Prefix>();
  const base = [random.u32(), random.u32(), random.u32(), random.u32()];
  while (seen.size < count) {
    const length = below(random, bits + 1);
    const words = [0, 0, 0, 0];
    for (let w = 0; w < bits / 32; w++) {
      const noise = below(random, 3) === 0 ? random.u32() >>> below(random, spread) : 0;
      words[w] = ((base[w]! ^ noise) & mask(length - 32 * w)) >>> 0;
    }
    seen.set(`${words.join()}/${length}`, { family, words: words as unknown as Prefix["words"], length });
  }
  return [...seen.values()];
}

function brute(all: readonly Prefix[], words: Uint32Array, lane: number): number {
  let best = 0;
  for (const [i, prefix] of all.entries()) {
    if (contains(prefix, words, lane) && (best === 0 || prefix.length > all[best - 1]!.length)) best = i + 1;
  }
  return best;
}

for (const family of [4, 6] as const) {
  test(`IPv${family}: the longest prefix, as a search through all of them finds it`, () => {
    for (let round = 0; round < 60; round++) {
      const all = prefixes(family, below(random, round < 30 ? 8 : 33) + (round > 55 ? 300 : 0), 31);
      const trie = new LongestPrefix(family, all);
      const words = new Uint32Array(8);
      for (let i = 0; i < 400; i++) {
        const near = all[below(random, all.length)];
        for (let w = 0; w < 4; w++) {
          const host = near === undefined ? 0xffffffff : ~mask(near.length - 32 * w);
          const flip = below(random, 4) === 0 ? 1 << below(random, 32) : 0;
          words[4 + w] = family === 4 && w > 0
            ? 0
            : ((near?.words[w] ?? 0) | (random.u32() & host)) ^ (flip >>> 0);
        }
        const found = family === 4 ? trie.find4(words[4]!) : trie.find6(words, 4);
        assert.equal(found, brute(all, words, 4));
      }
    }
  });
}

test("wider prefixes are reached one by one up to the default", () => {
  const of = (a: number, length: number): Prefix => ({ family: 4, words: [a, 0, 0, 0], length });
  const trie = new LongestPrefix(4, [of(0, 0), of(0x0a010203, 32), of(0x0a010000, 16), of(0x0a000000, 8)]);
  const lengths: number[] = [];
  for (let p = trie.find4(0x0a010203); p !== 0; p = trie.wider(p)) lengths.push(trie.length(p));
  assert.deepEqual(lengths, [32, 16, 8, 0]);
  assert.equal(trie.length(trie.find4(0x0a010204)), 16);
  assert.equal(trie.length(trie.find4(0xc0000201)), 0);
});

test("an empty trie finds nothing", () => {
  assert.equal(new LongestPrefix(4, []).find4(1), 0);
  assert.equal(new LongestPrefix(6, []).find6(new Uint32Array(4), 0), 0);
});

test("100k prefixes build and answer", () => {
  const all = new Map<string, Prefix>();
  while (all.size < 100_000) {
    const length = 12 + below(random, 13), word = (random.u32() & mask(length)) >>> 0;
    all.set(`${word}/${length}`, { family: 4, words: [word, 0, 0, 0], length });
  }
  const list = [...all.values()], trie = new LongestPrefix(4, list);
  const words = new Uint32Array(4);
  for (let i = 0; i < 20; i++) {
    words[0] = random.u32();
    assert.equal(trie.find4(words[0]), brute(list, words, 0));
  }
  assert.ok(trie.bytes < 16 << 20, `${trie.bytes} bytes`);
});
