import type { Machine } from "./classify/machine.ts";
import type { Clock } from "./clock.ts";
import type { Conntrack } from "./conntrack/track.ts";
import { DROP_IPSEC, type Drops } from "./forward/drops.ts";
import type { Forwarding } from "./forward/forwarding.ts";
import type { IcmpErrors } from "./forward/icmp_error.ts";
import type { Interfaces } from "./forward/interfaces.ts";
import type { Adjacency } from "./forward/neighbour/adjacency.ts";
import { isUsable, prefixOf } from "./forward/neighbour/addresses.ts";
import type { AdjacencyEvent } from "./forward/neighbour/events.ts";
import { ROUTE_LOCAL, type Routes } from "./forward/routes.ts";
import type { Transmitter } from "./forward/transmit.ts";
import type { Nat } from "./nat/translate.ts";
import { BATCH, type PacketBatch } from "./packet/batch.ts";
import { ENTRY_OUTPUT, ENTRY_WIRE } from "./packet/columns.ts";
import { PROTOCOL_TCP } from "./packet/ipv4.ts";
import { type RouterPlan, TABLE_MAIN } from "./plan.ts";
import type { Port } from "./port.ts";
import type { Ipsec } from "./xfrm/ipsec.ts";
import type { XfrmEvent } from "./xfrm/plan.ts";
import { buildRooms, type RoomOptions, type Rooms } from "./rooms.ts";

/**
 * A router.
 *
 * Overview    all rooms of the data plane put together: ports in, ports out, a plan that says what it is to be.
 *             The same object runs over packet rings in the data-plane Worker, over pcap files in virtual time,
 *             and over memory ports in tests.
 * Life-cycle  construct -> setPort -> apply(plan) -> turn()... -> shutdown. `apply` may come again between two
 *             turns; what both plans name stays: flows, neighbours, learned addresses, counters.
 * Ownership   one thread. Nothing in here blocks or reads a clock but the one passed in.
 * Limits      254 ports, 250 interfaces, flows as the first plan says.
 */
export class Router {
  readonly batch: PacketBatch;
  readonly drops: Drops;
  readonly interfaces: Interfaces;
  readonly routes: Routes;
  readonly conntrack: Conntrack;
  readonly nat: Nat;
  readonly machine: Machine;
  readonly adjacency: Adjacency;
  readonly forwarding: Forwarding;
  readonly transmitter: Transmitter;
  readonly errors: IcmpErrors;
  readonly ipsec: Ipsec;
  readonly #rooms: Rooms;
  readonly #clock: Clock;
  readonly #ports: { readonly number: number; readonly port: Port; wasUp: boolean }[] = [];
  readonly #onEvent: (event: RouterEvent) => void;
  #plan: RouterPlan | undefined;
  #nextTick = 0;
  /** Addresses changed: the next turn begins with new tables, one rebuild for all changes. */
  #routesStale = false;
  /** When the timers want to run though nothing happens. */
  #idleUntil = 0;
  /** Called with a phase number before it begins: 0 receive, 1 process, 2 transmit (for measuring). */
  phase: ((phase: number) => void) | undefined;

  constructor(options: RouterOptions) {
    this.#clock = options.clock;
    this.#onEvent = options.onEvent ?? (() => {});
    const rooms = buildRooms(options, {
      onAdjacency: (event) => this.#adjacencyEvent(event),
      onXfrm: (event) => this.#onEvent(event),
      administers: (row) => this.#administers(row),
    });
    this.#rooms = rooms;
    this.batch = rooms.batch;
    this.drops = rooms.drops;
    this.interfaces = rooms.interfaces;
    this.routes = rooms.routes;
    this.conntrack = rooms.conntrack;
    this.nat = rooms.nat;
    this.machine = rooms.machine;
    this.adjacency = rooms.adjacency;
    this.forwarding = rooms.forwarding;
    this.transmitter = rooms.transmitter;
    this.errors = rooms.errors;
    this.ipsec = rooms.ipsec;
  }

  /** Gives a port its number, 1..254. Before the first `turn` that shall see it. */
  setPort(number: number, port: Port): void {
    port.attach(this.batch);
    this.transmitter.ports[number] = port;
    this.#ports.push({ number, port, wasUp: false });
  }

