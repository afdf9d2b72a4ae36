import { parseArgs } from "node:util";
import { Bed, type Implementation, type Proposal } from "../ipsec/bed.ts";
import { strongswanLacks } from "../ipsec/needs.ts";
import { iperf, ping } from "../ipsec/traffic.ts";
import { alternate } from "./comparisons.ts";
import { cpuSeconds } from "./process.ts";
import { save } from "./results.ts";
import { paired, type Row, table } from "./row.ts";
import { quantile } from "./statistics.ts";

/**
 * `deno run -A test/bench/ipsec.ts`: a tunnel between two weirs against a tunnel between two strongSwans whose ESP is in user
 * space too (kernel-libipsec), and one between both; the same topology and algorithms, alternating rounds.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "7" },
    seconds: { type: "string", default: "2" },
    proposals: { type: "string", default: "aes128gcm16,aes128-sha256" },
    json: { type: "string" },
  },
});
const rounds = Number(values.rounds), seconds = Number(values.seconds);
const lacking = strongswanLacks("ping", "iperf3");
if (lacking !== undefined) {
  console.error(`this needs ${lacking}`);
  Deno.exit(1);
}

interface Measured {
  readonly megabits: number;
  /** CPU time of both gateways' processes for a gigabyte that arrived, seconds. */
  readonly cpu: number;
}

async function stream(bed: Bed): Promise<Measured> {
  const cpu = () => cpuSeconds(bed.pid("near")) + cpuSeconds(bed.pid("far"));
  const begin = cpu(), { bitsPerSecond, bytes } = await iperf(bed, seconds);
  return { megabits: bitsPerSecond / 1e6, cpu: (cpu() - begin) / (bytes / 1e9) };
}

async function roundTrip(bed: Bed): Promise<number> {
  return quantile((await ping(bed, "left", 100)).times, 0.5) * 1000;
}

async function compare(proposal: Proposal): Promise<Row[]> {
  await using stack = new AsyncDisposableStack();
  const start = async (near: Implementation, far: Implementation) => {
    const bed = stack.use(await Bed.start({ proposal, near, far }));
    // compilers, path MTU and windows
    await iperf(bed, 3);
    return bed;
  };
  const weir = await start("weir", "weir"), strongswan = await start("strongswan", "strongswan");
  const mixed = await start("weir", "strongswan");
  const [ours, theirs, both] = await alternate(
    rounds,
    [weir, strongswan, mixed].map((bed) => () => stream(bed)),
  );
  const [fast, slow] = await alternate(rounds, [weir, strongswan].map((bed) => () => roundTrip(bed)));
  const megabits = (measured: readonly Measured[]) => measured.map((each) => each.megabits);
  const cpu = (measured: readonly Measured[]) => measured.map((each) => each.cpu);
  return [
    paired(`${proposal}, TCP`, "Mbit/s", megabits(ours!), megabits(theirs!), { least: 2 }),
    paired(`${proposal}, CPU of both gateways`, "s/GB", cpu(ours!), cpu(theirs!), { most: 0.5 }),
    paired(`${proposal}, TCP, weir to strongSwan`, "Mbit/s", megabits(both!), megabits(theirs!)),
    paired(`${proposal}, round trip, p50`, "us", fast!, slow!),
  ];
}

const rows: Row[] = [];
for (const proposal of values.proposals.split(",") as Proposal[]) rows.push(...await compare(proposal));
console.log(table(rows, "strongSwan"));
if (values.json !== undefined) await save(rows, { rounds, seconds }, values.json);
