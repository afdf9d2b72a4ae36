import { parseArgs } from "node:util";
import { Nft } from "../../core/nft/nft.ts";
import { paired, reached, type Row, table } from "./row.ts";
import { save } from "./results.ts";
import { concatenatedRanges, fiveTuples, intervalSet } from "./rule_texts.ts";

/**
 * `deno run -A test/bench/language.ts [--rounds N] [--large] [--json FILE]`: the rule language against `nft` on the same texts, in
 * alternating rounds of one run. In process after warm-up; the whole command `weir nft` with its start, by
 * the clock and by processor time, which other load on the machine disturbs less, from its modules and bundled; listing
 * as text and as JSON; the largest resident size of whole commands, and the same above what the runtime takes to do nothing. nft works in a
 * network namespace made for it; needs root.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "5" },
    large: { type: "boolean", default: false },
    json: { type: "string" },
  },
});

// A process that does nothing, for what the runtime takes.
if (positionals[0] === "idle") Deno.exit(0);

const rounds = Number(values.rounds), namespace = `weir-bench-${Deno.pid}`;
const WEIR = [
  Deno.execPath(),
  "run",
  "-A",
  new URL("../../weir.ts", import.meta.url).pathname,
  "nft",
  "--offline",
];
const rows: Row[] = [];
const folder = Deno.makeTempDirSync();
/** The same as `deno task bundle` and `deno task nft` have it. */
const BUNDLED = [
  Deno.execPath(),
  "run",
  "-A",
  "--v8-flags=--no-opt",
  `${folder}/nft/nft_main.js`,
  "--offline",
];
const BUNDLE = [Deno.execPath(), "bundle", "--quiet", "--code-splitting", "--outdir", `${folder}/nft`];
run([...BUNDLE, new URL("../../config/cli/nft_main.ts", import.meta.url).pathname]);
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
if (values.json !== undefined) await save(rows, { rounds, seconds: 0 }, values.json);
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
    commandTime: number[] = [],
    bundled: number[] = [],
    bundledTime: number[] = [],
    merged: number[] = [],
    nftMerged: number[] = [],
    nftTime: number[] = [],
    list: number[] = [],
    nftList: number[] = [],
    json: number[] = [],
    nftJson: number[] = [];
  const loaded = new Nft();
  loaded.run(text, file);
  const asJson = new Nft(loaded.store, { json: true });
  for (let round = 0; round < count; round++) {
    own.push(timed(() => check(text)));
    nft.push(timed(() => inside("nft", "-c", "-f", file)));
    if (whole) {
      command.push(timed(() => run([...WEIR, "-c", "-f", file])));
      commandTime.push(processorTime([...WEIR, "-c", "-f", file]));
      bundled.push(timed(() => run([...BUNDLED, "-c", "-f", file])));
      bundledTime.push(processorTime([...BUNDLED, "-c", "-f", file]));
      merged.push(timed(() => check(text, true)));
      nftMerged.push(timed(() => inside("nft", "-c", "-o", "-f", file)));
      nftTime.push(processorTime(["ip", "netns", "exec", namespace, "nft", "-c", "-f", file]));
    }
    list.push(timed(() => void loaded.run("list ruleset")));
    json.push(timed(() => void asJson.run("list ruleset")));
  }
  inside("nft", "-f", file);
  for (let round = 0; round < Math.min(count, 3); round++) {
    nftList.push(timed(() => inside("nft", "list", "ruleset")));
    nftJson.push(timed(() => inside("nft", "-j", "list", "ruleset")));
  }
  inside("nft", "flush", "ruleset");
  rows.push(paired(`check ${name}`, "ms", own, nft, { most: 0.5 }));
  if (whole) {
    rows.push(paired(`whole command, ${name}`, "ms", command, nft, { most: 1 }));
    rows.push(paired(`  its processor time`, "ms", commandTime, nftTime));
    rows.push(paired(`bundled command, ${name}`, "ms", bundled, nft, { most: 1 }));
    rows.push(paired(`  its processor time`, "ms", bundledTime, nftTime, { most: 1 }));
    rows.push(paired(`check -o ${name}`, "ms", merged, nftMerged));
  }
  rows.push(paired(`list ${name}`, "ms", list.slice(0, nftList.length), nftList, { most: 0.5 }));
  rows.push(paired(`list as JSON ${name}`, "ms", json.slice(0, nftJson.length), nftJson, { most: 0.5 }));
}

/** Largest resident sizes of a check and of a listing. Offline there is nothing to list: the rules are read with it. */
function memory(name: string, text: string): void {
  const file = `${folder}/rules.nft`, listed = `${folder}/list.nft`;
  Deno.writeTextFileSync(file, text);
  Deno.writeTextFileSync(listed, `${text}list ruleset\n`);
  const idle = peak([Deno.execPath(), "run", "-A", import.meta.filename!, "idle"]);
  const namespaced = ["ip", "netns", "exec", namespace, "nft"];
  const compare = (what: string, own: number, nft: number) => {
    rows.push(paired(`memory, ${what} ${name}`, "MB", [own], [nft], { most: 0.5 }));
    rows.push(paired(`  above an idle runtime`, "MB", [own - idle], [nft]));
  };
  compare("check", peak([...WEIR, "-c", "-f", file]), peak([...namespaced, "-c", "-f", file]));
  inside("nft", "-f", file);
  compare("list", peak([...WEIR, "-f", listed]), peak([...namespaced, "list", "ruleset"]));
  inside("nft", "flush", "ruleset");
}

/** Megabytes. */
function peak(command: readonly string[]): number {
  return measured("%M", command)[0]! / 1024;
}

/** Milliseconds of all processors, the kernel's work included. */
function processorTime(command: readonly string[]): number {
  const [user, system] = measured("%U %S", command);
  return (user! + system!) * 1000;
}

/** What time(1) tells of a command, as numbers. */
function measured(format: string, command: readonly string[]): number[] {
  const { success, stderr } = new Deno.Command("/usr/bin/time", {
    args: ["-f", format, ...command],
    stdout: "null",
  }).outputSync();
  const lines = new TextDecoder().decode(stderr).trim().split("\n");
  if (!success) throw new Error(`${command.join(" ")}: ${lines.join(" ")}`);
  return lines.at(-1)!.split(" ").map(Number);
}

function check(text: string, optimize = false): void {
  const { ok, error } = new Nft(undefined, { check: true, optimize }).run(text, "rules.nft");
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
