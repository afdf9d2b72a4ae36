import assert from "node:assert/strict";
import { assemble } from "../../core/classify/assemble.ts";
import type { RouterPlan } from "../../core/plan.ts";
import { RulesetStore } from "../../core/ruleset/store.ts";
import { DataPlane } from "./data_plane.ts";
import { OP_ROUTES } from "./operations.ts";

const plan = (generation: number): RouterPlan => ({
  generation,
  hostname: "test",
  interfaces: [],
  routes: [],
  policyRules: [],
  conntrack: { flows: 256 },
  program: assemble(new RulesetStore({ offline: true }).current, generation),
});

const options = { ports: [], cells: new SharedArrayBuffer(1024), secret: new Uint8Array(16) };

Deno.test("plans in order, questions between them, and nobody waits for ever for one that stops", async () => {
  const plane = await DataPlane.start({ ...options, plan: plan(1) });
  assert.deepEqual(await plane.apply(plan(2)), { ok: true, generation: 2 });
  assert.deepEqual(await plane.query(OP_ROUTES), []);
  assert.equal(plane.status().generation, 2);
  const late = [plane.apply(plan(3)), plane.apply(plan(4)), plane.stop().then(() => plane.apply(plan(5)))];
  const results = await Promise.all(late) as { ok: boolean; error?: string }[];
  assert.equal(results[2]!.ok, false);
  for (const { ok, error } of results) assert.ok(ok || error === "the router is stopping", error);
  await assert.rejects(plane.query(OP_ROUTES), /^Error: the router is stopping$/);
});

Deno.test("a port that is in use already is refused with its plan: nobody reads it twice", async () => {
  const port = (number: number) =>
    ({ number, description: { kind: "memory", name: `m${number}`, wire: `twice ${number}` } }) as const;
  const plane = await DataPlane.start({ ...options, ports: [port(0)], plan: plan(1) });
  try {
    assert.equal((await plane.apply(plan(2), [port(1)])).ok, true);
    for (const number of [0, 1]) {
      const error = `port m${number} is in use already`;
      assert.deepEqual(await plane.apply(plan(3), [port(number)]), { ok: false, generation: 2, error });
    }
    assert.deepEqual(plane.status().ports.map(({ name }) => name), ["m0", "m1"]);
  } finally {
    await plane.stop();
  }
});

Deno.test("a data plane that cannot start says why, and leaves nothing behind", async () => {
  const entry = new URL("data:text/javascript,throw new Error('no data plane here')");
  await assert.rejects(DataPlane.start({ ...options, plan: plan(1), entry }), /no data plane here/);
});
