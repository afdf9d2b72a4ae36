import { type Address, formatPrefix, network, type Prefix } from "../packet/address.ts";
import { isLinkLocal6, isMulticast6 } from "../packet/ipv6.ts";
import { isMulticast4 } from "../packet/ipv4.ts";
import { type PolicyRulePlan, type RoutePlan, TABLE_MAIN } from "../plan.ts";
import { type PolicyRule, policyRules, TABLE_LOCAL } from "./policy.ts";
import { type ListedRoute, routeLine } from "./route_line.ts";
import {
  comparePrefixes,
  type Connected,
  connectedRoutes,
  isLinkLocal,
  type LearnedEntry,
  learnedEntry,
  type LearnedRoute,
  sameAddress,
  sameRoute,
  staticRoute,
} from "./route_source.ts";
import { RouteTable, type TableRoute } from "./route_table.ts";
import {
  ROUTE_ANYCAST,
  ROUTE_BROADCAST,
  ROUTE_LOCAL,
  ROUTE_MULTICAST,
  ROUTE_NONE,
  ROUTE_UNICAST,
} from "./route_type.ts";

export type { Connected, LearnedRoute } from "./route_source.ts";
export * from "./route_type.ts";

/**
 * Where packets go.
 *
 * Overview    policy rules name tables, tables hold routes by longest prefix. The local table (own addresses,
 *             directed broadcasts, subnet-router anycast) is asked first; connected prefixes stand in main.
 *             Link-local and multicast destinations mean nothing without an interface and are answered from it.
 * Life-cycle  `configure` replaces static and connected routes and keeps learned ones; each change builds the
 *             tables it touches anew (100k routes: some tenths of a second), interfaces going up and down build
 *             nothing.
 * Ownership   the data-plane thread. The result of `lookup` stands in this object until the next one.
 * Limits      interface indexes 1..255. Equal metrics are not balanced: the first one given is used.
 */
export class Routes {
  /** Result of the last lookup that answered UNICAST, LOCAL, BROADCAST or MULTICAST: interface index. */
  interface = 0;
  /** Next hop, four words; the destination itself when it is on link. */
  readonly gateway = new Uint32Array(4);
  hasGateway = false;
  /** Family of `gateway`: an IPv4 route may name an IPv6 router. */
  gatewayFamily = 0;
  /** MTU of the route, 0 where it has none of its own. */
  mtu = 0;
  prefixLength = 0;
  /** The local address is a subnet-router anycast address (RFC 4291 2.6.1): never a source. */
  anycast = false;

  readonly #up = new Uint8Array(256).fill(1);
  readonly #tables = new Map<string, RouteTable>();
  #rules4: readonly PolicyRule[] = [];
  #rules6: readonly PolicyRule[] = [];
  /** The local table by family. */
  #local4: RouteTable | undefined;
  #local6: RouteTable | undefined;
  #plans: readonly PolicyRulePlan[] = [];
  #static: readonly ListedRoute[] = [];
  #connected: readonly ListedRoute[] = [];
  #learned: LearnedEntry[] = [];
  #nextDeadline = Infinity;
  /** Own link-local addresses: interface and four words each. */
  #linkLocal = new Uint32Array(0);

  /** Replaces static routes, policy rules and own addresses with their prefixes; learned routes stay. */
  configure(
    routes: readonly RoutePlan[],
    rules: readonly PolicyRulePlan[],
    connected: readonly Connected[],
  ): void {
    this.#plans = rules;
    this.#connected = connected.flatMap(connectedRoutes);
    this.#static = routes.flatMap((plan) => staticRoute(plan, connected));
    const own = connected.flatMap((c) =>
      c.addresses.filter(isLinkLocal).flatMap((address) => [c.interface, ...address.words])
    );
    this.#linkLocal = Uint32Array.from(own);
    this.#tables.clear();
    this.#build();
  }

  /** Adds a learned route, or prolongs the one with the same destination, next hop, interface and table. */
  addLearned(route: LearnedRoute): void {
    const entry = learnedEntry(route);
    const at = this.#learned.findIndex((known) => sameRoute(known.route, entry.route));
    const known = this.#learned[at];
    if (at < 0) this.#learned.push(entry);
    else this.#learned[at] = entry;
    this.#nextDeadline = Math.min(this.#nextDeadline, entry.deadline);
    if (
      known !== undefined && known.route.metric === entry.route.metric && known.route.mtu === entry.route.mtu
    ) {
      return;
    }
    this.#rebuild(entry.route.destination.family, entry.route.table);
  }

