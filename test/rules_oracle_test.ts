import assert from "node:assert/strict";
import { skip } from "./needs.ts";
import { type Played, playOn } from "./oracle/play.ts";
import { RULES, script } from "./oracle/script.ts";

/**
 * The kernel as oracle of the rule language and of translation: the same ruleset and the same frames through either,
 * then every rule's counter and every packet that came out are compared.
 */
Deno.test({
  name: "one ruleset, one script: weir counts and sends what the kernel does",
  ignore: skip("test/rules_oracle_test.ts", "nft"),
  async fn(test) {
    const [kernel, weir] = [await playOn("kernel", RULES, script), await playOn("weir", RULES, script)];
    for (const [i, { name, packets }] of kernel.steps.entries()) {
      await test.step(name, () => assert.deepEqual(weir.steps[i]!.packets, packets));
    }
    await test.step("every rule counts the same packets and bytes", () => {
      assert.deepEqual(differences(weir, kernel), []);
      assert.ok(kernel.counters.length > 40, `${kernel.counters.length} counters`);
    });
    await test.step("every rule that can be hit was hit", () => {
      const idle = kernel.counters.filter(({ packets }) => packets === 0).map(({ rule }) => rule);
      assert.deepEqual(idle, []);
    });
  },
});

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
