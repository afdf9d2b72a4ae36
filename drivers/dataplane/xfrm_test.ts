import assert from "node:assert/strict";
import { assemble } from "../../core/classify/assemble.ts";
import type { RouterPlan } from "../../core/plan.ts";
import type { RouterEvent } from "../../core/router.ts";
import { RulesetStore } from "../../core/ruleset/store.ts";
import { parsePolicy } from "../../core/xfrm/policy_words.ts";
import { parseState } from "../../core/xfrm/state_words.ts";
import { DataPlane } from "./data_plane.ts";

const KEY = `0x${"5a".repeat(20)}`;
const STATE = (spi: number, dst = "192.0.2.2") =>
  `src 192.0.2.1 dst ${dst} proto esp spi ${spi} mode tunnel reqid 7 aead rfc4106(gcm(aes)) ${KEY} 128`;

const plan = (generation: number): RouterPlan => ({
  generation,
  hostname: "test",
  interfaces: [],
  routes: [],
  policyRules: [],
  conntrack: { flows: 256 },
  xfrm: {
    states: [parseState(STATE(0x300))],
    policies: [parsePolicy("dst 10.9.0.0/16 dir out tmpl src 192.0.2.1 dst 192.0.2.2 proto esp mode tunnel")],
  },
  program: assemble(new RulesetStore({ offline: true }).current, generation),
});

const changes = (events: readonly RouterEvent[]): string[] =>
  events.flatMap((event) => event.kind === "xfrm" ? [event.change] : []);

Deno.test("commands of ip xfrm go to the data plane, and outlive it", async () => {
  const events: RouterEvent[] = [];
  let died: () => void = () => {};
  const death = new Promise<void>((resolve) => died = resolve);
  const plane = await DataPlane.start({
    ports: [],
    cells: new SharedArrayBuffer(1024),
    secret: new Uint8Array(16),
    plan: plan(1),
    onEvent: (event) => events.push(event),
    onDeath: () => died(),
  });
  const run = (text: string) => plane.xfrm(text.split(" "), false);
  const spis = async () =>
    [...(await run("state list nokeys")).output.matchAll(/spi (\w+)/g)].map(([, spi]) => spi);
  try {
    assert.deepEqual(await run(`state add ${STATE(0x100)}`), { output: "" });
    assert.deepEqual(await run(`state add ${STATE(0x100)}`), {
      output: "",
      error: "there is a state for 192.0.2.2 spi 0x00000100",
    });
    assert.deepEqual(await run("state add src 192.0.2.x"), {
      output: "",
      error: 'expected a source address, found "192.0.2.x"',
      word: 3,
      misunderstood: true,
    });
    await run("policy add src 10.1.0.0/16 dst 10.2.0.0/16 dir out tmpl proto esp mode transport");
    await run(`state add ${STATE(0x200)}`);
    await run("state delete dst 192.0.2.2 proto esp spi 0x100");
    assert.deepEqual((await spis()).sort(), ["0x00000200", "0x00000300"]);
    assert.deepEqual(changes(events).sort(), ["add", "add", "add", "add", "delete", "update"]);
    const before = (await run("policy list")).output;
    // no plan at all: nothing can be made of it
    await plane.apply({ ...plan(2), program: undefined as never });
    await death;
    // whoever asks after the death waits for the next Worker
    assert.deepEqual((await spis()).sort(), ["0x00000200", "0x00000300"]);
    assert.deepEqual((await run("policy list")).output.split("\n").sort(), before.split("\n").sort());
    assert.ok((await plane.apply(plan(2))).ok);
    assert.deepEqual((await spis()).sort(), ["0x00000200", "0x00000300"]);
  } finally {
    await plane.stop();
  }
  await assert.rejects(run("state"), /^Error: the router is stopping$/);
});
