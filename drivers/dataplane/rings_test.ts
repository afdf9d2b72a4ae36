import assert from "node:assert/strict";
import { AnswerRing, COMMAND_WORDS, CommandRing, ringMemory } from "./rings.ts";

Deno.test("command ring: order kept, full is refused, wraps", () => {
  const ring = new CommandRing(ringMemory(COMMAND_WORDS * 4 * 4));
  const command = new Int32Array(COMMAND_WORDS), out = new Int32Array(COMMAND_WORDS);
  let put = 0, got = 0;
  for (let round = 0; round < 10; round++) {
    while ((command[1] = put, ring.submit(command))) put++;
    assert.ok(ring.pending);
    while (ring.take(out)) assert.equal(out[1], got++);
    assert.equal(put, got);
  }
  assert.equal(put, 40);
});

Deno.test("answer ring: records of any length come out whole across the wrap", () => {
  const ring = new AnswerRing(ringMemory(1024));
  let put = 0, got = 0;
  const text = (n: number) => "ä".repeat(n % 90) + n;
  for (let round = 0; round < 50; round++) {
    while (ring.write(put, put % 2 === 0, text(put))) put++;
    for (let answer = ring.read(); answer !== undefined; answer = ring.read()) {
      assert.deepEqual(answer, { sequence: got, last: got % 2 === 0, text: text(got) });
      got++;
    }
    assert.equal(put, got);
  }
});
