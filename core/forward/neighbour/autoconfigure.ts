import { type Address, formatAddress, formatPrefix, network, type Prefix } from "../../packet/address.ts";
import type { PacketBatch } from "../../packet/batch.ts";
import { u16, u32 } from "../../packet/bytes.ts";
import { ROUTER_ADVERTISEMENT } from "../../packet/icmpv6.ts";
import { isLinkLocal6, isMulticast6 } from "../../packet/ipv6.ts";
import type { Random } from "../../random.ts";
import type { InterfaceAddress } from "./addresses.ts";
import { AutoconfiguredAddresses, type AutoconfiguredAddressesOptions } from "./autoconfigured_addresses.ts";
import type { NeighbourCounters } from "./counters.ts";
import type { AdjacencyEvent, OnEvent } from "./events.ts";
import { after, Lifetimes } from "./lifetimes.ts";
import type { Link } from "./link.ts";
import {
  INFINITE_LIFETIME,
  type NdOptions,
  PREFIX_AUTONOMOUS,
  PREFIX_ON_LINK,
  PREFIX_OPTION,
  RDNSS_OPTION,
} from "./nd_options.ts";
import { REACHABLE_TIME, RETRANS_TIMER } from "./neighbour_state.ts";
import type { Neighbours } from "./neighbours.ts";
import { putRouterSolicitation, SolicitationTimer } from "./router_solicitation.ts";

/**
 * Host side of router discovery (RFC 4861 6.3), address autoconfiguration (RFC 4862) and DNS servers (RFC 8106).
 *
 * Overview    on interfaces that accept advertisements: asks for routers, takes default route, on-link prefixes,
 *             addresses, servers, MTU, hop limit and neighbour timers from what comes, and lets each go when its
 *             lifetime is over. Everything learned is told as an event when it comes and when it goes.
 * Life-cycle  `start` when the link is up and its link-local address ready; `stop` when either ends: all is let go.
 * Limits      MOST_* of each kind an interface; more are refused. Addresses: see autoconfigured_addresses.ts.
 */
export class Autoconfiguration {
  readonly #options: AutoconfigurationOptions;
  readonly #own: AutoconfiguredAddresses;
  readonly #states: (State | undefined)[] = new Array(256).fill(undefined);
  #due = Infinity;

  constructor(options: AutoconfigurationOptions) {
    this.#options = options;
    this.#own = new AutoconfiguredAddresses(options);
  }

  get due(): number {
    return this.#due;
  }

  start(index: number, now: number): void {
    const state = this.#states[index] ??= newState(this.#options.random);
    state.solicitation.start(now);
    this.#due = Math.min(this.#due, state.solicitation.at);
  }

