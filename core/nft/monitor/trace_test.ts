import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { assemble } from "../../classify/assemble.ts";
import { Machine, MACHINE_ACCEPT } from "../../classify/machine.ts";
import { HOOK_INPUT, HOOK_PREROUTING } from "../../hook.ts";
import { putFrame, testBatch } from "../../packet/test_batch.ts";
import { SeededRandom } from "../../random.ts";
import { RulesetStore } from "../../ruleset/store.ts";
import { Nft } from "../nft.ts";

/**
 * Rules, then frames (`> ` and hexadecimal) with what `nft monitor trace` 1.0.6 wrote of each while the kernel (6.18)
 * received it by a veth called wan. Numbers of packets are left out.
 */
const golden = readFileSync(new URL("./golden/trace.txt", import.meta.url), "utf8");
const [rules = "", ...packets] = golden.split(/^> /m);

function router() {
  const store = new RulesetStore({ offline: true }), nft = new Nft(store, { stateless: false });
  assert.equal(nft.run(rules).error, "");
  const lines: string[] = [];
  const monitor = nft.monitor("monitor trace", (text) => lines.push(...text.split("\n").slice(0, -1)));
  const machine = new Machine({
    random: new SeededRandom(1),
    cells: store.cells.numbers,
    trace: (event) => monitor.trace(event),
  });
  machine.setInterfaces(["", "wan"]);
  machine.install(assemble(store.current));
  return { machine, lines, monitor };
}

function play(machine: Machine, frame: Uint8Array): void {
  const batch = testBatch(), row = putFrame(batch, frame), family = batch.family[row] as 4 | 6;
  batch.inInterface[row] = 1;
  for (const [name, hook] of [["prerouting", HOOK_PREROUTING], ["input", HOOK_INPUT]] as const) {
    for (const chain of machine.hooks(family, name)) {
      if (machine.run(chain, batch, row, hook) !== MACHINE_ACCEPT) return;
    }
  }
}

const bytes = (hex: string): Uint8Array =>
  Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
/** Without number and counts: the kernel shows the counts of when the monitor began. */
const plain = (line: string): string =>
  line.replace(/^trace id [0-9a-f]{8} /, "").replace(/packets \d+ bytes \d+/, "packets 0 bytes 0");

test("a traced packet tells what the kernel tells of it", () => {
  const { machine, lines } = router();
  assert.ok(packets.length > 10);
  for (const packet of packets) {
    const [hex = "", ...expected] = packet.trimEnd().split("\n");
    lines.length = 0;
    play(machine, bytes(hex));
    assert.deepEqual(lines.map((line) => plain(line).trimEnd()), expected.map((line) => line.trimEnd()));
  }
});

test("all events of a packet have its number, another packet has another", () => {
  const { machine, lines } = router();
  const numbers = packets.slice(0, 2).map((packet) => {
    lines.length = 0;
    play(machine, bytes(packet.split("\n")[0]!));
    return new Set(lines.map((line) => line.slice(0, 17)));
  });
  assert.deepEqual(numbers.map((set) => set.size), [1, 1]);
  assert.notDeepEqual(numbers[0], numbers[1]);
});

test("a program no rule of which marks packets has no instructions for tracing", () => {
  const store = new RulesetStore({ offline: true }), nft = new Nft(store);
  const untraced = rules.split("\n").filter((line) => !line.includes("nftrace")).join("\n");
  assert.equal(nft.run(untraced).error, "");
  assert.equal(assemble(store.current).trace, undefined);
});
