import { parseArgs } from "node:util";
import { type Comparison, roundTrip, smallUdp, tcp } from "./comparisons.ts";
import { dataPlane, idle, memoryRows, reload, stages, startUp } from "./own.ts";
import { save } from "./results.ts";
import { reached, type Row, table } from "./row.ts";
import { Side } from "./sides.ts";

/**
 * `deno task bench`: weir against the kernel with the same rules in the same topology, in alternating rounds of one
 * run. README.md says what each row means.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "9" },
    seconds: { type: "string", default: "1" },
    only: { type: "string", default: "" },
    json: { type: "string" },
    save: { type: "boolean", default: false },
  },
});
const rounds = Number(values.rounds), seconds = Number(values.seconds);
const PARTS = ["inprocess", "start", "idle", "rtt", "udp", "tcp", "reload", "stages"] as const;
const only: readonly string[] = values.only === "" ? PARTS : values.only.split(",");
const unknown = only.find((part) => !(PARTS as readonly string[]).includes(part));
if (unknown !== undefined || !(rounds >= 1) || !(seconds > 0)) {
  console.error(
    unknown === undefined
      ? "--rounds and --seconds are positive numbers"
      : `--only ${unknown}: there is no such part, there are ${PARTS.join(", ")}`,
  );
  Deno.exit(2);
}

const rows: Row[] = [], failed: string[] = [];
const wants = (...parts: string[]) => parts.some((part) => only.includes(part));
async function part(name: string, measure: () => Promise<Row[]> | Row[]): Promise<void> {
  if (wants(name)) await add(name, measure);
}
async function add(name: string, measure: () => Promise<Row[]> | Row[]): Promise<void> {
  const begin = performance.now();
  try {
    rows.push(...await measure());
  } catch (error) {
    console.error(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    failed.push(name);
  }
  console.error(`${name}: ${((performance.now() - begin) / 1000).toFixed(0)} s`);
}

const stack = new AsyncDisposableStack();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, () => void stack.disposeAsync().finally(() => Deno.exit(130)));
}
try {
  await part("inprocess", () => dataPlane(rounds));
  if (Deno.uid() !== 0) {
    if (only.some((name) => name !== "inprocess")) {
      console.error("the rest needs root: it makes network namespaces");
    }
  } else await network();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  failed.push("the topologies");
} finally {
  await stack.disposeAsync();
}

async function network(): Promise<void> {
  await part("start", () => startUp(3));
  if (wants("idle", "rtt", "udp", "tcp", "reload")) {
    const weir = await Side.start(stack, "weir");
    if (wants("idle")) {
      await add("idle", async () => [...await idle(weir, 10 / 3), ...memoryRows(weir, "idle")]);
    }
    if (wants("rtt", "udp", "tcp")) {
      const comparison: Comparison = { weir, kernel: await Side.start(stack, "kernel"), rounds, seconds };
      await part("rtt", () => roundTrip(comparison));
      await part("udp", () => smallUdp(comparison));
      await part("tcp", () => tcp(comparison));
    }
    await part("reload", () => reload(weir, 5));
    if (wants("udp", "tcp")) await add("memory", () => memoryRows(weir, "after load"));
    await stack.disposeAsync();
  }
  await part("stages", () => stages(3, seconds));
}

console.log(table(rows));
const missed = rows.filter((row) => reached(row) === false).length;
console.log(missed === 0 ? "every aim met" : `${missed} aims missed`);
if (values.json !== undefined || values.save) await save(rows, { rounds, seconds }, values.json);
if (failed.length > 0) console.log(`failed: ${failed.join(", ")}`);
Deno.exit(failed.length > 0 ? 1 : 0);
