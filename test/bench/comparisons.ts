import { paired, type Row } from "./row.ts";
import type { Side } from "./sides.ts";
import { quantile } from "./statistics.ts";

/**
 * Rows where weir and the kernel do the same in turn, in the same topology under the same rules. Every round measures
 * all sides, each time beginning with another one.
 */
export interface Comparison {
  readonly weir: Side;
  readonly kernel: Side;
  readonly rounds: number;
  /** Seconds a measurement lasts. */
  readonly seconds: number;
}

/** Runs the measurements of every round in rotating order; results by measurement, then round. */
export async function alternate<T>(rounds: number, measure: readonly (() => Promise<T>)[]): Promise<T[][]> {
  const results = measure.map((): T[] => []);
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < measure.length; i++) {
      const which = (round + i) % measure.length;
      results[which]!.push(await measure[which]!());
    }
  }
  return results;
}

export async function smallUdp({ weir, kernel, rounds, seconds }: Comparison): Promise<Row[]> {
  const cpus = navigator.hardwareConcurrency;
  const flood = async (side: Side) => (await side.flood(seconds)).arrived / 1000;
  const steered = (mask: number) => async () => {
    await kernel.steer(mask);
    return flood(kernel);
  };
  // compilers of both sides warm up before the first round
  await weir.flood(2);
  await kernel.flood(0.3);
  const kinds = [() => flood(weir), steered(0), ...(cpus > 1 ? [steered(2)] : [])];
  const [ours, alone, both] = await alternate(rounds, kinds);
  await kernel.steer(0);
  return [
    ...(both === undefined ? [] : [
      paired("small UDP, kernel steered to a second CPU", "kpps", ours!, both, { least: 1 }),
    ]),
    paired("small UDP, kernel on the generator's CPU", "kpps", ours!, alone!),
  ];
}

export async function tcp(comparison: Comparison): Promise<Row[]> {
  const { weir, kernel, rounds, seconds } = comparison;
  const rows: Row[] = [];
  for (const state of ["on", "off"] as const) {
    for (const side of [weir, kernel]) await side.offloads(state);
    const stream = (side: Side) => async () => await side.tcp(Math.max(1, Math.round(seconds))) / 1e9;
    await stream(weir)();
    const [ours, theirs] = await alternate(rounds, [stream(weir), stream(kernel)]);
    const aim = state === "on" ? { least: 0.9 } : undefined;
    rows.push(paired(`TCP, one stream, offloads ${state}`, "Gbit/s", ours!, theirs!, aim));
  }
  for (const side of [weir, kernel]) await side.offloads("on");
  return rows;
}

export async function roundTrip({ weir, kernel, rounds }: Comparison): Promise<Row[]> {
  await weir.ping(PINGS);
  const [ours, theirs] = await alternate(rounds, [() => weir.ping(PINGS), () => kernel.ping(PINGS)]);
  const of = (times: readonly number[][], q: number) => times.map((list) => quantile(list, q) * 1000);
  return [
    paired("round trip, p50", "us", of(ours!, 0.5), of(theirs!, 0.5)),
    paired("round trip, p99", "us", of(ours!, 0.99), of(theirs!, 0.99)),
  ];
}

/** Echo requests a round. */
const PINGS = 500;
