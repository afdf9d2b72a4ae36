import { parseArgs } from "node:util";
import { Nft } from "../../core/nft/nft.ts";
import { paired, reached, type Row, table } from "./row.ts";
import { concatenatedRanges, fiveTuples, intervalSet } from "./rule_texts.ts";

/**
 * `deno run -A test/bench/language.ts [--rounds N] [--large]`: the rule language against `nft` on the same texts, in
 * alternating rounds of one run. In process after warm-up; a whole command with its start; listing; the largest
 * resident size of one load in a process of its own. nft works in a network namespace made for it; needs root.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: "string", default: "5" }, large: { type: "boolean", default: false } },
});

if (positionals[0] === "load") {
  check(Deno.readTextFileSync(positionals[1]!));
  console.log(Number(/VmHWM:\s+(\d+)/.exec(Deno.readTextFileSync("/proc/self/status"))?.[1]) / 1024);
  Deno.exit(0);
}

const rounds = Number(values.rounds), namespace = `weir-bench-${Deno.pid}`;
const rows: Row[] = [];
const folder = Deno.makeTempDirSync();
run(["ip", "netns", "add", namespace]);
try {
  measure("10k rules", fiveTuples(10_000, 1), rounds, true);
  measure("100k interval set", intervalSet(100_000), rounds, false);
  measure("10k concatenated ranges", concatenatedRanges(10_000), rounds, false);
  if (values.large) {
    const text = fiveTuples(100_000, 1);
    measure("100k rules", text, Math.min(rounds, 3), false);
    memory("100k rules", text);
  }
} finally {
  run(["ip", "netns", "del", namespace]);
  Deno.removeSync(folder, { recursive: true });
}
console.log(table(rows));
if (rows.some((row) => reached(row) === false)) Deno.exitCode = 1;

function measure(name: string, text: string, count: number, whole: boolean): void {
  const file = `${folder}/rules.nft`;
  Deno.writeTextFileSync(file, text);
  // Ten times, or as often as ten seconds allow.
  for (let warm = 0, begin = performance.now(); warm < 10 && performance.now() - begin < 10_000; warm++) {
    check(text);
  }
  const own: number[] = [],
    nft: number[] = [],
    command: number[] = [],
    list: number[] = [],
    nftList: number[] = [];
  const loaded = new Nft();
  loaded.run(text, file);
  for (let round = 0; round < count; round++) {
    own.push(timed(() => check(text)));
    nft.push(timed(() => inside("nft", "-c", "-f", file)));
    if (whole) {
      command.push(timed(() => run([Deno.execPath(), "run", "-A", import.meta.filename!, "load", file])));
    }
    list.push(timed(() => void loaded.run("list ruleset")));
  }
  inside("nft", "-f", file);
  for (let round = 0; round < Math.min(count, 3); round++) {
    nftList.push(timed(() => inside("nft", "list", "ruleset")));
  }
  inside("nft", "flush", "ruleset");
  rows.push(paired(`check ${name}`, "ms", own, nft, { most: 0.5 }));
  if (whole) rows.push(paired(`whole command, ${name}`, "ms", command, nft, { most: 1 }));
  rows.push(paired(`list ${name}`, "ms", list.slice(0, nftList.length), nftList, { most: 0.5 }));
}

function memory(name: string, text: string): void {
  const file = `${folder}/rules.nft`;
  Deno.writeTextFileSync(file, text);
  const own = Number(run([Deno.execPath(), "run", "-A", import.meta.filename!, "load", file]));
  const { stderr } = new Deno.Command("ip", {
    args: ["netns", "exec", namespace, "/usr/bin/time", "-f", "%M", "nft", "-c", "-f", file],
  }).outputSync();
  const kernel = Number(new TextDecoder().decode(stderr).trim().split("\n").at(-1)) / 1024;
  rows.push(paired(`memory, ${name}`, "MB", [own], [kernel], { most: 0.5 }));
}

function check(text: string): void {
  const { ok, error } = new Nft(undefined, { check: true }).run(text, "rules.nft");
  if (!ok) throw new Error(error);
}

function timed(action: () => void): number {
  const begin = performance.now();
  action();
  return performance.now() - begin;
}

function inside(...words: string[]): string {
  return run(["ip", "netns", "exec", namespace, ...words]);
}

function run([command, ...args]: readonly string[]): string {
  const { success, stdout, stderr } = new Deno.Command(command!, { args: [...args] }).outputSync();
  if (!success) throw new Error(`${command} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}
