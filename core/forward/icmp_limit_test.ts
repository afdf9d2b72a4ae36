import { test } from "node:test";
import assert from "node:assert/strict";
import { SeededRandom } from "../random.ts";
import { IcmpLimit } from "./icmp_limit.ts";

/** How many of `count` errors, `step` milliseconds apart and each to another address, are sent. */
function allowed(limit: IcmpLimit, count: number, step: number): number {
  const words = new Uint32Array(4);
  let sent = 0;
  for (let i = 0; i < count; i++) {
    words[0] = i;
    if (limit.allow(words, 0, i * step)) sent++;
  }
  return sent;
}

test("the global rate is kept whatever the time between two errors", () => {
  for (const step of [0.1, 0.7, 0.9]) {
    const sent = allowed(new IcmpLimit(new SeededRandom(1), 0), Math.ceil(2000 / step), step);
    assert.ok(Math.abs(sent - 2050) <= 2, `${sent} in two seconds, one each ${step} ms`);
  }
  assert.equal(allowed(new IcmpLimit(new SeededRandom(1), 0, 500, 1), 1000, 2.1), 1000);
});

test("one destination: a burst of six, then one each interval; others are not held back", () => {
  const limit = new IcmpLimit(new SeededRandom(1), 1000), words = Uint32Array.of(1, 0, 0, 0);
  for (let i = 0; i < 6; i++) assert.equal(limit.allow(words, 0, 10_000), true);
  assert.equal(limit.allow(words, 0, 10_000), false);
  assert.equal(limit.allow(Uint32Array.of(2, 0, 0, 0), 0, 10_000), true);
  assert.equal(limit.allow(words, 0, 10_999), false);
  assert.equal(limit.allow(words, 0, 11_000), true);
  assert.equal(limit.allow(words, 0, 11_001), false);
});
