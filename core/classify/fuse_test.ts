import { test } from "node:test";
import assert from "node:assert/strict";
import type { Expression } from "../expr/expression.ts";
import { HOOK_FORWARD } from "../hook.ts";
import { icmp, tcp, udp } from "../packet/build.ts";
import { putPacket, testBatch } from "../packet/test_batch.ts";
import { below, SeededRandom } from "../random.ts";
import { assemble } from "./assemble.ts";
import { MACHINE_DROP } from "./machine.ts";
import * as t from "./test_ruleset.ts";

const SEED = 20261122;

/** Loads and comparisons that are joined, over few values so that a good part of them match. */
function randomRule(random: SeededRandom): Expression[] {
  const pick = <T>(list: readonly T[]): T => list[below(random, list.length)]!;
  const pairs: (() => Expression[])[] = [
    () => [
      t.meta("l4proto", pick([1, 2, 9])),
      t.cmp(pick(["eq", "neq"]), Uint8Array.of(pick([6, 17, 1])), pick([1, 2, 9])),
    ],
    () => [t.meta("nfproto"), t.cmp("eq", Uint8Array.of(pick([2, 10])))],
    () => [t.meta(pick(["iifname", "oifname"])), t.cmp("eq", t.name(pick(["lan", "wan", "lan0"])))],
    () => [t.load("network", pick([1, 8, 9]), 1), t.cmp("eq", Uint8Array.of(pick([0, 64, 6, 17])))],
    () => [t.load("network", pick([12, 16]), 4), t.cmp("eq", t.address(pick(["192.0.2.1", "198.51.100.7"])))],
    () => [t.load("transport", pick([0, 2, 30]), 2), t.cmp("eq", t.be(pick([53, 443, 40000]), 2))],
    () => [t.load("transport", 2, 2, pick([1, 2])), t.cmp("eq", t.be(443, 2))],
    () => [
      t.load("network", 12, 4),
      t.and(t.address(pick(["255.255.255.0", "255.0.0.0"]))),
      t.cmp(pick(["eq", "neq"]), t.address("192.0.2.0")),
    ],
    () => [t.ct("state"), t.and(t.le(pick([1, 6, 8]))), t.cmp("neq", t.le(0))],
  ];
  return Array.from({ length: 1 + below(random, 3) }, () => pick(pairs)()).flat();
}

test(`an instruction made of two does what the two did (seed ${SEED})`, () => {
  const random = new SeededRandom(SEED), batch = testBatch();
  const packets = [
    tcp({ from: "192.0.2.1", to: "198.51.100.7" }, 40000, 443, { flags: 2 }),
    udp({ from: "198.51.100.7", to: "192.0.2.1" }, 53, 40000, new Uint8Array(30)),
    udp({ from: "2001:db8::1", to: "2001:db8::2" }, 53, 443),
    icmp({ from: "192.0.2.1", to: "192.0.2.9" }, 8, 0),
  ];
  let matched = 0;
  for (let round = 0; round < 400; round++) {
    const list = Array.from({ length: 3 }, () => [...randomRule(random), t.counter()]);
    // Registers outlive packets: begin both runs alike.
    const clear = [1, 2, 3, 4].map((register) => t.immediate(new Uint8Array(16), register));
    const { store, machine } = t.bench(t.rules([clear, ...list, [t.load("network", 8, 4), t.DROP]]));
    const programs = [assemble(store.current), assemble(store.current, 1, { fuse: false })];
    assert.ok(programs[0]!.code.length <= programs[1]!.code.length);
    const results = programs.map((program) => {
      store.cells.numbers.fill(0, 0, 8);
      machine.install(program);
      for (const packet of packets) {
        const row = putPacket(batch, packet);
        batch.inInterface[row] = 1 + below(random, 1);
        assert.equal(
          machine.run(machine.hooks(batch.family[row] as 4 | 6, "forward")[0]!, batch, row, HOOK_FORWARD),
          MACHINE_DROP,
        );
        batch.clear();
      }
      return [...store.cells.numbers.subarray(0, 8)];
    });
    assert.deepEqual(results[0], results[1]);
    if (results[0]!.some((n) => n > 0)) matched++;
  }
  assert.ok(matched > 100);
});