  stop(index: number): void {
    const state = this.#states[index], link = this.#options.links[index];
    this.#states[index] = undefined;
    if (state === undefined) return;
    for (const event of [...state.routers.expire(Infinity), ...state.prefixes.expire(Infinity)]) {
      this.#tell({ ...event, action: "remove", lifetime: 0 });
    }
    if (state.servers.size > 0) this.#tell({ kind: "dns", interface: index, servers: [] });
    this.#own.stop(index);
    if (link === undefined) return;
    this.#mtu(link, link.plan.mtu);
    this.#hopLimit(link, DEFAULT_HOP_LIMIT);
    link.baseReachable = REACHABLE_TIME;
    link.retransmit = RETRANS_TIMER;
    link.drawReachable(this.#options.random);
  }

  /** A checked advertisement; false when this interface does not accept any. */
  input(batch: PacketBatch, row: number, link: Link, options: NdOptions): boolean {
    const state = this.#states[link.index];
    if (state === undefined) return false;
    const b = batch.bytes(row), at = batch.transport[row]!, now = batch.now;
    const lifetime = u16(b, at + ROUTER_ADVERTISEMENT.lifetime);
    this.#variables(link, b, at);
    this.#router(state, link, batch.source.subarray(row * 4, row * 4 + 4), lifetime, now);
    if (lifetime > 0) state.solicitation.stop();
    if (options.mtu >= 1280 && options.mtu <= link.plan.mtu) this.#mtu(link, options.mtu);
    for (let i = 0; i < options.prefixCount; i++) this.#prefix(state, link, b, options.prefixes[i]!, now);
    for (let i = 0; i < options.rdnssCount; i++) this.#servers(state, link, b, options.rdnss[i]!, now);
    this.#due = Math.min(this.#due, dueOf(state), this.#own.due);
    return true;
  }

  tick(batch: PacketBatch, now: number): void {
    if (now < this.#due) return;
    for (let index = 0; index < this.#states.length; index++) {
      const state = this.#states[index];
      if (state === undefined) continue;
      if (state.solicitation.at <= now) this.#solicit(batch, index, state, now);
      for (const event of [...state.routers.expire(now), ...state.prefixes.expire(now)]) {
        this.#tell({ ...event, action: "remove", lifetime: 0 });
      }
      if (state.routers.size === 0 && state.solicitation.at === Infinity) state.solicitation.start(now);
      if (state.servers.expire(now).length > 0) this.#tellServers(state, index);
    }
    this.#own.age(now);
    this.#due = this.#states.reduce(
      (least, state) => state === undefined ? least : Math.min(least, dueOf(state)),
      this.#own.due,
    );
  }

  /** Duplicate detection found an address in use elsewhere. */
  retry(address: InterfaceAddress, now: number): void {
    this.#own.retry(address, now);
  }

  #solicit(batch: PacketBatch, index: number, state: State, now: number): void {
    const link = this.#options.links[index];
    if (link === undefined || !link.up) return state.solicitation.stop();
    const from = this.#options.addresses.linkLocal(index)?.words;
    if (!putRouterSolicitation(batch, link, from, this.#options.neighbours)) this.#options.counters.noRoom++;
    state.solicitation.sent(now);
  }

  /** Hop limit and neighbour timers; 0 means the router does not say (6.3.4). */
  #variables(link: Link, b: Uint8Array, at: number): void {
    const hopLimit = b[at + ROUTER_ADVERTISEMENT.hopLimit]!;
    if (hopLimit !== 0) this.#hopLimit(link, hopLimit);
    const reachable = u32(b, at + ROUTER_ADVERTISEMENT.reachable);
    if (reachable !== 0 && reachable <= MOST_REACHABLE && reachable !== link.baseReachable) {
      link.baseReachable = reachable;
      link.drawReachable(this.#options.random);
    }
    const retransmit = u32(b, at + ROUTER_ADVERTISEMENT.retransmit);
    if (retransmit >= LEAST_RETRANS && retransmit <= MOST_REACHABLE) link.retransmit = retransmit;
  }

  #router(state: State, link: Link, source: Uint32Array, lifetime: number, now: number): void {
    const via = addressOf(source), key = formatAddress(via);
    const route: RouteEvent = {
      kind: "route",
      action: "add",
      interface: link.index,
      destination: { family: 6, words: [0, 0, 0, 0], length: 0 },
      via,
      lifetime,
    };
    if (lifetime === 0) {
      const known = state.routers.remove(key);
      if (known !== undefined) this.#tell({ ...known, action: "remove", lifetime: 0 });
    } else this.#renew(state.routers, key, route, now + lifetime * 1000);
  }

  #prefix(state: State, link: Link, b: Uint8Array, at: number, now: number): void {
    const length = b[at + PREFIX_OPTION.length]!, flags = b[at + PREFIX_OPTION.flags]!;
    const valid = u32(b, at + PREFIX_OPTION.valid), preferred = u32(b, at + PREFIX_OPTION.preferred);
    const words = [0, 1, 2, 3].map((i) =>
      u32(b, at + PREFIX_OPTION.prefix + 4 * i)
    ) as unknown as Address["words"];
    const prefix = network({ family: 6, words, length });
    if (isLinkLocal6(words[0]) || isMulticast6(words[0])) return;
    if ((flags & PREFIX_ON_LINK) !== 0) this.#onLink(state, link, prefix, valid, now);
    if ((flags & PREFIX_AUTONOMOUS) !== 0 && length === 64 && preferred <= valid) {
      this.#own.learn(link, prefix, valid, preferred, now);
    }
  }

