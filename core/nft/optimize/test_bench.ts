import { strict as assert } from "node:assert";
import { assemble } from "../../classify/assemble.ts";
import { Machine, MACHINE_ACCEPT, MACHINE_DROP, MACHINE_DROP_POLICY } from "../../classify/machine.ts";
import { HOOK_FORWARD, HOOK_PREROUTING } from "../../hook.ts";
import { tcp, udp } from "../../packet/build.ts";
import { putPacket, singleBatch } from "../../packet/test_batch.ts";
import { below, type Random, SeededRandom } from "../../random.ts";
import { tableKey } from "../../ruleset/ruleset.ts";
import { Nft } from "../nft.ts";
import { HOSTS, type Shape, some, table } from "./test_rules.ts";

/** A router's part that runs chain `c`. */
export interface Bench {
  readonly nft: Nft;
  readonly machine: Machine;
  readonly output: string;
  readonly error: string;
  readonly told: ReturnType<Nft["run"]>["diagnostics"];
}

export function benchOf(shape: Shape, rules: readonly string[], optimize: boolean): Bench {
  const nft = new Nft(undefined, { optimize });
  const { ok, error, output, diagnostics } = nft.run(table(shape, rules), "r.nft");
  assert.ok(ok, error);
  const { store } = nft;
  const machine = new Machine({ random: new SeededRandom(1), cells: store.cells.numbers });
  machine.setInterfaces(["", "lan"]);
  machine.install(assemble(store.current, store.current.generation, { live: store.live, now: 0 }), 0);
  return { nft, machine, output, error, told: diagnostics };
}

/** One for all: making one is slow in some runtimes. */
const batch = singleBatch();

/** A packet, as the function that sends it through a bench and tells all that became of it. */
export function randomPacket(random: Random, shape: Shape): (bench: Bench) => string {
  const ip = { from: some(random, HOSTS), to: some(random, HOSTS) };
  const ports = [1 + below(random, 8), 1 + below(random, 8)] as const;
  const bytes = below(random, 4) === 0
    ? udp(ip, ...ports, new Uint8Array(4))
    : tcp(ip, ...ports, { flags: below(random, 32) });
  const mark = below(random, 3), hook = shape.nat ? "prerouting" : "forward";
  return ({ machine }) => {
    batch.clear();
    const row = putPacket(batch, bytes);
    batch.mark[row] = mark;
    // A chain without rules that accepts is no chain.
    const start = machine.hooks(4, hook)[0], at = shape.nat ? HOOK_PREROUTING : HOOK_FORWARD;
    const answer = start === undefined ? MACHINE_ACCEPT : machine.run(start, batch, row, at);
    const verdict = answer === MACHINE_DROP_POLICY ? MACHINE_DROP : answer;
    const { nat } = machine;
    const translated = nat.active
      ? [
        nat.kind,
        nat.hasAddress,
        nat.minAddress[0],
        nat.maxAddress[0],
        nat.hasPort,
        nat.minPort,
        nat.maxPort,
      ].join()
      : "";
    const left = batch.bytes(row).slice(batch.network[row]!, batch.end[row]!).join(".");
    return `${verdict} mark ${batch.mark[row]} nat ${translated} packet ${left}`;
  };
}

/** What was counted in all, by the statement's name; and what was learned. */
export function counted({ nft }: Bench, shape: Shape): string {
  const { store } = nft, { numbers } = store.cells;
  const found = store.current.tables.get(tableKey(shape.family, "t"))!;
  let packets = 0, bytes = 0;
  for (const chain of found.chains.values()) {
    for (const { expressions, cells } of chain.rules) {
      expressions.forEach((expression, i) => {
        if (expression.kind !== "counter") return;
        packets += numbers[cells[i]!]!;
        bytes += numbers[cells[i]! + 1]!;
      });
    }
  }
  const { cell } = [...found.objects.values()][0]!;
  const learned = nft.run(`list set ${shape.family} t s`).output.replace(/[^]*elements = /, "").split(
    /[{},\s]+/,
  )
    .sort().join(" ");
  return `${packets} packets, ${bytes} bytes, ${numbers[cell]} named, learned ${learned}`;
}
