import { Bridge } from "../link/bridge.ts";
import { NO_PORT } from "../packet/columns.ts";
import type { InterfacePlan } from "../plan.ts";
import type { Random } from "../random.ts";

/**
 * The routed interfaces as the hot path reads them: columns by interface index (1..250) and by port number.
 *
 * Life-cycle  filled by `configure` from a plan; a bridge that both plans name keeps what it has learned.
 */
export class Interfaces {
  /** Interface index by wire port number; 0 when the port belongs to none. */
  readonly byPort = new Uint8Array(256);
  /** Interface index by local (TUN) port number; 0 when it is none. */
  readonly byLocalPort = new Uint8Array(256);
  /** The only wire port of an interface, `NO_PORT` for a bridge. */
  readonly port = new Uint8Array(256).fill(NO_PORT);
  /** Device index by wire port number: the interface it is the only port of, or the bridge's member itself; 0 none. */
  readonly device = new Uint8Array(256);
  /** Wire port by device index, `NO_PORT` for a bridge. */
  readonly portOf = new Uint8Array(256).fill(NO_PORT);
  readonly local = new Uint8Array(256).fill(NO_PORT);
  readonly mtu = new Uint32Array(256);
  /** Six bytes each. */
  readonly macs = new Uint8Array(256 * 6);
  /** Bridges by interface index. */
  readonly bridges: (Bridge | undefined)[] = new Array(256).fill(undefined);
  /** Names by index, members of bridges too; "" where there is none. */
  readonly names: string[] = new Array(256).fill("");
  plans: readonly InterfacePlan[] = [];
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  configure(plans: readonly InterfacePlan[]): void {
    this.byPort.fill(0);
    this.byLocalPort.fill(0);
    this.port.fill(NO_PORT);
    this.device.fill(0);
    this.portOf.fill(NO_PORT);
    this.local.fill(NO_PORT);
    this.mtu.fill(0);
    this.names.fill("");
    const kept = new Set<number>();
    for (const plan of plans) {
      this.names[plan.index] = plan.name;
      this.mtu[plan.index] = plan.mtu;
      this.macs.set(plan.mac, plan.index * 6);
      for (const port of plan.ports) this.byPort[port] = this.device[port] = plan.index;
      if (plan.local !== undefined) {
        this.local[plan.index] = plan.local;
        this.byLocalPort[plan.local] = plan.index;
      }
      if (plan.bridge === undefined) {
        this.port[plan.index] = this.portOf[plan.index] = plan.ports[0] ?? NO_PORT;
        continue;
      }
      for (const { port, index, name } of plan.bridge.members ?? []) {
        this.names[index] = name;
        this.device[port] = index;
        this.portOf[index] = port;
      }
      kept.add(plan.index);
      const bridge = this.bridges[plan.index] ??= new Bridge(plan.bridge, STATIONS, this.#random.u32());
      bridge.configure(plan.ports, plan.bridge.ageing, plan.bridge.stp, plan.mac);
    }
    for (let index = 0; index < 256; index++) if (!kept.has(index)) this.bridges[index] = undefined;
    this.plans = plans;
  }
}

/** Addresses a bridge remembers; beyond them it floods. */
const STATIONS = 4096;
