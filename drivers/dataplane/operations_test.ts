import assert from "node:assert/strict";
import { udp } from "../../core/packet/build.ts";
import { HOOK_PREROUTING } from "../../core/hook.ts";
import { putPacket } from "../../core/packet/test_batch.ts";
import { SeededRandom } from "../../core/random.ts";
import { Router } from "../../core/router.ts";
import { clock } from "../sys/clock.ts";
import { OP_FLOWS, Operations } from "./operations.ts";
import { AnswerRing, COMMAND_WORDS, CommandRing, ringMemory } from "./rings.ts";

const FLOWS = 3000;

function bench(ringBytes: number) {
  const router = new Router({
    clock,
    random: new SeededRandom(1),
    flows: 2 * FLOWS,
    secret: new Uint8Array(16),
  });
  const { batch, conntrack } = router;
  batch.now = clock.monotonic();
  for (let n = 0; n < FLOWS; n++) {
    const row = putPacket(batch, udp({ from: "192.0.2.9", to: "198.51.100.2" }, n, 53));
    conntrack.track(batch, row, HOOK_PREROUTING);
    conntrack.confirm(batch, row);
    batch.clear();
  }
  const commands = new CommandRing(ringMemory(COMMAND_WORDS * 4 * 4));
  const answers = new AnswerRing(ringMemory(ringBytes));
  commands.submit(Int32Array.of(OP_FLOWS, 1, ...new Array(COMMAND_WORDS - 2).fill(0)));
  return { operations: new Operations(router, commands, answers, clock.monotonic), answers };
}

function readAll(answers: AnswerRing): string[] {
  const lines: string[] = [];
  for (let answer = answers.read(); answer !== undefined; answer = answers.read()) lines.push(answer.text);
  return lines;
}

Deno.test("a long answer goes on at once: an idle router must not rest between its slices", () => {
  const { operations, answers } = bench(1 << 20);
  while (operations.run());
  assert.equal(operations.pending, false);
  const lines = readAll(answers);
  assert.equal(lines.length, FLOWS + 1);
  assert.equal(lines.at(-1), String(FLOWS));
});

Deno.test("a full answer ring is no reason to go on: the rest follows when there is room", () => {
  const { operations, answers } = bench(1 << 14), lines: string[] = [];
  for (let turn = 0; turn < 10_000 && operations.pending; turn++) {
    while (operations.run());
    lines.push(...readAll(answers));
  }
  assert.equal(lines.length, FLOWS + 1);
});
