import type { Program } from "../../core/classify/program.ts";
import { arp, ethernet } from "../../core/packet/build.ts";
import { formatMac } from "../../core/packet/address.ts";
import type { RouterPlan } from "../../core/plan.ts";
import { SeededRandom } from "../../core/random.ts";
import { Router } from "../../core/router.ts";
import { FILES } from "../../config/cli/demo/files.ts";
import { LAN, ROUTER_LAN, ROUTER_WAN, WAN } from "../../config/cli/demo/settings.ts";
import { parseConfig } from "../../config/load.ts";
import { deviceNames } from "../../config/config.ts";
import { buildPlan } from "../../config/plan.ts";
import { Rules } from "../../config/rules.ts";
import { clock } from "../../drivers/sys/clock.ts";
import { ReplayPort } from "./replay_port.ts";

/**
 * The demo's router in this process, between two ports that replay frames: the data plane without any I/O.
 *
 * Overview    plan and ruleset are the demo's (config/cli/demo); ports `lan0` and `wan0` stand for its wires, `lan1` is
 *             there and silent. Neighbours make themselves known by ARP before each run.
 * Ownership   one thread; the clock is the machine's, as timers must cost what they cost.
 */
export class Laboratory {
  readonly router: Router;
  readonly #ports: readonly ReplayPort[];
  readonly #greetings = {
    lan0: greetings(LAN_MAC, LAN.ipv4, "lan0", ROUTER_LAN.ipv4),
    wan0: greetings(WAN_MAC, WAN.ipv4, "wan0", ROUTER_WAN.ipv4),
  };

  constructor(rules: "shipped" | "none", flows: number) {
    const { plan, cells } = demoPlan(rules, flows);
    this.router = new Router({
      clock,
      random: new SeededRandom(7),
      flows,
      secret: new Uint8Array(16),
      cells,
    });
    this.#ports = PORTS.map((name) => new ReplayPort(name));
    this.#ports.forEach((port, number) => this.router.setPort(number + 1, port));
    this.router.apply(plan);
    this.#settle();
  }

  /** A frame from the LAN host to the router. */
  fromLan(packet: Uint8Array): Uint8Array {
    return ethernet(LAN_MAC, formatMac(macOf("lan0")), packet);
  }
  /** A frame from the WAN host to the router. */
  fromWan(packet: Uint8Array): Uint8Array {
    return ethernet(WAN_MAC, formatMac(macOf("wan0")), packet);
  }

  /** Lets `batches` batches of 64 of these frames come in by a port; packets sent by the other one. */
  pass(from: "lan0" | "wan0", frames: readonly Uint8Array[], batches: number): number {
    const other = this.#port(from === "lan0" ? "wan0" : "lan0");
    this.#greet();
    const before = other.counters.txPackets;
    this.#play(this.#port(from), frames, batches);
    return other.counters.txPackets - before;
  }

  #play(port: ReplayPort, frames: readonly Uint8Array[], batches: number): void {
    port.play(frames, batches);
    while (port.left > 0) this.router.turn();
  }

  /** Neighbours that are heard of are not probed: nobody is there to answer. */
  #greet(): void {
    for (const name of ["lan0", "wan0"] as const) this.#play(this.#port(name), this.#greetings[name], 1);
  }

  #port(name: string): ReplayPort {
    return this.#ports[PORTS.indexOf(name)]!;
  }

  /** Time enough for duplicate address detection to end. */
  #settle(): void {
    for (const until = performance.now() + SETTLE; performance.now() < until;) this.router.turn();
  }
}

/** A question makes a neighbour known, an answer says that it is reachable: it will not be probed for a while. */
const greetings = (mac: string, from: string, port: string, router: string): Uint8Array[] => [
  arp(mac, from, router),
  arp(mac, from, router, 2, formatMac(macOf(port))),
];

function demoPlan(rules: "shipped" | "none", flows: number): { plan: RouterPlan; cells: Float64Array } {
  const config = parseConfig({ name: "demo.yaml", text: FILES["demo.yaml"]! });
  if (!config.ok) throw new Error("the demo's configuration is not one");
  const interfaces = [...deviceNames(config.config)];
  const directory = Deno.makeTempDirSync({ prefix: "weir-bench-" });
  const store = new Rules({
    interfaceIndex: (name) => interfaces.indexOf(name) + 1 || undefined,
    interfaceName: (index) => interfaces[index - 1],
  }, () => clock.monotonic());
  try {
    for (const [name, text] of Object.entries(FILES)) Deno.writeTextFileSync(`${directory}/${name}`, text);
    const result = rules === "none" ? undefined : store.replace(
      { name: `${directory}/demo.nft`, text: FILES["demo.nft"]! },
      directory,
    );
    if (result?.ok === false) throw new Error(result.error);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
  const program: Program = store.program(1);
  const numbers = config.config.ports.map((port) => port.name.value === "wan" ? "wan0" : port.name.value);
  const port = (name: string) => name === "wan" ? "wan0" : name;
  if (numbers.some((name) => !PORTS.includes(name))) throw new Error(`the demo has other ports: ${numbers}`);
  const plan = buildPlan(config.config, program, {
    generation: 1,
    hostname: "laboratory",
    flows,
    interfaceIndex: (name) => interfaces.indexOf(name) + 1,
    portNumber: (name) => PORTS.indexOf(port(name)) + 1,
    macOf: (name) => macOf(port(name)),
    mtuOf: () => 1500,
    localPort: () => undefined,
  });
  return { plan, cells: new Float64Array(store.cells) };
}

const PORTS: readonly string[] = ["lan0", "lan1", "wan0"];
const LAN_MAC = "02:00:00:00:01:aa", WAN_MAC = "02:00:00:00:02:bb";
const macOf = (port: string): Uint8Array => Uint8Array.of(0x02, 0x77, 0x65, 0x69, 0x72, PORTS.indexOf(port));

/** Milliseconds until addresses are in use. */
const SETTLE = 2500;
