import { Machine, type MachineEnvironment } from "./classify/machine.ts";
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
import { IpsecHooks } from "./forward/ipsec_hooks.ts";
import { IpsecPolicy } from "./forward/ipsec_policy.ts";
import { LinkHooks } from "./forward/link_hooks.ts";
import { LinkInput } from "./forward/link_input.ts";
import { LinkReject } from "./forward/link_reject.ts";
import { LocalDelivery } from "./forward/local_delivery.ts";
import { Adjacency } from "./forward/neighbour/adjacency.ts";
import type { AdjacencyEvent } from "./forward/neighbour/events.ts";
import { Output } from "./forward/output.ts";
import { Pipeline } from "./forward/pipeline.ts";
import { Rejection } from "./forward/rejection.ts";
import { ROUTE_LOCAL, Routes } from "./forward/routes.ts";
import { Transmitter } from "./forward/transmit.ts";
import { Nat, type NatEnvironment } from "./nat/translate.ts";
import { CryptoError } from "./crypto/engine.ts";
import { TRANSFORMED } from "./packet/columns.ts";
import { PacketBatch } from "./packet/batch.ts";
import { ICMP_UNREACHABLE, UNREACHABLE_HOST } from "./packet/icmp.ts";
import { ICMPV6_UNREACHABLE, UNREACHABLE6_ADDRESS } from "./packet/icmpv6.ts";
import { PacketPool } from "./packet/pool.ts";
import type { Random } from "./random.ts";
import { type CryptoParts, Ipsec } from "./xfrm/ipsec.ts";
import type { XfrmEvent } from "./xfrm/plan.ts";

/** What the rooms of a data plane are built from. */
export interface RoomOptions {
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
  /** Opens crypto for IPsec, when the first state asks for it. Without it states are refused. */
  readonly crypto?: () => CryptoParts;
  /** Sequence numbers of IPsec states, kept by who restarts a dead data plane. */
  readonly sequences?: Uint32Array;
  readonly log?: NonNullable<MachineEnvironment["log"]>;
  readonly trace?: NonNullable<MachineEnvironment["trace"]>;
}

/** What the rooms ask of the router round them. */
export interface RoomEvents {
  onAdjacency(event: AdjacencyEvent): void;
  onXfrm(event: XfrmEvent): void;
  /** Whether the row's packet is for the administration of this router. */
  administers(row: number): boolean;
}

/** The rooms of one data plane, each knowing those it needs. */
export interface Rooms {
  readonly batch: PacketBatch;
  readonly drops: Drops;
  readonly interfaces: Interfaces;
  readonly routes: Routes;
  readonly adjacency: Adjacency;
  readonly conntrack: Conntrack;
  readonly nat: Nat;
  readonly machine: Machine;
  readonly errors: IcmpErrors;
  readonly reassembly: Reassembly;
  readonly transmitter: Transmitter;
  readonly hooks: Hooks;
  readonly linkHooks: LinkHooks;
  readonly forwarding: Forwarding;
  readonly pipeline: Pipeline;
  readonly ipsec: Ipsec;
  readonly ipsecHooks: IpsecHooks;
}

