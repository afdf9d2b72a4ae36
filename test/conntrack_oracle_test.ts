import { setU16, u16 } from "../core/packet/bytes.ts";
import { finish, sum } from "../core/packet/checksum.ts";
import { hex, KernelRouter, type Outcome } from "./conntrack/kernel.ts";
import { ModelRouter } from "./conntrack/model.ts";
import { MASQUERADED, type Scenario, scenarios } from "./conntrack/scenarios.ts";
import { walk } from "./conntrack/walk.ts";

/**
 * Connection tracking and NAT against the kernel: the same packets through both, one by one. Compared are the
 * state of every packet, whether and how it left, and the flows at the end.
 */
const missing = reasonToSkip();
Deno.test({
  name: missing === undefined
    ? "conntrack and NAT as the kernel does"
    : `conntrack against the kernel: skipped, ${missing}`,
  ignore: missing !== undefined,
  async fn(t) {
    const kernel = new KernelRouter();
    try {
      const only = Deno.env.get("WEIR_SCENARIO");
      for (const scenario of scenarios) {
        if (only !== undefined && !scenario.name.includes(only)) continue;
        await t.step(scenario.name, () => compare(kernel, scenario));
      }
      const first = Number(Deno.env.get("WEIR_SEED") ?? 1), walks = Number(Deno.env.get("WEIR_WALKS") ?? 12);
      if (only === undefined || only === "walk") {
        for (const nat of [false, true]) {
          await t.step(`${walks} random walks from seed ${first}${nat ? ", masqueraded" : ""}`, async () => {
            for (let seed = first; seed < first + walks; seed++) {
              await compare(kernel, randomScenario(seed, nat));
            }
          });
        }
      }
    } finally {
      await kernel.close();
    }
  },
});

function randomScenario(seed: number, nat: boolean): Scenario {
  const steps = walk(seed, 25, nat ? "198.51.100.1" : "192.168.77.2");
  return { name: `walk ${seed}`, steps, ...(nat ? { ...MASQUERADED, randomPort: true } : {}) };
}

function reasonToSkip(): string | undefined {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return "needs root on Linux";
  for (const [tool, flag] of [["ip", "-V"], ["nft", "-v"], ["conntrack", "-V"]] as const) {
    try {
      if (!new Deno.Command(tool, { args: [flag], stdout: "null", stderr: "null" }).outputSync().success) {
        throw 0;
      }
    } catch {
      return `needs ${tool}`;
    }
  }
  return undefined;
}

async function compare(kernel: KernelRouter, scenario: Scenario): Promise<void> {
  kernel.load(scenario.rules ?? "");
  const model = new ModelRouter(scenario.decide);
  const theirs: Outcome[] = [], ours: Outcome[] = [], differences: string[] = [];
  for (const [i, step] of scenario.steps.entries()) {
    if (step.pause !== undefined) await new Promise((resolve) => setTimeout(resolve, step.pause));
    const forKernel = tagged(step.packet(theirs), i), forModel = tagged(step.packet(ours), i);
    theirs.push(await kernel.packet(step.from, forKernel));
    ours.push(model.packet(step.from, forModel));
    const k = describe(theirs[i]!, scenario), m = describe(ours[i]!, scenario);
    if (k !== m) differences.push(`step ${i}:\n  kernel ${k.slice(0, 400)}\n  weir   ${m.slice(0, 400)}`);
  }
  const k = kernel.flows(), m = model.flows();
  if (!sameFlows(k, m, scenario)) {
    differences.push(`flows:\n  kernel ${k.join("\n         ")}\n  weir   ${m.join("\n         ")}`);
  }
  if (differences.length > 0) throw new Error(`${scenario.name}\n${differences.join("\n")}`);
}

/** Gives the packet a mark that survives forwarding: identification, or the flow label. */
function tagged(packet: Uint8Array, i: number): Uint8Array {
  const b = packet.slice();
  if (b[0]! >>> 4 === 4) {
    setU16(b, 4, 0x4100 + i);
    setU16(b, 10, 0);
    setU16(b, 10, finish(sum(b, 0, 20)));
  } else setU16(b, 2, 0x4100 + i);
  return b;
}

/** State, port and bytes, with what routing changes taken out. */
function describe(outcome: Outcome, scenario: Scenario): string {
  if (outcome.packet === undefined) return `${outcome.state}, not forwarded`;
  const b = outcome.packet.slice();
  if (b[0]! >>> 4 === 4) {
    if (finish(sum(b, 0, 20)) !== 0) return `${outcome.state}, wrong IP checksum ${hex(b)}`;
  }
  if (scenario.randomPort === true) maskPorts(b);
  return `${outcome.state} out of ${outcome.port} ${hex(b)}`;
}

/** Replaces ports by their class, in a quoted packet too, and takes out the checksums over them. */
function maskPorts(b: Uint8Array, from = 0): void {
  const six = b[from]! >>> 4 === 6, at = from + (six ? 40 : 20), protocol = b[from + (six ? 6 : 9)]!;
  const put = (position: number, value: number) => {
    if (position + 2 <= b.length) setU16(b, position, value);
  };
  const classOf = (port: number) => port < 512 ? 1 : port < 1024 ? 2 : 3;
  if (protocol === 1 || protocol === 58) {
    const type = b[at]!, error = six ? type < 128 : type === 3 || type === 5 || type === 11 || type === 12;
    put(at + 2, 0);
    if (error) maskPorts(b, at + 8);
    else put(at + 4, 0);
    return;
  }
  for (const field of [at, at + 2]) put(field, classOf(u16(b, field)));
  put(protocol === 6 ? at + 16 : at + 6, 0);
}

/** Equal lines but for a second of timeout. */
function sameFlows(k: string[], m: string[], scenario: Scenario): boolean {
  if (k.length !== m.length) return false;
  const split = (line: string) => /^(\S+ +\d+) (\d+) (.*)$/.exec(line);
  const rest = (line: string) => {
    const text = split(line)![3]!.replace(/ +/g, " ");
    if (scenario.randomPort !== true) return text;
    return text.replace(/(sport|dport|id)=\d+/g, "$1=");
  };
  const order = (lines: string[]) => lines.slice().sort((a, b) => rest(a) < rest(b) ? -1 : 1);
  const a = order(k), b = order(m);
  return a.every((line, i) =>
    rest(line) === rest(b[i]!) && Math.abs(Number(split(line)![2]) - Number(split(b[i]!)![2])) <= 1
  );
}
