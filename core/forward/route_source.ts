import { type Address, contains, mask, network, type Prefix } from "../packet/address.ts";
import { isLinkLocal6 } from "../packet/ipv6.ts";
import { type RoutePlan, TABLE_MAIN } from "../plan.ts";
import { TABLE_LOCAL } from "./policy.ts";
import { type ListedRoute, ORIGIN_KERNEL, ORIGIN_RA, ORIGIN_STATIC } from "./route_line.ts";
import {
  ROUTE_ANYCAST,
  ROUTE_BLACKHOLE,
  ROUTE_BROADCAST,
  ROUTE_LOCAL,
  ROUTE_PROHIBIT,
  ROUTE_UNICAST,
  ROUTE_UNREACHABLE,
} from "./route_type.ts";

/** From where routes come - the plan, connected prefixes, router advertisements - to rows of tables. */

/** An interface's own addresses; each length is that of its on-link prefix. */
export interface Connected {
  readonly interface: number;
  readonly addresses: readonly Prefix[];
}

/** A route from a router advertisement (RFC 4861 6.3.4, RFC 4191). */
export interface LearnedRoute {
  readonly destination: Prefix;
  /** Next hop; undefined: the prefix is on link. */
  readonly via?: Address;
  readonly interface: number;
  /** 1024 unless told (IP6_RT_PRIO_USER), 256 for an on-link prefix. */
  readonly metric?: number;
  readonly mtu?: number;
  /** Main unless told. */
  readonly table?: number;
  /** Monotonic milliseconds; undefined: never. */
  readonly deadline?: number;
}

export interface LearnedEntry {
  readonly route: ListedRoute;
  readonly deadline: number;
}

const TYPES = {
  unicast: ROUTE_UNICAST,
  blackhole: ROUTE_BLACKHOLE,
  unreachable: ROUTE_UNREACHABLE,
  prohibit: ROUTE_PROHIBIT,
} as const;

/** The route with the defaults the kernel gives it. */
export function learnedEntry(route: LearnedRoute): LearnedEntry {
  return {
    deadline: route.deadline ?? Infinity,
    route: {
      destination: network(route.destination),
      type: ROUTE_UNICAST,
      interface: route.interface,
      gate: route.interface,
      ...(route.via === undefined ? {} : { gateway: route.via }),
      metric: route.metric ?? (route.via === undefined ? METRIC_CONNECTED6 : METRIC_STATIC6),
      mtu: route.mtu ?? 0,
      table: route.table ?? TABLE_MAIN,
      origin: ORIGIN_RA,
    },
  };
}

/** The plan as a route; a next hop without an interface takes that of the connected prefix it lies in. */
export function staticRoute(plan: RoutePlan, connected: readonly Connected[]): ListedRoute[] {
  const via = plan.via;
  const index = plan.interface ?? (via === undefined ? undefined : connectedTo(via, connected)) ?? 0;
  if (plan.type === "unicast" && index === 0) return [];
  const unicast = plan.type === "unicast";
  return [{
    destination: network(plan.destination),
    type: TYPES[plan.type],
    interface: unicast ? index : 0,
    gate: unicast ? index : 0,
    ...(via === undefined || !unicast ? {} : { gateway: via }),
    metric: plan.metric,
    mtu: plan.mtu ?? 0,
    table: plan.table,
    origin: ORIGIN_STATIC,
  }];
}

function connectedTo(via: Address, connected: readonly Connected[]): number | undefined {
  let best = -1, result: number | undefined;
  for (const { interface: index, addresses } of connected) {
    for (const address of addresses) {
      if (address.family !== via.family || address.length <= best || !contains(address, via.words, 0)) {
        continue;
      }
      best = address.length;
      result = index;
    }
  }
  return result;
}

/** What the kernel's fib_add_ifaddr and addrconf add for an interface's addresses; a subnet's second one adds less. */
export function connectedRoutes(connected: Connected): ListedRoute[] {
  const routes: ListedRoute[] = [];
  for (const address of connected.addresses) {
    const added = address.family === 4
      ? connectedRoutes4(address, connected.interface)
      : connectedRoutes6(address, connected.interface);
    routes.push(...added.filter((route) => !routes.some((known) => sameRoute(known, route))));
  }
  return routes;
}

/** The address, the last address of its subnet as broadcast, the subnet. */
function connectedRoutes4(address: Prefix, index: number): ListedRoute[] {
  const routes = [ownRoute(ROUTE_LOCAL, { ...address, length: 32 }, index)];
  if (address.length <= 30) {
    const last = (address.words[0] | ~mask(address.length)) >>> 0;
    routes.push(ownRoute(ROUTE_BROADCAST, { family: 4, words: [last, 0, 0, 0], length: 32 }, index));
  }
  if (address.length === 32) return routes;
  return [...routes, { ...subnetRoute(address, index, 0), source: { family: 4, words: address.words } }];
}

/** The address, the subnet-router anycast address (RFC 4291 2.6.1; none on a /127, RFC 6164), the subnet. */
function connectedRoutes6(address: Prefix, index: number): ListedRoute[] {
  const subnet = subnetRoute(address, index, METRIC_CONNECTED6);
  if (isLinkLocal(address)) return [subnet];
  const routes = [subnet, ownRoute(ROUTE_LOCAL, { ...address, length: 128 }, index)];
  if (address.length < 127) {
    routes.push({ ...ownRoute(ROUTE_ANYCAST, { ...network(address), length: 128 }, index), metric: 1 });
  }
  return routes;
}

/** A route of the local table: it stays while the interface is down. */
const ownRoute = (type: number, destination: Prefix, index: number): ListedRoute => ({
  destination,
  type,
  interface: index,
  gate: 0,
  metric: 0,
  mtu: 0,
  table: TABLE_LOCAL,
  origin: ORIGIN_KERNEL,
});

const subnetRoute = (address: Prefix, index: number, metric: number): ListedRoute => ({
  destination: network(address),
  type: ROUTE_UNICAST,
  interface: index,
  gate: index,
  metric,
  mtu: 0,
  table: TABLE_MAIN,
  origin: ORIGIN_KERNEL,
});

export const isLinkLocal = (address: Address): boolean =>
  address.family === 6 && isLinkLocal6(address.words[0]);

/** Same destination, next hop, interface and table. */
export function sameRoute(a: ListedRoute, b: ListedRoute): boolean {
  return a.interface === b.interface && a.table === b.table &&
    comparePrefixes(a.destination, b.destination) === 0 &&
    a.destination.family === b.destination.family && sameAddress(a.gateway, b.gateway);
}

export const sameAddress = (a: Address | undefined, b: Address | undefined): boolean =>
  a?.family === b?.family && (a === undefined || a.words.every((word, i) => word === b?.words[i]));

/** By network, then by length; families are the caller's business. */
export function comparePrefixes(a: Prefix, b: Prefix): number {
  for (let w = 0; w < 4; w++) if (a.words[w] !== b.words[w]) return a.words[w]! - b.words[w]!;
  return a.length - b.length;
}

/** IP6_RT_PRIO_ADDRCONF and IP6_RT_PRIO_USER. */
const METRIC_CONNECTED6 = 256;
const METRIC_STATIC6 = 1024;