/** Builds every room and joins them: the one place that knows who needs whom. */
export function buildRooms(options: RoomOptions, events: RoomEvents): Rooms {
  const { random } = options;
  const batch = new PacketBatch(options.pool ?? new PacketPool()), { capacity, pool } = batch;
  const drops = new Drops(options.drops), interfaces = new Interfaces(random), routes = new Routes();
  const sourceAddress: SourceAddress = (index, family, words, lane, out) =>
    adjacency.sourceAddress(index, family, words, lane, out);
  const addressType: AddressType = (family, words, lane) => routes.addressType(family, words, lane);
  const anycast = (family: number, words: Uint32Array, lane: number) => routes.isAnycast(family, words, lane);
  const voice = { random, sourceAddress, addressType, anycast };
  const { conntrack, nat } = flowRooms(options, events, {
    interfaceAddress: (index, family, batch, row, out) => {
      // IPv4 speaks to its gateway, IPv6 to the destination (nf_nat_masquerade_ipv4, nf_nat_masquerade_ipv6)
      const hop = family === 4 && adjacency.addressOf(batch.neighbour[row]!, 4, out);
      return adjacency.sourceAddress(index, family, hop ? out : batch.destination, hop ? 0 : row * 4, out);
    },
  });
  const errors = new IcmpErrors(voice), rejection = new Rejection(errors, conntrack);
  const adjacency: Adjacency = new Adjacency({
    random,
    pool,
    secret: options.secret,
    onUnreachable: (batch, row) => hostUnreachable(rejection, batch, row),
    onEvent: (event) => events.onAdjacency(event),
  });
  const ipsec = new Ipsec({
    pool,
    interfaceIndex: (name) => Math.max(0, interfaces.names.indexOf(name)),
    crypto: options.crypto ?? noCrypto,
    ...(options.sequences === undefined ? {} : { numbers: options.sequences }),
    onEvent: (event) => events.onXfrm(event),
  });
  const policy = new IpsecPolicy({ ipsec, conntrack, routes, interfaces, rejection, drops });
  const ipsecHooks = new IpsecHooks({ ipsec, policy, conntrack, drops });
  const machine = new Machine({
    flows: conntrack.table,
    flowObjects: conntrack.objects,
    random,
    cells: options.cells ?? new Float64Array(0),
    route: (batch, row) => routeMtu(interfaces, policy, batch, row),
    ipsec: (batch, row, incoming, place) =>
      ipsec.stateAt(incoming ? batch.secpath[row]! : batch.transform[row]!, place),
    nextHop: (batch, row, out) => {
      if (adjacency.addressOf(batch.neighbour[row]!, batch.family[row]!, out)) return;
      for (let w = 0; w < 4; w++) out[w] = batch.destination[row * 4 + w]!;
    },
    duplicate: (batch, row, device) => linkHooks.duplicate(batch, row, device),
    fib: (batch, row, flags, result) => fib(routes, adjacency, batch, row, flags, result),
    ...(options.log === undefined ? {} : { log: options.log }),
    ...(options.trace === undefined ? {} : { trace: options.trace }),
  });
  const reassembly = new Reassembly({
    pool,
    random,
    // a router that reassembles to track keeps silent about others' packets (ip_expire)
    onTimeout: (batch, row, type, code) => {
      const kind = addressType(batch.family[row]!, batch.destination, row * 4);
      if (kind === ROUTE_LOCAL) rejection.error(batch, row, type, code, 0);
    },
  });
  const transmitter = new Transmitter(capacity, interfaces, drops);
  const hooks = new Hooks({ machine, conntrack, nat, reassembly, rejection, drops }, capacity);
  const forwarding = new Forwarding({ routes, adjacency, interfaces, policy, rejection, drops });
  const fragmenter = new Fragmenter({ random });
  const output = new Output(
    { routes, adjacency, interfaces, transmitter, fragmenter, policy, rejection, drops },
    capacity,
  );
  const echo = new Echo(voice);
  const local = new LocalDelivery({
    adjacency,
    echo,
    interfaces,
    ipsec: ipsecHooks,
    policy,
    transmitter,
    rejection,
    drops,
  });
  const linkReject = new LinkReject(interfaces, transmitter);
  const linkHooks: LinkHooks = new LinkHooks({ machine, interfaces, transmitter, reject: linkReject, drops });
  const link = new LinkInput(interfaces, transmitter, drops, linkHooks);
  const pipeline = new Pipeline(
    {
      hooks,
      link,
      linkHooks,
      transmitter,
      forwarding,
      local,
      output,
      ipsec: ipsecHooks,
      adjacency,
      conntrack,
      drops,
    },
    capacity,
  );
  return {
    batch,
    drops,
    interfaces,
    routes,
    adjacency,
    conntrack,
    nat,
    machine,
    errors,
    reassembly,
    transmitter,
    hooks,
    linkHooks,
    forwarding,
    pipeline,
    ipsec,
    ipsecHooks,
  };
}

function noCrypto(): never {
  throw new CryptoError("there is no crypto here");
}

function flowRooms(
  options: RoomOptions,
  events: RoomEvents,
  environment: Omit<NatEnvironment, "random">,
): { conntrack: Conntrack; nat: Nat } {
  const { random, flows, flowTable } = options;
  const conntrack = new Conntrack({
    flows,
    random,
    reserved: Math.min(RESERVED_FLOWS, flows >>> 4),
    privileged: (_batch, row) => events.administers(row),
    ...(flowTable === undefined ? {} : { buffer: flowTable }),
  });
  return { conntrack, nat: new Nat(conntrack, { random, ...environment }) };
}

/** A packet whose neighbour never answered (RFC 1812 5.2.7.1 code 1, RFC 4443 3.1 code 3). */
function hostUnreachable(rejection: Rejection, batch: PacketBatch, row: number): void {
  // It waited for seconds and its flow's row may be another's: conntrack finds the flow by what the error quotes.
  batch.flow[row] = -1;
  if (batch.family[row] === 6) rejection.error(batch, row, ICMPV6_UNREACHABLE, UNREACHABLE6_ADDRESS, 0);
  else rejection.error(batch, row, ICMP_UNREACHABLE, UNREACHABLE_HOST, 0);
}

/** For `rt mtu`: the smaller MTU of the way there and the way back. */
function routeMtu(interfaces: Interfaces, policy: IpsecPolicy, batch: PacketBatch, row: number): number {
  const path = batch.transform[row]!;
  const out = path !== 0 && path !== TRANSFORMED
      ? policy.mtu(batch, row)
      : batch.routeMtu[row]! || interfaces.mtu[batch.outInterface[row]!]!,
    back = interfaces.mtu[batch.inInterface[row]!]!;
  return out === 0 ? back : back === 0 ? out : Math.min(out, back);
}

/** Rows of the flow table kept for administration. */
const RESERVED_FLOWS = 64;
