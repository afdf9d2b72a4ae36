import assert from "node:assert/strict";
import { test } from "node:test";
import { below, SeededRandom } from "../random.ts";
import { fold, sum } from "./checksum.ts";

/** RFC 1071, word by word. */
function plain(b: Uint8Array, from: number, to: number, start: number): number {
  let total = start;
  for (let at = from; at < to; at += 2) total += (b[at]! << 8) | (at + 1 < to ? b[at + 1]! : 0);
  while (total > 0xffff) total = (total % 65536) + Math.floor(total / 65536);
  return total;
}

test("a sum by wide words is the sum by narrow ones, wherever it begins and ends", () => {
  const random = new SeededRandom(1071), memory = new Uint8Array(8192);
  for (let i = 0; i < memory.length; i++) memory[i] = random.u32();
  const regions = [memory, memory.subarray(4, 4100), memory.subarray(1, 4001), memory.subarray(2, 4093)];
  for (let run = 0; run < 5000; run++) {
    const b = regions[below(random, regions.length)]!;
    const from = below(random, 600), to = Math.min(b.length, from + below(random, 3000));
    const start = random.u32();
    assert.equal(fold(sum(b, from, to, start)), plain(b, from, to, start), `run ${run}: ${from}..${to}`);
  }
});

test("only nothing sums up to zero", () => {
  const b = new Uint8Array(256);
  assert.equal(fold(sum(b, 0, 256)), 0);
  b.fill(0xff, 2, 200);
  assert.equal(fold(sum(b, 0, 256)), 0xffff);
});

test("128 KB of ones do not overflow", () => {
  const b = new Uint8Array(131072).fill(0xff);
  assert.equal(fold(sum(b, 0, b.length)), 0xffff);
});
