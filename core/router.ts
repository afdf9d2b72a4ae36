import type { FlowView } from "./classify/flow_view.ts";
import { Machine } from "./classify/machine.ts";
import type { Clock } from "./clock.ts";
import { Conntrack } from "./conntrack/track.ts";

import { Drops } from "./forward/drops.ts";
import { Echo } from "./forward/echo.ts";
import { fib } from "./forward/fib.ts";
import { Forwarding } from "./forward/forwarding.ts";
import { Fragmenter } from "./forward/fragments/fragmenter.ts";
import { Reassembly } from "./forward/fragments/reassembly.ts";
import { Hooks } from "./forward/hooks.ts";
import { type AddressType, IcmpErrors, type SourceAddress } from "./forward/icmp_error.ts";
import { Interfaces } from "./forward/interfaces.ts";
import { LinkInput } from "./forward/link_input.ts";
import { LocalDelivery } from "./forward/local_delivery.ts";
import { Adjacency } from "./forward/neighbour/adjacency.ts";
import { isUsable, prefixOf } from "./forward/neighbour/addresses.ts";
import type { AdjacencyEvent } from "./forward/neighbour/events.ts";
import { Output } from "./forward/output.ts";
import { Pipeline } from "./forward/pipeline.ts";
import { Rejection } from "./forward/rejection.ts";
import { ROUTE_LOCAL, Routes } from "./forward/routes.ts";
import { Transmitter } from "./forward/transmit.ts";
import { Nat } from "./nat/translate.ts";
import { BATCH, PacketBatch } from "./packet/batch.ts";
import { ENTRY_OUTPUT, ENTRY_WIRE } from "./packet/columns.ts";
import { ICMP_UNREACHABLE, UNREACHABLE_HOST } from "./packet/icmp.ts";
import { ICMPV6_UNREACHABLE, UNREACHABLE6_ADDRESS } from "./packet/icmpv6.ts";
import { PacketPool } from "./packet/pool.ts";
import type { RouterPlan } from "./plan.ts";
import { TABLE_MAIN } from "./plan.ts";
import type { Port } from "./port.ts";
import type { Random } from "./random.ts";

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
  readonly routes = new Routes();
  readonly conntrack: Conntrack;
  readonly nat: Nat;
  readonly machine: Machine;
  readonly adjacency: Adjacency;
  readonly forwarding: Forwarding;
  readonly transmitter: Transmitter;
  readonly errors: IcmpErrors;
  readonly #hooks: Hooks;
  readonly #reassembly: Reassembly;
  readonly #pipeline: Pipeline;
  readonly #clock: Clock;
  readonly #ports: { readonly number: number; readonly port: Port; wasUp: boolean }[] = [];
  readonly #onEvent: (event: RouterEvent) => void;
  #plan: RouterPlan | undefined;
  #nextTick = 0;
  /** Called with a phase number before it begins: 0 receive, 1 process, 2 transmit (for measuring). */
  phase: ((phase: number) => void) | undefined;

  constructor(options: RouterOptions) {
    const { random } = options;
    this.#clock = options.clock;
    this.#onEvent = options.onEvent ?? (() => {});
    this.batch = new PacketBatch(options.pool ?? new PacketPool());
    const capacity = this.batch.capacity, interfaces = this.interfaces = new Interfaces(random);
    const drops = this.drops = new Drops(options.drops);
    const routes = this.routes;
    this.adjacency = new Adjacency({
      random,
      pool: this.batch.pool,
      secret: options.secret,
      onUnreachable: (batch, row) => this.#unreachable(batch, row),
      onEvent: (event) => this.#adjacencyEvent(event),
    });
    const adjacency = this.adjacency;
    const sourceAddress: SourceAddress = (index, family, words, lane, out) =>
      adjacency.sourceAddress(index, family, words, lane, out);
    const addressType: AddressType = (family, words, lane) => routes.addressType(family, words, lane);
    this.conntrack = new Conntrack({
      flows: options.flows,
      random,
      ...(options.flowTable === undefined ? {} : { buffer: options.flowTable }),
    });
    const conntrack = this.conntrack;
    this.nat = new Nat(conntrack, {
      random,
      interfaceAddress: (index, family, batch, row, out) =>
        sourceAddress(index, family, batch.destination, row * 4, out),
    });
    const flows: FlowView = conntrack.table;
    this.machine = new Machine({
      flows,
      random,
      cells: options.cells ?? new Float64Array(0),
      route: (_batch, row) => this.#routeMtu(row),
      fib: (batch, row, flags, result) => fib(routes, adjacency, batch, row, flags, result),
      ...(options.log === undefined ? {} : { log: options.log }),
    });
    this.transmitter = new Transmitter(capacity, interfaces, drops);
    const transmitter = this.transmitter;
    this.errors = new IcmpErrors({ random, sourceAddress, addressType });
    const rejection = new Rejection(this.errors);
    this.#reassembly = new Reassembly({
      pool: this.batch.pool,
      random,
      // a router that reassembles to track keeps silent about others' packets (ip_expire)
      onTimeout: (batch, row, type, code) => {
        const kind = addressType(batch.family[row]!, batch.destination, row * 4);
        if (kind === ROUTE_LOCAL) rejection.error(batch, row, type, code, 0);
      },
    });
    const fragmenter = new Fragmenter({ random });
    this.#hooks = new Hooks(
      { machine: this.machine, conntrack, nat: this.nat, reassembly: this.#reassembly, rejection, drops },
      capacity,
    );
    this.forwarding = new Forwarding({ routes, adjacency, interfaces, rejection, drops });
    const output = new Output({ routes, adjacency, interfaces, fragmenter, rejection, drops }, capacity);
    const echo = new Echo({ random, sourceAddress, addressType });
    const local = new LocalDelivery({ adjacency, echo, interfaces, transmitter, rejection, drops });
    const link = new LinkInput(interfaces, transmitter, drops);
    this.#rejection = rejection;
    this.#pipeline = new Pipeline(
      {
        hooks: this.#hooks,
        link,
        transmitter,
        forwarding: this.forwarding,
        local,
        output,
        adjacency,
        conntrack,
        drops,
      },
      capacity,
    );
  }
  readonly #rejection: Rejection;

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
    this.machine.setInterfaces(this.interfaces.names);
    this.machine.install(plan.program, now);
    this.#hooks.install(plan.program.hooks);
    this.batch.now = now;
    this.adjacency.configure(plan.interfaces, now);
    this.#plan = plan;
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
    let handled = 0;
    for (let i = 0; i < this.#ports.length; i++) handled += this.#receive(this.#ports[i]!);
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
    const received = port.receive(batch, BATCH);
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

  /** Timers of all rooms, at least every TICK milliseconds. */
  #tick(now: number): void {
    const batch = this.batch;
    this.#nextTick = now + TICK;
    batch.now = now;
    batch.wall = this.#clock.wall();
    this.adjacency.tick(batch, now);
    this.#reassembly.tick(batch, now);
    this.routes.tick(now);
    this.conntrack.expire(now, EXPIRE_BUDGET);
    this.machine.collect(now);
    for (const plan of this.interfaces.plans) this.interfaces.bridges[plan.index]?.tick(now);
    if (batch.count === 0) return;
    this.#process();
    batch.clear();
  }

  #process(): void {
    this.phase?.(1);
    this.#pipeline.process(this.batch);
    this.phase?.(2);
    this.transmitter.flush(this.batch);
  }

  /** Milliseconds a caller with nothing received may wait for packets before the timers want to run again. */
  idle(): number {
    return Math.max(0, Math.ceil(this.#nextTick - this.#clock.monotonic()));
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
      this.#configureRoutes();
      if (event.state === "removed") this.nat.interfaceAddressGone(event.interface);
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

  /** A packet whose neighbour never answered (RFC 1812 5.2.7.1 code 1, RFC 4443 3.1 code 3). */
  #unreachable(batch: PacketBatch, row: number): void {
    const six = batch.family[row] === 6;
    this.#rejection.error(
      batch,
      row,
      six ? ICMPV6_UNREACHABLE : ICMP_UNREACHABLE,
      six ? UNREACHABLE6_ADDRESS : UNREACHABLE_HOST,
      0,
    );
  }

  /** For `rt mtu`: the smaller MTU of the way there and the way back. */
  #routeMtu(row: number): number {
    const batch = this.batch, out = this.interfaces.mtu[batch.outInterface[row]!]!;
    const back = this.interfaces.mtu[batch.inInterface[row]!]!;
    return out === 0 ? back : back === 0 ? out : Math.min(out, back);
  }
}

export interface RouterOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Rows of the flow table. */
  readonly flows: number;
  /** 16 bytes that keep generated interface identifiers stable (RFC 7217) and hashes private. */
  readonly secret: Uint8Array;
  readonly pool?: PacketPool;
  /** Memory of a flow table, kept by who restarts a dead data plane. */
  readonly flowTable?: SharedArrayBuffer | ArrayBuffer;
  /** Cells of stateful objects, shared with the ruleset. */
  readonly cells?: Float64Array;
  /** Cells of drop counters. */
  readonly drops?: Float64Array;
  readonly log?: (prefix: number, level: number, group: number, batch: PacketBatch, row: number) => void;
  readonly onEvent?: (event: RouterEvent) => void;
}

export type RouterEvent =
  | AdjacencyEvent
  | { readonly kind: "link"; readonly interface: number; readonly port: number; readonly up: boolean };

/** Milliseconds between rounds of the timers. */
const TICK = 20;
/** Flows looked at for expiry a round. */
const EXPIRE_BUDGET = 2000;
/** The kernel's metric of routes from advertisements (IP6_RT_PRIO_USER). */
const LEARNED_METRIC = 1024;
