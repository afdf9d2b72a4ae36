import assert from "node:assert/strict";
import { memoryChecks, tryMemoryCheck } from "./checks.ts";
import { Laboratory } from "./laboratory.ts";

Deno.test("every check of the demo passes between memory ports", () => {
  const laboratory = new Laboratory();
  const failed = memoryChecks.map((check) => tryMemoryCheck(check, laboratory)).filter(({ ok }) => !ok);
  assert.deepEqual(failed, []);
});
