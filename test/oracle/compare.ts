import assert from "node:assert/strict";
import { type Played, playOn, type PlayOptions, type Step } from "./play.ts";

/** Plays a script on the kernel and on weir, and compares what left and what was counted, step by step. */
export async function compare(
  test: Deno.TestContext,
  rules: string,
  script: readonly Step[],
  options: PlayOptions = {},
): Promise<void> {
  const kernel = await playOn("kernel", rules, script, options);
  const weir = await playOn("weir", rules, script, options);
  for (const [i, { name, packets }] of kernel.steps.entries()) {
    await test.step(name, () => assert.deepEqual(weir.steps[i]!.packets, packets));
  }
  await test.step("every rule counts the same packets and bytes", () => {
    assert.deepEqual(differences(weir, kernel), []);
    assert.ok(kernel.counters.length > 40, `${kernel.counters.length} counters`);
  });
  await test.step("every rule that can be hit was hit", () => {
    const idle = kernel.counters.filter(({ packets }) => packets === 0).map(({ rule }) => rule);
    assert.deepEqual(idle.filter((rule) => !rule.endsWith('comment "never"')), []);
  });
}

const differences = (weir: Played, kernel: Played): string[] =>
  kernel.counters.flatMap(({ rule, packets, bytes }, i) => {
    const ours = weir.counters[i];
    if (ours === undefined) return [`${rule}: not listed by weir`];
    if (ours.rule !== rule) return [`${rule}: weir lists ${ours.rule}`];
    if (ours.packets === packets && ours.bytes === bytes) return [];
    return [
      `${rule}: kernel ${packets} packets ${bytes} bytes, weir ${ours.packets} packets ${ours.bytes} bytes`,
    ];
  });
