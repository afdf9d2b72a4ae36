import { VirtualClock } from "../../../../core/clock.ts";
import { memoryPair, type MemoryPort } from "../../../../core/port_memory.ts";
import { SeededRandom } from "../../../../core/random.ts";
import { Router } from "../../../../core/router.ts";
import { renderDiagnostics } from "../../../diagnostic.ts";
import { deviceNames } from "../../../config.ts";
import { parseConfig } from "../../../load.ts";
import { buildPlan } from "../../../plan.ts";
import { Rules } from "../../../rules.ts";
import { FILES, kernelRuleset } from "../files.ts";
import { CABLES, type HostName, LAN, LAN2, NARROW, ROUTER_LAN, ROUTER_WAN, WAN } from "../settings.ts";
import { MemoryHost } from "./host.ts";
import type { ReadPacket } from "./packet.ts";

/**
 * The router and its hosts in one process, in virtual time.
 *
 * Overview    core's Router over memory ports, configured by the demo's own files; a MemoryHost at the far end of each.
 * Life-cycle  constructor -> `until`..., which moves time until something is so.
 * Limits      there is no host behind the router: services on the router itself are not there.
 */
export class Laboratory {
  readonly router: Router;
  readonly rules: Rules;
  readonly hosts: Record<HostName, MemoryHost>;
  /** The router's end and the host's of each cable. */
  readonly ports: Record<string, readonly [router: MemoryPort, far: MemoryPort]> = {};
  readonly #clock = new VirtualClock();

  constructor() {
    const text = FILES["demo.yaml"]!.replace(/^\s*match: .*\n/m, "");
    const parsed = parseConfig({ name: "demo.yaml", text });
    if (!parsed.ok) throw new Error(renderDiagnostics(parsed.diagnostics));
    const { config } = parsed;
    const names = config.ports.map((port) => port.name.value);
    const interfaces = [...deviceNames(config)];
    const index = (name: string) => interfaces.indexOf(name) + 1;
    this.rules = new Rules({
      interfaceIndex: (name) => index(name) || undefined,
      interfaceName: (number) => interfaces[number - 1],
    }, () => this.#clock.monotonic());
    const loaded = this.rules.replace({ name: "demo.nft", text: kernelRuleset("wan", "lan") }, ".");
    if (!loaded.ok) throw new Error(loaded.error);
    const plan = buildPlan(config, this.rules.program(1), {
      generation: 1,
      hostname: "weir-demo",
      flows: 4096,
      interfaceIndex: index,
      portNumber: (name) => names.indexOf(name) + 1,
      macOf: (name) => Uint8Array.of(0x02, 0, 0, 0, 1, names.indexOf(name) + 1),
      mtuOf: () => 1500,
      localPort: () => undefined,
    });
    this.router = new Router({
      clock: this.#clock,
      random: new SeededRandom(1),
      flows: plan.conntrack.flows,
      secret: new Uint8Array(16),
      cells: new Float64Array(this.rules.cells),
    });
    const far = {} as Record<HostName, MemoryPort>;
    for (const { port, host } of CABLES) {
      const name = port === "wan0" ? "wan" : port;
      const pair = memoryPair({ name }, { name: `${host}-eth0` });
      this.ports[port] = pair;
      this.router.setPort(names.indexOf(name) + 1, pair[0]);
      far[host] = pair[1];
    }
    this.router.apply(plan);
    const host = (name: HostName, digit: string, addresses: string[]) =>
      new MemoryHost({
        port: far[name],
        mac: `02:00:00:00:00:0${digit}`,
        addresses: [...addresses, `fe80::${digit}`],
        ...(name === "wan" ? { gateway6: ROUTER_WAN.ipv6 } : { digits: digit, gateway4: ROUTER_LAN.ipv4 }),
      });
    this.hosts = {
      lan: host("lan", "a", [LAN.ipv4]),
      lan2: host("lan2", "b", [LAN2.ipv4]),
      wan: host("wan", "c", [WAN.ipv4, WAN.ipv6, NARROW.ipv4, NARROW.ipv6]),
    };
  }

  /** Lets time pass until `done`, at most `milliseconds` of it. Returns whether it came so. */
  until(done: () => boolean, milliseconds = 2000): boolean {
    const end = this.#clock.monotonic() + milliseconds;
    while (!done() && this.#clock.monotonic() < end) {
      let moving = true;
      while (moving) {
        moving = this.router.turn() > 0;
        for (const host of Object.values(this.hosts)) moving = host.step() || moving;
      }
      if (!done()) this.#clock.advance(5);
    }
    return done();
  }

  /** Sends a packet and waits for one that fits at the same host; undefined when none came in time. */
  exchange(host: HostName, packet: Uint8Array, fits: (p: ReadPacket) => boolean): ReadPacket | undefined {
    const { received } = this.hosts[host];
    received.length = 0;
    this.hosts[host].send(packet);
    this.until(() => received.some(fits));
    return received.find(fits);
  }
}
