import { parseArgs } from "node:util";
import { PacketBatch } from "../../core/packet/batch.ts";
import { tcp, udp } from "../../core/packet/build.ts";
import { PacketPool } from "../../core/packet/pool.ts";
import { LAN, ROUTER_WAN, WAN } from "../../config/cli/demo/settings.ts";
import { threadCpu } from "../../drivers/sys/clock.ts";
import { Laboratory } from "./laboratory.ts";
import type { Aim } from "./row.ts";
import { ReplayPort } from "./replay_port.ts";

/**
 * CPU nanoseconds and bytes of garbage a packet of the data plane alone, as JSON. A process of its own, for a clean
 * heap: deno run -A --v8-flags=--expose-gc test/bench/data_plane.ts [--rounds N] [--flows 64,60000] [--only TEXT]
 */
const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "9" },
    packets: { type: "string", default: "200000" },
    rules: { type: "string", default: "shipped,none" },
    flows: { type: "string", default: "64,60000" },
    only: { type: "string" },
  },
});
const rounds = Number(values.rounds), batches = Math.ceil(Number(values.packets) / 64);
const gc = (globalThis as { gc?: () => void }).gc;

export interface DataPlaneCost {
  readonly name: string;
  /** CPU nanoseconds a packet, the replay's own cost taken off; one a round. */
  readonly nanoseconds: readonly number[];
  /** Bytes of garbage a packet; absent where the runtime cannot say. */
  readonly garbage?: number;
  readonly aim?: Aim;
}

const PAYLOAD = new Uint8Array(18);
const upPacket = (port: number) => udp({ from: LAN.ipv4, to: WAN.ipv4 }, port, 9, PAYLOAD);
const downPacket = (port: number) => udp({ from: WAN.ipv4, to: ROUTER_WAN.ipv4 }, 9, port, PAYLOAD);
const firstPort = 2000;

interface Case {
  readonly name: string;
  run(batches: number): void;
}

function cases(rules: "shipped" | "none", flows: number): Case[] {
  const laboratory = new Laboratory(rules, 1 << 18);
  const ports = Array.from({ length: flows }, (_, i) => firstPort + i);
  const up = ports.map((port) => laboratory.fromLan(upPacket(port)));
  // without masquerade the answer goes to the host itself
  const answer = (port: number) =>
    rules === "none" ? udp({ from: WAN.ipv4, to: LAN.ipv4 }, 9, port, PAYLOAD) : downPacket(port);
  const down = ports.map((port) => laboratory.fromWan(answer(port)));
  const need = Math.ceil(flows / 64);
  const expect = (sent: number, n: number) => {
    if (sent < n * 64) throw new Error(`${rules}, ${flows} flows: ${sent} of ${n * 64} packets passed`);
  };
  expect(laboratory.pass("lan0", up, need), need);
  expect(laboratory.pass("wan0", down, need), need);
  const label = `${flows} flows, ${rules} rules`;
  return [
    { name: `UDP up, ${label}`, run: (n) => expect(laboratory.pass("lan0", up, n), n) },
    { name: `UDP down, ${label}`, run: (n) => expect(laboratory.pass("wan0", down, n), n) },
    ...(flows === 64 ? [tcpCase(laboratory, rules, label, expect)] : []),
  ];
}

/** Established TCP: the same acknowledgement again and again. */
function tcpCase(
  laboratory: Laboratory,
  rules: "shipped" | "none",
  label: string,
  expect: (sent: number, n: number) => void,
): Case {
  const ports = Array.from({ length: 64 }, (_, i) => 40000 + i);
  const SYN = 2, ACK = 16;
  const far = rules === "none" ? LAN.ipv4 : ROUTER_WAN.ipv4;
  const segment = (from: string, to: string, ports: [number, number], flags: number, at: [number, number]) =>
    tcp({ from, to }, ...ports, { flags, sequence: at[0], acknowledgement: at[1], window: 60000 });
  expect(
    laboratory.pass(
      "lan0",
      ports.map((p) => laboratory.fromLan(segment(LAN.ipv4, WAN.ipv4, [p, 80], SYN, [100, 0]))),
      1,
    ),
    1,
  );
  expect(
    laboratory.pass(
      "wan0",
      ports.map((p) => laboratory.fromWan(segment(WAN.ipv4, far, [80, p], SYN | ACK, [500, 101]))),
      1,
    ),
    1,
  );
  const acks = ports.map((p) => laboratory.fromLan(segment(LAN.ipv4, WAN.ipv4, [p, 80], ACK, [101, 501])));
  return { name: `TCP ack up, ${label}`, run: (n) => expect(laboratory.pass("lan0", acks, n), n) };
}

/** The replay port alone. */
function floor(): Case {
  const port = new ReplayPort("floor"), batch = new PacketBatch(new PacketPool(64, 1));
  port.attach(batch);
  const frames = Array.from(
    { length: 64 },
    (_, i) => new Uint8Array([...new Uint8Array(14), ...upPacket(i)]),
  );
  return {
    name: "replay alone",
    run: (n) => {
      for (port.play(frames, n); port.receive(batch, 64) > 0;) batch.clear();
    },
  };
}

/** CPU nanoseconds a packet. */
function time(one: Case): number {
  const before = threadCpu();
  one.run(batches);
  return (threadCpu() - before) / (batches * 64);
}

/** Bytes allocated a packet, by the heap's growth between two collections that did not happen. */
function garbage(one: Case): number | undefined {
  if (gc === undefined) return undefined;
  one.run(256);
  gc();
  const before = Deno.memoryUsage().heapUsed;
  one.run(1024);
  return Math.max(0, Deno.memoryUsage().heapUsed - before) / (1024 * 64);
}

const base = floor();
const wanted = values.rules.split(",").flatMap((rules) =>
  values.flows.split(",").flatMap((flows) => cases(rules as "shipped" | "none", Number(flows)))
).filter(({ name }) => values.only === undefined || name.includes(values.only));
for (const one of [base, ...wanted]) one.run(batches);
const spent = wanted.map((): number[] => []), floors: number[] = [];
for (let round = 0; round < rounds; round++) {
  const nothing = time(base);
  floors.push(nothing);
  wanted.forEach((one, i) => spent[i]!.push(time(one) - nothing));
}
const costs: DataPlaneCost[] = [
  { name: base.name, nanoseconds: floors },
  ...wanted.map((one, i) => {
    const bytes = garbage(one);
    return {
      name: one.name,
      nanoseconds: spent[i]!,
      ...(bytes === undefined ? {} : { garbage: bytes }),
      ...(one.name.includes("64 flows, shipped") ? { aim: { most: 350 } } : {}),
    };
  }),
];
console.log(JSON.stringify(costs));
