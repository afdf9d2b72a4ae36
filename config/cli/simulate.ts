import { VirtualClock } from "../../core/clock.ts";
import { type CaptureTime, timeAfter } from "../../core/packet/pcap.ts";
import { SeededRandom } from "../../core/random.ts";
import { Router } from "../../core/router.ts";
import { DROP_REASONS } from "../../core/forward/drops.ts";
import { formatFlow } from "../../core/conntrack/format.ts";
import { PcapPort, readPcapFile } from "../../drivers/port/pcap.ts";
import { deviceNames } from "../config.ts";
import { readFiles } from "../files.ts";
import { buildPlan } from "../plan.ts";
import { Rules } from "../rules.ts";

/**
 * `weir simulate`: the whole router over capture files, in virtual time.
 *
 * Overview    each port of the configuration reads the capture named for it and writes what it sends to
 *             OUT/PORT.pcap. Time is the captures' own: it jumps from one due frame or timer to the next. There is no
 *             host behind the router; randomness comes from a seed. Same input, same bytes.
 * Life-cycle  starts SETTLE milliseconds before the first frame, so that addresses are in use when it comes, and ends
 *             `linger` seconds after the last, so that timers (fragments, neighbours) have had their say.
 */
export interface SimulateOptions {
  readonly config: string;
  /** PORT=FILE.pcap each. */
  readonly in: readonly string[];
  /** Folder for the captures of what was sent; made when it is missing. */
  readonly out: string;
  readonly seed?: number;
  /** Seconds of virtual time after the last frame. */
  readonly linger?: number;
  readonly json?: boolean;
}

/** Returns the exit status; errors are one line each on standard error. */
export function simulate(options: SimulateOptions): number {
  try {
    const report = run(options);
    console.log(options.json ? JSON.stringify(report, undefined, 2) : describe(report));
    return 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message.trimEnd() : String(error));
    return 1;
  }
}

interface SimulationReport {
  readonly seconds: number;
  readonly ports: Readonly<
    Record<string, { readonly in: number; readonly out: number; readonly file: string }>
  >;
  readonly forwarded: number;
  readonly drops: Readonly<Record<string, number>>;
  readonly flows: readonly string[];
  readonly log: readonly string[];
  readonly ruleset: string;
}

function run(options: SimulateOptions): SimulationReport {
  const files = readFiles(options.config);
  if (!files.ok) throw new Error(files.error);
  const { config } = files;
  const names = config.ports.map((port) => port.name.value);
  const inputs = inputFiles(options.in, names);
  const interfaces = [...deviceNames(config)];
  const start = firstFrame(inputs), epoch = timeAfter(start, -SETTLE);
  const clock = new VirtualClock(0, epoch.seconds * 1000 + epoch.nanoseconds / 1e6);
  const rules = new Rules({
    interfaceIndex: (name) => positive(interfaces.indexOf(name) + 1),
    interfaceName: (index) => interfaces[index - 1],
  }, () => clock.monotonic());
  const loaded = rules.replace(files.ruleset, files.directory);
  if (!loaded.ok) throw new Error(loaded.error);
  const plan = buildPlan(config, rules.program(1), {
    generation: 1,
    hostname: "simulated",
    flows: 65536,
    interfaceIndex: (name) => interfaces.indexOf(name) + 1,
    portNumber: (name) => names.indexOf(name),
    macOf: (name) => Uint8Array.of(0x02, 0x77, 0x65, 0x69, 0x72, names.indexOf(name)),
    mtuOf: () => 1500,
    localPort: () => undefined,
  });
  const log: string[] = [];
  const router = new Router({
    clock,
    random: new SeededRandom(options.seed ?? 1),
    flows: plan.conntrack.flows,
    secret: new Uint8Array(16),
    cells: new Float64Array(rules.cells),
    log: (prefix, _level, _group, batch, row) => {
      log.push(`${plan.program.strings[prefix] ?? ""}IN=${interfaces[batch.inInterface[row]! - 1] ?? ""}`);
    },
  });
  const ports = names.map((name) => {
    const input = inputs.get(name);
    return new PcapPort({ name, epoch, ...(input === undefined ? {} : { input: readPcapFile(input) }) });
  });
  ports.forEach((port, number) => router.setPort(number, port));
  router.apply(plan);
  pass(router, ports, clock, (options.linger ?? 5) * 1000);
  return report(options, router, ports, clock, rules, log);
}