  /** Forgets learned routes to a destination by an interface; `via` narrows it to one next hop. */
  removeLearned(destination: Prefix, index: number, via?: Address): void {
    const to = formatPrefix(network(destination));
    this.#forget((entry) =>
      entry.route.interface === index && formatPrefix(network(entry.route.destination)) === to &&
      (via === undefined || sameAddress(entry.route.gateway, via))
    );
  }

  /** Forgets learned routes whose deadline has come. */
  tick(now: number): void {
    if (now < this.#nextDeadline) return;
    this.#forget((entry) => entry.deadline <= now);
  }

  /** Routes of a down interface do not match; own addresses on it still do. Interfaces start up. */
  interfaceUp(index: number, up: boolean): void {
    if (index > 0 && index < 256) this.#up[index] = up ? 1 : 0;
  }

  /**
   * Finds the route of a packet. `incoming` is the interface it came in by, 0 when made here; `outgoing` the one a
   * packet made here is bound to (needed for link-local and multicast destinations). Answers ROUTE_*.
   */
  lookup(
    family: number,
    words: Uint32Array,
    lane: number,
    source: Uint32Array,
    sourceLane: number,
    mark: number,
    incoming: number,
    outgoing = 0,
  ): number {
    const scope = outgoing !== 0 ? outgoing : incoming;
    this.anycast = false;
    if (family === 4) {
      const address = words[lane]!;
      if (address === 0xffffffff && scope !== 0) {
        return this.#onLink(ROUTE_BROADCAST, words, lane, scope, 4, 32);
      }
      if (isMulticast4(address) && scope !== 0) {
        return this.#onLink(ROUTE_MULTICAST, words, lane, scope, 4, 4);
      }
      const type = this.#search(this.#rules4, 4, words, lane, source, sourceLane, mark, incoming);
      if (type !== ROUTE_UNICAST) return type;
      return isMulticast4(address) || address === 0xffffffff ? this.#group(words, lane, address) : type;
    }
    if (isMulticast6(words[lane]!)) return this.#onLink(ROUTE_MULTICAST, words, lane, scope, 6, 8);
    if (isLinkLocal6(words[lane]!)) return this.#linkLocalRoute(words, lane, scope);
    return this.#search(this.#rules6, 6, words, lane, source, sourceLane, mark, incoming);
  }

  /** What an address is to this router, whatever the rules: ROUTE_LOCAL, _BROADCAST, _MULTICAST or _NONE. */
  addressType(family: number, words: Uint32Array, lane: number): number {
    const first = words[lane]!;
    const table = family === 4 ? this.#local4 : this.#local6;
    if (family === 4) {
      if (first === 0xffffffff) return ROUTE_BROADCAST;
      if (isMulticast4(first)) return ROUTE_MULTICAST;
      const route = table?.find4(first, this.#up) ?? -1;
      return route < 0 ? ROUTE_NONE : table!.type[route]!;
    }
    if (isMulticast6(first)) return ROUTE_MULTICAST;
    if (isLinkLocal6(first)) return this.#ownLinkLocal(words, lane, 0) > 0 ? ROUTE_LOCAL : ROUTE_NONE;
    return (table?.find6(words, lane, this.#up) ?? -1) < 0 ? ROUTE_NONE : ROUTE_LOCAL;
  }

  /** Whether a local address is a subnet-router anycast one. */
  isAnycast(family: number, words: Uint32Array, lane: number): boolean {
    if (family !== 6) return false;
    const table = this.#local6,
      route = table?.find6(words, lane, this.#up) ?? -1;
    return route >= 0 && table!.type[route] === ROUTE_ANYCAST;
  }

  /** Lines in the words of `ip route` and `ip -6 route`, main first. `now` is monotonic milliseconds. */
  list(names: (index: number) => string = (index) => `if${index}`, now = 0): string[] {
    const learned = this.#learned.map((entry) => ({ ...entry.route, expires: entry.deadline - now }));
    return [...this.#connected, ...this.#static, ...learned]
      .filter((route) => route.table !== TABLE_LOCAL)
      .sort((a, b) =>
        a.destination.family - b.destination.family ||
        Number(b.table === TABLE_MAIN) - Number(a.table === TABLE_MAIN) ||
        a.table - b.table || comparePrefixes(a.destination, b.destination) || a.metric - b.metric
      )
      .map((route) => routeLine(route, names, this.#up[route.gate] === 0));
  }

  #search(
    rules: readonly PolicyRule[],
    family: number,
    words: Uint32Array,
    lane: number,
    source: Uint32Array,
    sourceLane: number,
    mark: number,
    incoming: number,
  ): number {
    for (let i = 0; i < rules.length; i++) {
      const rule = rules[i]!;
      if (!rule.matches(words, lane, source, sourceLane, mark, incoming)) continue;
      const table = rule.table;
      const route = family === 4 ? table.find4(words[lane]!, this.#up) : table.find6(words, lane, this.#up);
      if (route >= 0) return this.#take(table, route, family, words, lane);
    }
    this.interface = 0;
    return ROUTE_NONE;
  }

  #take(table: RouteTable, route: number, family: number, words: Uint32Array, lane: number): number {
    const via = table.gatewayFamily[route]!;
    this.interface = table.interface[route]!;
    this.mtu = table.mtu[route]!;
    this.prefixLength = table.prefixLength[route]!;
    this.hasGateway = via !== 0;
    this.gatewayFamily = via !== 0 ? via : family;
    const from = via !== 0 ? table.gateway : words, at = via !== 0 ? route * 4 : lane, gateway = this.gateway;
    gateway[0] = from[at]!;
    if (this.gatewayFamily === 4) gateway[1] = gateway[2] = gateway[3] = 0;
    else {
      gateway[1] = from[at + 1]!;
      gateway[2] = from[at + 2]!;
      gateway[3] = from[at + 3]!;
    }
    const type = table.type[route]!;
    if (type !== ROUTE_ANYCAST) return type;
    this.anycast = true;
    return ROUTE_LOCAL;
  }

  #onLink(
    type: number,
    words: Uint32Array,
    lane: number,
    index: number,
    family: number,
    prefixLength: number,
  ): number {
    this.interface = index;
    this.mtu = 0;
    this.prefixLength = prefixLength;
    this.hasGateway = false;
    this.gatewayFamily = family;
    for (let w = 0; w < 4; w++) this.gateway[w] = family === 4 && w > 0 ? 0 : words[lane + w]!;
    return type;
  }

  /** A group address follows the unicast route for its interface only, not for its next hop. */
  #group(words: Uint32Array, lane: number, address: number): number {
    const type = address === 0xffffffff ? ROUTE_BROADCAST : ROUTE_MULTICAST;
    return this.#onLink(type, words, lane, this.interface, 4, type === ROUTE_BROADCAST ? 32 : 4);
  }

  /** fe80::/10: own on that interface, else on link there. Without an interface, own addresses only. */
  #linkLocalRoute(words: Uint32Array, lane: number, scope: number): number {
    const own = this.#ownLinkLocal(words, lane, scope);
    if (own > 0) return this.#onLink(ROUTE_LOCAL, words, lane, own, 6, 128);
    if (scope !== 0 && this.#up[scope] !== 0) return this.#onLink(ROUTE_UNICAST, words, lane, scope, 6, 64);
    this.interface = 0;
    return ROUTE_NONE;
  }

  /** Interface that has the link-local address as its own, 0 for none; `scope` 0: on any interface. */
  #ownLinkLocal(words: Uint32Array, lane: number, scope: number): number {
    const own = this.#linkLocal;
    for (let at = 0; at < own.length; at += 5) {
      if (scope !== 0 && own[at] !== scope) continue;
      if (
        own[at + 3] === words[lane + 2] && own[at + 4] === words[lane + 3] &&
        own[at + 2] === words[lane + 1] &&
        own[at + 1] === words[lane]
      ) return own[at]!;
    }
    return 0;
  }

  #forget(gone: (entry: LearnedEntry) => boolean): void {
    const forgotten = this.#learned.filter(gone);
    this.#learned = this.#learned.filter((entry) => !forgotten.includes(entry));
    this.#nextDeadline = Math.min(Infinity, ...this.#learned.map((entry) => entry.deadline));
    const touched = new Map(
      forgotten.map(({ route }) => [tableKey(route.destination.family, route.table), route]),
    );
    for (const route of touched.values()) this.#rebuild(route.destination.family, route.table);
  }

  #rebuild(family: number, table: number): void {
    this.#tables.delete(tableKey(family, table));
    this.#build();
  }

  /** Builds the tables that are missing, then the rules over them. */
  #build(): void {
    const groups = new Map<string, TableRoute[]>();
    for (const route of [...this.#static, ...this.#connected, ...this.#learned.map((entry) => entry.route)]) {
      const key = tableKey(route.destination.family, route.table);
      if (this.#tables.has(key)) continue;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [route]);
      else group.push(route);
    }
    for (const [key, group] of groups) {
      this.#tables.set(key, new RouteTable(group[0]!.destination.family, group));
    }
    this.#local4 = this.#tables.get(tableKey(4, TABLE_LOCAL));
    this.#local6 = this.#tables.get(tableKey(6, TABLE_LOCAL));
    this.#rules4 = policyRules(4, this.#plans, (id) => this.#tables.get(tableKey(4, id)));
    this.#rules6 = policyRules(6, this.#plans, (id) => this.#tables.get(tableKey(6, id)));
  }
}

const tableKey = (family: number, table: number): string => `${family}/${table}`;