  #onLink(state: State, link: Link, destination: Prefix, valid: number, now: number): void {
    const key = formatPrefix(destination);
    if (valid === 0) {
      const known = state.prefixes.remove(key);
      if (known !== undefined) this.#tell({ ...known, action: "remove", lifetime: 0 });
      return;
    }
    const lifetime = valid === INFINITE_LIFETIME ? Infinity : valid;
    const route: RouteEvent = { kind: "route", action: "add", interface: link.index, destination, lifetime };
    this.#renew(state.prefixes, key, route, after(now, valid));
  }

  #renew(routes: Lifetimes<RouteEvent>, key: string, route: RouteEvent, until: number): void {
    const what = routes.renew(key, route, until);
    if (what === "added" || what === "renewed") this.#tell(route);
  }

  #servers(state: State, link: Link, b: Uint8Array, at: number, now: number): void {
    const lifetime = u32(b, at + RDNSS_OPTION.lifetime), count = (b[at + 1]! - 1) / 2;
    let changed = false;
    for (let i = 0; i < count; i++) {
      const from = at + RDNSS_OPTION.addresses + 16 * i;
      const words = [0, 1, 2, 3].map((w) => u32(b, from + 4 * w)) as unknown as Address["words"];
      const address: Address = { family: 6, words }, key = formatAddress(address);
      if (lifetime === 0) changed = state.servers.remove(key) !== undefined || changed;
      else changed = state.servers.renew(key, address, after(now, lifetime)) === "added" || changed;
    }
    if (changed) this.#tellServers(state, link.index);
  }

  #tellServers(state: State, index: number): void {
    this.#tell({ kind: "dns", interface: index, servers: state.servers.values() });
  }

  #hopLimit(link: Link, hopLimit: number): void {
    if (link.hopLimit === hopLimit) return;
    link.hopLimit = hopLimit;
    this.#tell({ kind: "hop limit", interface: link.index, hopLimit });
  }

  #mtu(link: Link, mtu: number): void {
    if (link.mtu === mtu) return;
    link.mtu = mtu;
    this.#tell({ kind: "mtu", interface: link.index, mtu });
  }

  #tell(event: AdjacencyEvent): void {
    this.#options.onEvent(event);
  }
}

export interface AutoconfigurationOptions extends AutoconfiguredAddressesOptions {
  readonly neighbours: Neighbours;
  readonly random: Random;
  readonly counters: NeighbourCounters;
  readonly onEvent: OnEvent;
}

type RouteEvent = AdjacencyEvent & { kind: "route" };

interface State {
  readonly solicitation: SolicitationTimer;
  readonly routers: Lifetimes<RouteEvent>;
  readonly prefixes: Lifetimes<RouteEvent>;
  readonly servers: Lifetimes<Address>;
}

const newState = (random: Random): State => ({
  solicitation: new SolicitationTimer(random),
  routers: new Lifetimes(MOST_ROUTERS),
  prefixes: new Lifetimes(MOST_PREFIXES),
  servers: new Lifetimes(MOST_SERVERS),
});

const dueOf = (state: State): number =>
  Math.min(state.solicitation.at, state.routers.due, state.prefixes.due, state.servers.due);

const addressOf = (words: Uint32Array): Address => ({
  family: 6,
  words: [words[0]!, words[1]!, words[2]!, words[3]!],
});

const MOST_ROUTERS = 8;
const MOST_PREFIXES = 16;
const MOST_SERVERS = 8;
/** Until a router says otherwise (RFC 1700, as the kernel has it). */
const DEFAULT_HOP_LIMIT = 64;
/** Milliseconds: reachable time at most an hour (RFC 4861 6.2.1); retransmit time never a flood. */
const MOST_REACHABLE = 3600000;
const LEAST_RETRANS = 100;