/** Moves virtual time from event to event until nothing is due and `linger` milliseconds have passed. */
function pass(router: Router, ports: readonly PcapPort[], clock: VirtualClock, linger: number): void {
  let end = SETTLE + linger;
  while (clock.monotonic() < end) {
    while (router.turn() > 0);
    const due = Math.min(...ports.map((port) => port.due ?? Infinity));
    if (due !== Infinity) end = due + linger;
    clock.advanceTo(Math.min(due, clock.monotonic() + Math.max(1, router.idle())));
  }
  router.turn();
}

function report(
  options: SimulateOptions,
  router: Router,
  ports: readonly PcapPort[],
  clock: VirtualClock,
  rules: Rules,
  log: readonly string[],
): SimulationReport {
  Deno.mkdirSync(options.out, { recursive: true });
  const counts: Record<string, { in: number; out: number; file: string }> = {};
  for (const port of ports) {
    const file = `${options.out}/${port.name}.pcap`;
    Deno.writeFileSync(file, port.output());
    counts[port.name] = { in: port.counters.rxPackets, out: port.counters.txPackets, file };
  }
  const drops = DROP_REASONS.flatMap((reason, i) => {
    const count = router.drops.cells[i]!;
    return count > 0 ? [[reason, count] as const] : [];
  });
  const flows: string[] = [], { conntrack } = router;
  for (let row = conntrack.next(0); row >= 0; row = conntrack.next(row + 1)) {
    flows.push(formatFlow(conntrack.table, row, clock.monotonic()));
  }
  return {
    seconds: (clock.monotonic() - SETTLE) / 1000,
    ports: counts,
    forwarded: router.forwarding.forwarded,
    drops: Object.fromEntries(drops),
    flows,
    log,
    ruleset: rules.run("list ruleset", "").output,
  };
}

/** PORT=FILE arguments, judged against the configuration's ports. */
function inputFiles(pairs: readonly string[], names: readonly string[]): Map<string, string> {
  const inputs = new Map<string, string>();
  for (const pair of pairs) {
    const equals = pair.indexOf("="), name = pair.slice(0, equals), file = pair.slice(equals + 1);
    if (equals < 1 || file === "") throw new Error(`--in ${pair}: expected PORT=FILE.pcap`);
    if (!names.includes(name)) {
      throw new Error(`--in ${pair}: the configuration has no port ${name}, it has ${names.join(", ")}`);
    }
    if (inputs.has(name)) throw new Error(`--in ${pair}: port ${name} has a capture already`);
    inputs.set(name, file);
  }
  return inputs;
}

/** Time of the earliest frame of all captures; 1970 when there is none. */
function firstFrame(inputs: ReadonlyMap<string, string>): CaptureTime {
  let first: CaptureTime | undefined;
  for (const path of inputs.values()) {
    const file = readPcapFile(path), record = file.records[0];
    if (record === undefined) continue;
    const earlier = first === undefined || record.seconds < first.seconds ||
      (record.seconds === first.seconds && record.nanoseconds < first.nanoseconds);
    if (earlier) first = { seconds: record.seconds, nanoseconds: record.nanoseconds };
  }
  return first ?? { seconds: 0, nanoseconds: 0 };
}

function describe(report: SimulationReport): string {
  const ports = Object.entries(report.ports).map(([name, port]) =>
    `${name}: ${port.in} frames in, ${port.out} out -> ${port.file}`
  );
  const drops = Object.entries(report.drops).map(([reason, count]) => `  ${count} ${reason}`);
  return [
    `${report.seconds.toFixed(3)} s of virtual time, ${report.forwarded} packets forwarded`,
    ...ports,
    ...(drops.length === 0 ? [] : ["dropped:", ...drops]),
    ...(report.flows.length === 0
      ? []
      : [`flows: ${report.flows.length}`, ...report.flows.map((f) => `  ${f}`)]),
  ].join("\n");
}

const positive = (n: number): number | undefined => n > 0 ? n : undefined;

/** Milliseconds before the first frame: duplicate address detection takes one second and its random delay. */
const SETTLE = 3000;