  /** Takes on a plan, between two turns. Nothing is lost that both plans name. */
  apply(plan: RouterPlan): void {
    const now = this.#clock.monotonic();
    this.interfaces.configure(plan.interfaces);
    const { names, bridges } = this.interfaces;
    this.machine.setInterfaces(names, (index) => bridges[index] !== undefined);
    this.machine.install(plan.program, now);
    this.#rooms.hooks.install(plan.program.hooks);
    this.#rooms.linkHooks.install(plan.program.hooks);
    this.batch.now = now;
    this.adjacency.configure(plan.interfaces, now);
    this.#plan = plan;
    this.ipsec.configure(plan.xfrm, now);
    this.#configureRoutes();
    for (const entry of this.#ports) this.#linkState(entry.number, entry.port.up);
    this.#nextTick = 0;
  }

  get generation(): number {
    return this.#plan?.generation ?? 0;
  }

  /** Receives one batch from each port, processes it, transmits. Returns the packets received. */
  turn(): number {
    const now = this.#clock.monotonic();
    this.batch.now = now;
    if (this.#routesStale) this.#configureRoutes();
    let handled = 0;
    for (let i = 0; i < this.#ports.length; i++) handled += this.#receive(this.#ports[i]!);
    if (this.ipsec.busy) this.#finishCrypto();
    if (now >= this.#nextTick) this.#tick(now);
    return handled;
  }

  #receive(entry: { readonly number: number; readonly port: Port; wasUp: boolean }): number {
    const { number, port } = entry, batch = this.batch;
    if (port.up !== entry.wasUp) {
      entry.wasUp = port.up;
      this.#linkState(number, port.up);
    }
    this.phase?.(0);
    const received = port.receive(batch, this.#rooms.ipsecHooks.burst(batch.now, BATCH));
    if (received === 0) return 0;
    batch.wall = this.#clock.wall();
    const wire = this.interfaces.byLocalPort[number] === 0;
    for (let row = 0; row < batch.count; row++) {
      batch.inPort[row] = number;
      batch.entry[row] = wire ? ENTRY_WIRE : ENTRY_OUTPUT;
    }
    this.#process();
    port.release();
    batch.clear();
    return received;
  }

  /** Takes what crypto has done on its way: ESP to the output hook, inner packets to prerouting. */
  #finishCrypto(): void {
    const batch = this.batch, esp = this.ipsec.esp!;
    batch.wall = this.#clock.wall();
    for (let round = 0; round < CRYPTO_ROUNDS; round++) {
      const refused = this.ipsec.statistics.total, more = esp.complete(batch.now);
      this.drops.cells[DROP_IPSEC]! += this.ipsec.statistics.total - refused;
      if (!more) break;
      while (esp.waiting > 0) {
        if (esp.release(batch, BATCH) === 0) return;
        this.#process();
        batch.clear();
      }
    }
  }

  /** Timers of all rooms, at least every TICK milliseconds. */
  #tick(now: number): void {
    const batch = this.batch;
    this.#nextTick = now + TICK;
    batch.now = now;
    batch.wall = this.#clock.wall();
    this.adjacency.tick(batch, now);
    this.#rooms.reassembly.tick(batch, now);
    this.routes.tick(now);
    const behind = this.conntrack.expire(now, EXPIRE_BUDGET) === EXPIRE_BUDGET;
    this.#idleUntil = behind ? this.#nextTick : now + IDLE_TICK;
    this.machine.collect(now);
    this.ipsec.tick(now);
    for (const plan of this.interfaces.plans) this.interfaces.bridges[plan.index]?.tick(now);
    if (batch.count === 0) return;
    this.#process();
    batch.clear();
  }

  #process(): void {
    this.phase?.(1);
    this.#rooms.pipeline.process(this.batch);
    this.phase?.(2);
    this.transmitter.flush(this.batch);
  }

  /** Milliseconds a caller with nothing received may wait for packets before the timers want to run again. */
  idle(): number {
    const due = Math.max(this.#nextTick, Math.min(this.#idleUntil, this.adjacency.due));
    if (this.ipsec.busy) return this.ipsec.esp!.waiting > 0 ? 0 : 1;
    return Math.max(0, Math.ceil(due - this.#clock.monotonic()));
  }

  /** Lines as `bridge fdb show` prints them, of all bridges. */
  stations(portName: (port: number) => string): string[] {
    return this.interfaces.plans.flatMap((plan) =>
      this.interfaces.bridges[plan.index]?.list(portName, this.#clock.monotonic()) ?? []
    );
  }

  /** Says goodbye on the wire (final advertisements) before the ports are closed. */
  shutdown(): void {
    const batch = this.batch;
    batch.now = this.#clock.monotonic();
    this.adjacency.shutdown(batch);
    this.#process();
    batch.clear();
  }

  #linkState(number: number, up: boolean): void {
    const index = this.interfaces.byPort[number]!;
    if (index === 0) return;
    const bridge = this.interfaces.bridges[index];
    if (bridge !== undefined && !up) bridge.portDown(number);
    const plan = this.interfaces.plans.find((p) => p.index === index)!;
    const anyUp = plan.ports.some((port) => this.transmitter.ports[port]?.up === true);
    this.adjacency.interfaceUp(index, anyUp, this.#clock.monotonic());
    this.routes.interfaceUp(index, anyUp);
    this.#onEvent({ kind: "link", interface: index, port: number, up });
  }

  /** Connected prefixes follow the addresses in use, configured and learned. */
  #configureRoutes(): void {
    const plan = this.#plan;
    this.#routesStale = false;
    if (plan === undefined) return;
    const connected = plan.interfaces.map((p) => ({
      interface: p.index,
      addresses: this.adjacency.addresses().filter((a) => a.interface === p.index && isUsable(a)).map(
        prefixOf,
      ),
    }));
    this.routes.configure(plan.routes, plan.policyRules, connected);
  }

  #adjacencyEvent(event: AdjacencyEvent): void {
    if (event.kind === "address") {
      this.#routesStale = true;
      if (event.state === "removed") this.nat.interfaceAddressGone(event.interface, event.address);
    }
    if (event.kind === "route") this.#learnedRoute(event);
    this.#onEvent(event);
  }

  #learnedRoute(event: Extract<AdjacencyEvent, { kind: "route" }>): void {
    if (event.action === "remove") {
      return this.routes.removeLearned(event.destination, event.interface, event.via);
    }
    this.routes.addLearned({
      destination: event.destination,
      interface: event.interface,
      metric: LEARNED_METRIC,
      table: TABLE_MAIN,
      deadline: event.lifetime === Infinity ? Infinity : this.#clock.monotonic() + event.lifetime * 1000,
      ...(event.via === undefined ? {} : { via: event.via }),
    });
  }

  /** Whether a packet is for the administration of this router: a full flow table must not lock it out. */
  #administers(row: number): boolean {
    const batch = this.batch, ports = this.#plan?.conntrack.adminPorts;
    return ports !== undefined && batch.protocol[row] === PROTOCOL_TCP &&
      ports.includes(batch.destinationPort[row]!) &&
      this.routes.addressType(batch.family[row]!, batch.destination, row * 4) === ROUTE_LOCAL;
  }
}

export interface RouterOptions extends RoomOptions {
  readonly clock: Clock;
  readonly onEvent?: (event: RouterEvent) => void;
}

export type RouterEvent =
  | AdjacencyEvent
  | XfrmEvent
  | { readonly kind: "link"; readonly interface: number; readonly port: number; readonly up: boolean };

/** How often a turn asks crypto again: what a tunnel in a tunnel needs. */
const CRYPTO_ROUNDS = 4;
/** Milliseconds between rounds of the timers. */
const TICK = 20;
/** The same with no packet coming and nothing due: every waking costs an idle machine power. */
const IDLE_TICK = 100;
/** Flows looked at for expiry a round. */
const EXPIRE_BUDGET = 2000;
/** The kernel's metric of routes from advertisements (IP6_RT_PRIO_USER). */
const LEARNED_METRIC = 1024;
