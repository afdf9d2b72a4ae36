import assert from "node:assert/strict";
import { breakEvens } from "./break_even.ts";
import type { Speed } from "./speed.ts";

const curve = (device: string, ...microseconds: readonly number[]): Speed[] =>
  microseconds.map((us, i) => (
    { device, algorithm: "cbc(aes)", bytes: 16 << 2 * i, way: "queued", microseconds: us }
  ));

Deno.test("break-even: the size from which on a device stays cheaper than software", () => {
  const from = (...microseconds: readonly number[]) =>
    breakEvens([...curve("software", 1, 2, 4, 8), ...curve("card", ...microseconds)])[0]?.bytes;
  assert.equal(from(3, 3, 3, 3), 256);
  assert.equal(from(0.5, 1, 2, 4), 16);
  assert.equal(from(0.5, 3, 3, 9), undefined, "cheaper for small ones alone");
  assert.equal(from(2, 3, 5, 7), 1024);
  assert.equal(from(0.5, 1), 16, "of the sizes both have");
  assert.deepEqual(breakEvens(curve("card", 1)), [], "nothing to compare with");
});
