import assert from "node:assert/strict";
import { test } from "node:test";
import { body, hashOf } from "./http.ts";

test("a made body has the length asked for, the same bytes each time, and no two equal chunks", () => {
  const chunks = [...body(200_000)];
  assert.equal(chunks.reduce((n, chunk) => n + chunk.length, 0), 200_000);
  assert.equal(hashOf(chunks), hashOf(body(200_000)));
  const hashes = new Set([...body(5 * 65536)].map((chunk) => hashOf([chunk])));
  assert.equal(hashes.size, 5);
  assert.deepEqual([...body(0)], []);
});
