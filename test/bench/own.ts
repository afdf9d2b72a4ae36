import { FILES } from "../../config/cli/demo/files.ts";
import { WeirRouter } from "../../config/cli/demo/weir_router.ts";
import { WAN } from "../../config/cli/demo/settings.ts";
import { topology } from "../topology.ts";
import type { DataPlaneCost } from "./data_plane.ts";
import { linesOf } from "./lines.ts";
import { cpuSeconds, memory } from "./process.ts";
import { type Row, single } from "./row.ts";
import { here, Side, sleep } from "./sides.ts";

/** Rows about weir's own process: the kernel has no other side to them. */

/** CPU of an idle router, percent of one CPU, over `seconds` several times. */
export async function idle(weir: Side, seconds: number): Promise<Row[]> {
  const { pid } = weir.topology.weir, percent: number[] = [];
  await sleep(3000);
  for (let round = 0; round < 3; round++) {
    const before = cpuSeconds(pid), since = performance.now();
    await sleep(seconds * 1000);
    percent.push((cpuSeconds(pid) - before) / ((performance.now() - since) / 1000) * 100);
  }
  return [single("idle CPU of the process", "%", percent, { most: 1 })];
}

export function memoryRows(weir: Side, when: string): Row[] {
  const { rss, pss } = memory(weir.topology.weir.pid);
  return [
    single(`memory ${when}, resident`, "MB", [rss]),
    single(`memory ${when}, proportional`, "MB", [pss]),
  ];
}

/** From the process's start to the first plan applied and answered for over the control socket. */
export async function startUp(rounds: number): Promise<Row[]> {
  await using stack = new AsyncDisposableStack();
  const t = stack.use(await topology({ router: "none" }));
  const directory = await Deno.makeTempDir({ prefix: "weir-bench-" });
  stack.defer(() => Deno.remove(directory, { recursive: true }));
  for (const [name, text] of Object.entries(FILES)) await Deno.writeTextFile(`${directory}/${name}`, text);
  const milliseconds: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const begin = performance.now();
    await using _router = await WeirRouter.start(t.network, {
      configuration: `${directory}/demo.yaml`,
      socket: `${directory}/control.sock`,
      entry: new URL("../../mod.ts", import.meta.url).href,
    });
    milliseconds.push(performance.now() - begin);
  }
  return [single("start to first plan", "ms", milliseconds)];
}

interface StreamReport {
  readonly received: number;
  readonly lost: number;
  /** Longest time between two packets, milliseconds. */
  readonly gap: number;
}

/** Reloads under a numbered stream: how long one takes, and what the stream saw of it. */
export async function reload(weir: Side, rounds: number): Promise<Row[]> {
  const { topology: t } = weir, router = t.weir, milliseconds: number[] = [];
  const quiet = await stream(weir, 2, async () => {});
  const disturbed = await stream(weir, 1 + rounds * RELOAD_EVERY / 1000, async () => {
    await sleep(500);
    for (let round = 0; round < rounds; round++) {
      const { generation } = await router.status(), begin = performance.now();
      Deno.kill(router.pid, "SIGHUP");
      while ((await router.status()).generation === generation) {
        if (performance.now() - begin > 5000) throw new Error("the router did not reload within 5 s");
        await sleep(2);
      }
      milliseconds.push(performance.now() - begin);
      await sleep(RELOAD_EVERY - (performance.now() - begin));
    }
  });
  return [
    single("reload, SIGHUP to new plan", "ms", milliseconds),
    single(`longest gap at 2000 pps, ${rounds} reloads`, "ms", [disturbed.gap]),
    single("longest gap at 2000 pps, none", "ms", [quiet.gap]),
    single(`packets lost in ${rounds} reloads`, "", [disturbed.lost], { most: 0 }),
  ];
}

/** Milliseconds from one reload to the next. */
const RELOAD_EVERY = 300;

async function stream(weir: Side, seconds: number, during: () => Promise<void>): Promise<StreamReport> {
  const run = (place: "lan" | "wan", ...args: string[]) =>
    weir.topology.spawn(place, Deno.execPath(), {
      args: ["run", "-A", here("stream.ts"), ...args],
      stdin: "null",
      stdout: "piped",
    });
  const answers = linesOf(run("wan", "receive").stdout).getReader();
  await answers.read();
  const sender = run("lan", "send", WAN.ipv4, "--seconds", String(seconds));
  await during();
  await sender.output();
  const { value } = await answers.read();
  if (value === undefined) throw new Error("the stream's receiver ended early");
  return JSON.parse(value);
}

/** CPU time of the data-plane thread by stage under a flood; a router of its own, as measuring costs a little. */
export async function stages(rounds: number, seconds: number): Promise<Row[]> {
  await using stack = new AsyncDisposableStack();
  const weir = await Side.start(stack, "weir", ["--measure"]), router = weir.topology.weir;
  await weir.flood(2);
  const costs = { receive: [], process: [], transmit: [], total: [] } as Record<string, number[]>;
  const size: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const before = await router.status();
    await weir.flood(seconds);
    await sleep(150);
    const after = await router.status(), packets = after.packets - before.packets;
    for (const stage of ["receive", "process", "transmit", "total"] as const) {
      costs[stage]!.push((after.cpu[stage] - before.cpu[stage]) / packets);
    }
    size.push(packets / (after.batches - before.batches));
  }
  const row = (name: string, stage: string) =>
    single(`data plane under flood, ${name}`, "ns/packet", costs[stage]!);
  return [
    row("receive", "receive"),
    row("process", "process"),
    row("transmit", "transmit"),
    row("whole thread", "total"),
    single("packets a batch under flood", "", size),
  ];
}

/** The data plane without I/O, in a process of its own. */
export async function dataPlane(rounds: number): Promise<Row[]> {
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--v8-flags=--expose-gc", here("data_plane.ts"), "--rounds", String(rounds)],
    stdin: "null",
    stderr: "inherit",
  }).output();
  if (!success) throw new Error("the in-process bench failed");
  const costs: DataPlaneCost[] = JSON.parse(new TextDecoder().decode(stdout));
  return costs.flatMap(({ name, nanoseconds, garbage, aim }) => [
    single(`in process: ${name}`, "ns/packet", nanoseconds, aim),
    ...(garbage === undefined
      ? []
      : [single(`in process: ${name}, garbage`, "B/packet", [garbage], { most: 1 })]),
  ]);
}
