import { type Address, mask, network, type Prefix } from "../packet/address.ts";
import { LongestPrefix } from "./lpm.ts";

/**
 * One routing table of one family.
 *
 * Overview    the distinct prefixes stand in a LongestPrefix; the routes of a prefix stand side by side, the
 *             lowest metric first (equal metrics: the one given first). A route whose interface is down is passed
 *             over, to the next metric, then to the next wider prefix.
 * Life-cycle  built whole, never changed.
 */
export class RouteTable {
  readonly routes: readonly TableRoute[];
  readonly type: Uint8Array;
  readonly interface: Uint8Array;
  /** Interface that must be up for the route to count; 0 where none must. */
  readonly gate: Uint8Array;
  /** Four words a route. */
  readonly gateway: Uint32Array;
  /** 4 or 6; 0: on link. An IPv4 route may have an IPv6 next hop (RFC 5549). */
  readonly gatewayFamily: Uint8Array;
  readonly mtu: Uint32Array;
  readonly prefixLength: Uint8Array;
  readonly #trie: LongestPrefix;
  /** Index of the first route of prefix number p; those of p end where p + 1 begins. */
  readonly #first: Uint32Array;

  constructor(family: 4 | 6, given: readonly TableRoute[]) {
    const groups = new Map<string | number, TableRoute[]>();
    for (const route of given) {
      const key = prefixKey(route.destination);
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [route]);
      else group.push(route);
    }
    this.#first = new Uint32Array(groups.size + 2);
    const routes: TableRoute[] = [], prefixes: Prefix[] = [];
    for (const group of groups.values()) {
      prefixes.push(group[0]!.destination);
      this.#first[prefixes.length] = routes.length;
      if (group.length > 1) group.sort((a, b) => a.metric - b.metric);
      routes.push(...group);
    }
    this.#first[prefixes.length + 1] = routes.length;
    this.#trie = new LongestPrefix(family, prefixes);
    this.routes = routes;
    this.type = Uint8Array.from(routes, (route) => route.type);
    this.interface = Uint8Array.from(routes, (route) => route.interface);
    this.gate = Uint8Array.from(routes, (route) => route.gate);
    this.gatewayFamily = Uint8Array.from(routes, (route) => route.gateway?.family ?? 0);
    this.mtu = Uint32Array.from(routes, (route) => route.mtu);
    this.prefixLength = Uint8Array.from(routes, (route) => route.destination.length);
    this.gateway = new Uint32Array(routes.length * 4);
    for (const [i, route] of routes.entries()) this.gateway.set(route.gateway?.words ?? [], i * 4);
  }

  /** Index of the route for an IPv4 address, -1 for none. `up` says by interface index which are up. */
  find4(address: number, up: Uint8Array): number {
    return this.#alive(this.#trie.find4(address), up);
  }

  /** The same for the IPv6 address at `words[lane]`. */
  find6(words: Uint32Array, lane: number, up: Uint8Array): number {
    return this.#alive(this.#trie.find6(words, lane), up);
  }

  #alive(found: number, up: Uint8Array): number {
    for (let prefix = found; prefix !== 0; prefix = this.#trie.wider(prefix)) {
      const end = this.#first[prefix + 1]!;
      for (let route = this.#first[prefix]!; route < end; route++) {
        if (up[this.gate[route]!] !== 0) return route;
      }
    }
    return -1;
  }
}

/** The same for prefixes of one family that differ in host bits only. */
function prefixKey(prefix: Prefix): string | number {
  if (prefix.family === 4) return ((prefix.words[0] & mask(prefix.length)) >>> 0) * 64 + prefix.length;
  return `${network(prefix).words.join()}/${prefix.length}`;
}

/** One route as the tables hold it. */
export interface TableRoute {
  readonly destination: Prefix;
  /** ROUTE_*. */
  readonly type: number;
  readonly interface: number;
  readonly gate: number;
  readonly gateway?: Address;
  readonly metric: number;
  /** 0: the interface's. */
  readonly mtu: number;
}
