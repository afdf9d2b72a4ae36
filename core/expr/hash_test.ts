import assert from "node:assert/strict";
import { test } from "node:test";
import { jenkinsHash, scale, symmetricHash } from "./hash.ts";
import { tcp } from "../packet/build.ts";
import { putPacket, testBatch } from "../packet/test_batch.ts";

const MOST = 0xffffffff;

test("jhash of register bytes is the kernel's", () => {
  // Recorded from `meta mark set jhash ... mod 0xffffffff seed N` of a Linux kernel.
  const hash = (bytes: number[], seed: number) =>
    scale(jenkinsHash(Uint8Array.from(bytes), 0, bytes.length, seed), MOST);
  assert.equal(hash([127, 0, 0, 1], 1), 0xb3821345);
  assert.equal(hash([127, 0, 0, 9], 1), 0x4fc12317);
  assert.equal(hash([127, 0, 0, 1, 127, 0, 0, 1, 1, 0, 0, 0, 64, 0, 0, 0], 5), 0x43ead5fa);
  assert.equal(hash([127, 0, 0, 1, 127, 0, 0, 9, 1, 0, 0, 0, 64, 0, 0, 0], 5), 0x4060c065);
});

test("scaling keeps below the modulus and spreads over all of it", () => {
  assert.equal(scale(0, 10), 0);
  assert.equal(scale(-1, 10), 9);
  assert.equal(scale(0x80000000, 10), 5);
  assert.equal(scale(-1, 1), 0);
});

test("both directions of a flow have one symmetric hash, other flows another", () => {
  const batch = testBatch();
  const there = { from: "192.0.2.1", to: "198.51.100.7" }, back = { from: there.to, to: there.from };
  const hash = (frame: Uint8Array) => symmetricHash(batch, putPacket(batch, frame));
  const one = hash(tcp(there, 40000, 443, { flags: 2 }));
  assert.equal(hash(tcp(back, 443, 40000, { flags: 2 })), one);
  assert.notEqual(hash(tcp(there, 40001, 443, { flags: 2 })), one);
});
