import assert from "node:assert/strict";
import { assemble } from "../core/classify/assemble.ts";
import type { FlowView } from "../core/classify/flow_view.ts";
import { Machine, MACHINE_ACCEPT } from "../core/classify/machine.ts";
import { unsupported } from "../core/classify/unsupported.ts";
import { HOOK_OUTPUT } from "../core/hook.ts";
import { Nft } from "../core/nft/nft.ts";
import { udp } from "../core/packet/build.ts";
import { putPacket, testBatch } from "../core/packet/test_batch.ts";
import { SeededRandom } from "../core/random.ts";
import { RulesetStore } from "../core/ruleset/store.ts";
import { skip } from "./needs.ts";
import { type SetCase, setCases, setRuleset } from "./oracle/sets.ts";

/**
 * The kernel as oracle of sets that count, limit and fill: the same rules and packets through either, then the whole
 * ruleset is listed: counters, elements that rules added, what is used of quotas.
 */
Deno.test({
  name: "sets and objects at run time list afterwards as the kernel's",
  ignore: skip("test/sets_oracle_test.ts", "nft", "ip"),
  async fn(test) {
    const namespace = `weir-sets-${Deno.pid}`;
    await run(["ip", "netns", "add", namespace]);
    try {
      await run(["ip", "-n", namespace, "link", "set", "lo", "up"]);
      for (const each of setCases) {
        await test.step(each.name, async () => {
          assert.equal(plain(throughWeir(each)), plain(await throughKernel(each, namespace)));
        });
      }
    } finally {
      await run(["ip", "netns", "del", namespace]);
    }
  },
});

const plain = (listing: string) => listing.replace(/expires \w+/g, "expires");

function throughWeir(each: SetCase): string {
  let now = 1000;
  const store = new RulesetStore({ now: () => now, offline: true });
  const nft = new Nft(store, { refuses: unsupported, dialect: "1.0.6" });
  const loaded = nft.run(setRuleset(each));
  assert.equal(loaded.error, "");
  const flows = flowsOf(each.packets.length);
  const machine = new Machine({ random: new SeededRandom(1), cells: store.cells.numbers, flows });
  machine.install(assemble(store.current, 1, { live: store.live, now }), now);
  const batch = testBatch(), known: string[] = [], [chain] = machine.hooks(4, "output");
  for (const [from, to] of each.packets) {
    const row = putPacket(batch, udp({ from: "127.0.0.1", to: "127.0.0.1" }, from, to, new Uint8Array(10)));
    if (!known.includes(`${from} ${to}`)) known.push(`${from} ${to}`);
    batch.flow[row] = known.indexOf(`${from} ${to}`);
    batch.now = now += 0.05;
    assert.ok(machine.run(chain!, batch, row, HOOK_OUTPUT) >= MACHINE_ACCEPT);
    batch.clear();
  }
  return nft.run("list ruleset").output;
}

/** Flows that live for ever: all `ct count` asks for. */
const flowsOf = (count: number): FlowView => ({
  status: new Uint32Array(count),
  mark: new Uint32Array(count),
  packets: () => 0,
  bytes: () => 0,
  expiration: () => 0,
  family: () => 4,
  protocol: () => 17,
  sourceWord: () => 0,
  destinationWord: () => 0,
  sourcePort: () => 0,
  destinationPort: () => 0,
});

async function throughKernel(each: SetCase, namespace: string): Promise<string> {
  const inside = ["ip", "netns", "exec", namespace];
  await run([...inside, "nft", "-f", "-"], "flush ruleset\n" + setRuleset(each));
  await run([...inside, Deno.execPath(), "run", "-A", "--unstable-net", "-"], sender(each.packets));
  const listed = await run([...inside, "nft", "list", "ruleset"]);
  await run([...inside, "nft", "flush", "ruleset"]);
  return listed;
}

/** A program that sends the packets; what a rule drops fails to be sent, what nobody takes is answered. */
const sender = (packets: SetCase["packets"]) => `
for (const [from, to] of ${JSON.stringify(packets)}) {
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: from });
  try {
    await socket.send(new Uint8Array(10), { transport: "udp", hostname: "127.0.0.1", port: to });
  } catch { /* dropped */ }
  socket.close();
}`;

async function run([program, ...args]: readonly string[], input = ""): Promise<string> {
  const child = new Deno.Command(program!, { args, stdin: "piped", stdout: "piped", stderr: "piped" })
    .spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input)).catch(() => {});
  await writer.close().catch(() => {});
  const { success, stdout, stderr } = await child.output(), decoder = new TextDecoder();
  assert.ok(success, `${program} ${args.join(" ")}: ${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}
