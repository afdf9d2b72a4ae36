import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32c } from "./crc32c.ts";

test("check value of RFC 3720 B.4 and the hole", () => {
  assert.equal(crc32c(new TextEncoder().encode("123456789"), 0, 9, 100), 0xe3069283);
  assert.equal(crc32c(new Uint8Array(32), 0, 32, 100), 0x8a9136aa);
  const holed = new Uint8Array(32).fill(9, 8, 12);
  assert.equal(crc32c(holed, 0, 32, 8), 0x8a9136aa);
});
