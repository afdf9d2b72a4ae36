import type { PacketBatch } from "../../packet/batch.ts";
import { IPV6_MINIMUM_MTU, isLinkLocal6 } from "../../packet/ipv6.ts";
import type { PacketPool } from "../../packet/pool.ts";
import type { InterfacePlan } from "../../plan.ts";
import type { Random } from "../../random.ts";
import { Addresses, type InterfaceAddress, interfaceAddress, prefixOf, sameWords } from "./addresses.ts";
import { Arp } from "./arp.ts";
import { Autoconfiguration } from "./autoconfigure.ts";
import { type NeighbourCounters, neighbourCounters } from "./counters.ts";
import { DuplicateAddressDetection } from "./duplicate_detection.ts";
import type { AdjacencyEvent, OnEvent } from "./events.ts";
import {
  ALL_NODES,
  ALL_NODES_INTERFACE,
  ALL_ROUTERS,
  ALL_ROUTERS_INTERFACE,
  ALL_ROUTERS_SITE,
  LOCAL_NETWORK_CONTROL,
  solicitedNode,
} from "./groups.ts";
import { Link } from "./link.ts";
import { MulticastListener } from "./mld.ts";
import { NeighbourDiscovery } from "./nd.ts";
import type { NeighbourEntry } from "./neighbour_entry.ts";
import { Neighbours } from "./neighbours.ts";
import { type PlannedAddress, plannedAddresses } from "./planned_addresses.ts";
import { RouterAdvertiser } from "./router_advertise.ts";
import { Solicitor } from "./solicitor.ts";
import { selectSource } from "./source_address.ts";

/**
 * Everything a router says and hears on its own links: the one class of this room that others use.
 *
 * Overview    own addresses, neighbour cache, ARP, neighbour discovery, router advertisements sent and accepted,
 *             multicast listening. Input comes by `input` (ARP frames) and `inputIcmpv6`, time by `tick`; what is
 *             made here is appended to the batch at hand: ARP with ENTRY_LINK, IPv6 with ENTRY_OUTPUT, outInterface
 *             and neighbour set, packets that waited with ENTRY_TRANSMIT.
 * Life-cycle  `configure` with a plan's interfaces, again at every reload: what is unchanged stays. An interface is
 *             down until `interfaceUp` says otherwise; coming up it detects duplicates, then solicits or advertises.
 * Ownership   the data-plane thread. `configure` and `interfaceUp` between batches only.
 * Limits      stated by each part; nothing a packet holds makes anything throw.
 */
export class Adjacency {
  readonly counters: NeighbourCounters = neighbourCounters();
  /** Link-layer addresses of neighbours, six bytes a row. */
  readonly macs: Uint8Array;
  readonly #links: (Link | undefined)[] = new Array(256).fill(undefined);
  readonly #addresses = new Addresses();
  readonly #random: Random;
  readonly #onEvent: OnEvent;
  readonly #neighbours: Neighbours;
  readonly #arp: Arp;
  readonly #detection: DuplicateAddressDetection;
  readonly #discovery: NeighbourDiscovery;
  readonly #advertiser: RouterAdvertiser;
  readonly #autoconfiguration: Autoconfiguration;
  readonly #listener: MulticastListener;
  readonly #group = new Uint32Array(4);

  constructor(options: AdjacencyOptions) {
    const { random, pool } = options,
      links = this.#links,
      addresses = this.#addresses,
      counters = this.counters;
    if (options.secret !== undefined && options.secret.length !== 16) {
      throw new RangeError(`the secret for stable addresses is 16 bytes, not ${options.secret.length}`);
    }
    const onEvent = options.onEvent ?? (() => {});
    const solicitor = new Solicitor(links, addresses, pool, counters);
    const neighbours = new Neighbours({
      capacity: options.capacity ?? 4096,
      random,
      pool,
      links,
      counters,
      solicit: solicitor.solicit,
      isBroadcast: (index, word) => addresses.isBroadcast(index, word),
      onUnreachable: options.onUnreachable ?? (() => {}),
    });
    solicitor.neighbours = neighbours;
    const transmits = options.dadTransmits ?? 1;
    const detection = new DuplicateAddressDetection(
      { random, transmits, delay: transmits === 0 ? 0 : options.dadDelay ?? 1000 },
      links,
      addresses,
      neighbours,
      counters,
      onEvent,
    );
    const discovery = new NeighbourDiscovery(links, addresses, neighbours, detection, counters, onEvent);
    this.#random = random;
    this.#onEvent = onEvent;
    this.#neighbours = neighbours;
    this.macs = neighbours.macs;
    this.#arp = new Arp(links, addresses, neighbours, counters, onEvent);
    this.#detection = detection;
    this.#discovery = discovery;
    this.#advertiser = new RouterAdvertiser(links, addresses, neighbours, random, counters);
    this.#listener = new MulticastListener(links, addresses, neighbours, random, counters);
    this.#autoconfiguration = new Autoconfiguration({
      links,
      addresses,
      neighbours,
      random,
      secret: options.secret,
      counters,
      onEvent,
      add: (index, prefix, attempt, preferredUntil, validUntil, now) => {
        const address = interfaceAddress(index, prefix, "autoconfigured", attempt);
        address.preferredUntil = preferredUntil;
        address.validUntil = validUntil;
        this.#add(address, now);
      },
      remove: (address) => this.#remove(address),
      onAddress: (address) => this.#tell(address, address.state),
    });
    discovery.onRouterSolicitation = (batch, row, link) => this.#advertiser.solicited(batch, row, link);
    discovery.onRouterAdvertisement = (batch, row, link) =>
      this.#autoconfiguration.input(batch, row, link, discovery.options);
    detection.onPreferred = (address, now) => this.#ready(address, now);
    detection.onDuplicated = (address, now) => this.#autoconfiguration.retry(address, now);
  }

  /** Applies the interfaces of a plan. `now` is monotonic milliseconds. */
  configure(plans: readonly InterfacePlan[], now: number): void {
    const raised: number[] = [];
    for (const link of this.#links) {
      if (link === undefined) continue;
      const plan = plans.find((p) => p.index === link.index);
      const same = plan !== undefined && plan.name === link.plan.name && sameBytes(plan.mac, link.mac) &&
        (plan.mtu >= IPV6_MINIMUM_MTU) === link.carriesIpv6;
      if (same) continue;
      if (link.up && plan?.name === link.plan.name) raised.push(link.index);
      this.#forget(link);
    }
    for (const plan of plans) {
      let link = this.#links[plan.index];
      if (link === undefined) {
        link = this.#links[plan.index] = new Link(plan);
        link.drawReachable(this.#random);
        if (link.carriesIpv6) {
          for (const group of ROUTER_GROUPS) this.#listener.join(plan.index, group, now);
        }
      } else this.#replan(link, plan, now);
      this.#configureAddresses(link, now);
      this.#advertiser.configure(plan.index, plan.advertise, now);
    }
    for (const index of raised) this.interfaceUp(index, true, now);
  }

  /** The carrier or the administrator moved an interface. Repeating the same is harmless. */
  interfaceUp(index: number, up: boolean, now: number): void {
    const link = this.#links[index];
    if (link === undefined || link.up === up) return;
    link.up = up;
    if (!up) {
      this.#autoconfiguration.stop(index);
      this.#neighbours.flush(index);
    }
    for (const address of this.#of(index)) {
      if (address.family === 4) {
        if (up) this.#arp.announce(index, address.words[0]!, now);
      } else if (up) this.#detection.begin(address, now);
      else this.#suspend(address);
    }
    if (up) this.#listener.restart(index, now);
  }

  /** An ARP frame (`network` at its header) that came in by `inInterface`; consumed: STOLEN or DROP. */
  input(batch: PacketBatch, row: number): void {
    this.#arp.input(batch, row);
  }

  /**
   * An ICMPv6 row addressed to this router, behind the input hook. True when it was neighbour discovery (133..137)
   * or multicast listening (130..132, 143) and is consumed: STOLEN or DROP. Checks hop limit and checksum itself.
   */
  inputIcmpv6(batch: PacketBatch, row: number): boolean {
    return this.#discovery.input(batch, row) || this.#listener.input(batch, row);
  }

  /** See `Neighbours.lookup`. */
  lookup(interfaceIndex: number, family: number, words: Uint32Array, lane: number, now: number): number {
    return this.#neighbours.lookup(interfaceIndex, family, words, lane, now);
  }

  /** See `Neighbours.addressOf`. */
  addressOf(neighbour: number, family: number, out: Uint32Array): boolean {
    return this.#neighbours.addressOf(neighbour, family, out);
  }

  /** See `Neighbours.output`. */
  output(batch: PacketBatch, row: number, neighbour: number): boolean {
    return this.#neighbours.output(batch, row, neighbour);
  }

  /** See `Neighbours.confirm`. */
  confirm(neighbour: number, now: number): void {
    this.#neighbours.confirm(neighbour, now);
  }

  /** Earliest monotonic time at which `tick` has work; Infinity: none. */
  get due(): number {
    return Math.min(
      this.#neighbours.due,
      this.#arp.due,
      this.#listener.due,
      this.#detection.due,
      this.#advertiser.due,
      this.#autoconfiguration.due,
    );
  }

  /** Timers. Call before the batch is processed: what is made here is taken up by that pass. */
  tick(batch: PacketBatch, now: number): void {
    // A group is reported before anything asks on it: switches that snoop need to know first (RFC 4862 5.4.2).
    this.#listener.tick(batch, now);
    this.#detection.tick(batch, now);
    this.#arp.tick(batch, now);
    this.#neighbours.tick(batch, now);
    this.#autoconfiguration.tick(batch, now);
    this.#advertiser.tick(batch, now);
  }

  /** Last words before the router stops: advertisements with router lifetime 0. Send the batch afterwards. */
  shutdown(batch: PacketBatch): void {
    this.#advertiser.shutdown(batch);
  }

  /**
   * Whether the address is this router's and usable, on one interface or (0) on any. Link-local addresses belong to
   * one link: name the interface for those.
   */
  isLocalAddress(family: number, words: Uint32Array, lane: number, interfaceIndex = 0): boolean {
    return this.#addresses.isLocal(interfaceIndex, family, words, lane);
  }

  /**
   * Whether this router listens to the multicast group, or the IPv4 broadcast address, on the interface. All of
   * 224.0.0.0/24 comes in: those groups are never reported (RFC 3376 section 6), the host behind chooses.
   */
  isLocalGroup(interfaceIndex: number, family: number, words: Uint32Array, lane: number): boolean {
    if (family === 6) return this.#listener.isMember(interfaceIndex, words, lane);
    const word = words[lane]!;
    return word >>> 8 === LOCAL_NETWORK_CONTROL || this.#addresses.isBroadcast(interfaceIndex, word);
  }

  /** Listens to an IPv6 group on behalf of the host; leave it as often. */
  joinGroup(interfaceIndex: number, group: Uint32Array, now: number): void {
    this.#listener.join(interfaceIndex, group, now);
  }

  leaveGroup(interfaceIndex: number, group: Uint32Array, now: number): void {
    this.#listener.leave(interfaceIndex, group, now);
  }

  /** See `selectSource`: own address for packets to a destination out of an interface (0: any). */
  sourceAddress(
    interfaceIndex: number,
    family: number,
    words: ArrayLike<number>,
    lane: number,
    out: Uint32Array,
    at = 0,
  ): boolean {
    return selectSource(this.#addresses, interfaceIndex, family, words, lane, out, at);
  }

  /** Hop limit for packets made on the interface: 64, or what an advertisement asked for. */
  hopLimit(interfaceIndex: number): number {
    return this.#links[interfaceIndex]?.hopLimit ?? 64;
  }

  addresses(): readonly InterfaceAddress[] {
    return this.#addresses.all();
  }

  neighbours(): NeighbourEntry[] {
    return this.#neighbours.list();
  }

  #of(index: number): InterfaceAddress[] {
    return this.#addresses.all().filter((a) => a.interface === index);
  }

  #forget(link: Link): void {
    this.#autoconfiguration.stop(link.index);
    this.#advertiser.forget(link.index);
    this.#neighbours.flush(link.index);
    for (const address of this.#of(link.index)) this.#remove(address);
    this.#listener.forget(link.index);
    this.#links[link.index] = undefined;
  }

  #replan(link: Link, plan: InterfacePlan, now: number): void {
    const before = link.plan;
    link.plan = plan;
    if (plan.mtu !== before.mtu) link.mtu = plan.mtu;
    if (plan.acceptAdvertisements === before.acceptAdvertisements) return;
    if (!plan.acceptAdvertisements) this.#autoconfiguration.stop(link.index);
    else if (this.#addresses.linkLocal(link.index) !== undefined) {
      this.#autoconfiguration.start(link.index, now);
    }
  }

  /** Takes away what the plan no longer has, adds what is new. */
  #configureAddresses(link: Link, now: number): void {
    const wanted = plannedAddresses(link.plan);
    const is = (a: InterfaceAddress, p: PlannedAddress["prefix"]) =>
      a.family === p.family && a.length === p.length && sameWords(a.words, 0, p.words, 0);
    for (const address of this.#of(link.index)) {
      const kept = wanted.some((w) => is(address, w.prefix) && w.origin === address.origin);
      // An address learned stays, unless the plan now has it by name.
      const learned = address.origin === "autoconfigured" && !wanted.some((w) => is(address, w.prefix));
      if (!kept && !learned) this.#remove(address);
    }
    for (const { prefix, origin } of wanted) {
      if (this.#addresses.find(link.index, prefix.family, prefix.words, 0) === undefined) {
        this.#add(interfaceAddress(link.index, prefix, origin), now);
      }
    }
  }

  #add(address: InterfaceAddress, now: number): void {
    this.#addresses.add(address);
    this.#tell(address, address.state);
    const up = this.#links[address.interface]?.up === true;
    if (address.family === 4) {
      if (up) this.#arp.announce(address.interface, address.words[0]!, now);
      return;
    }
    this.#listener.join(address.interface, solicitedNode(address.words, 0, this.#group), now);
    if (up) this.#detection.begin(address, now);
  }

  #remove(address: InterfaceAddress): void {
    this.#addresses.remove(address);
    if (address.family === 6) {
      this.#listener.leave(address.interface, solicitedNode(address.words, 0, this.#group), 0);
    }
    this.#tell(address, "removed");
  }

  /** The link went down: the address has to prove itself anew. */
  #suspend(address: InterfaceAddress): void {
    address.state = "tentative";
    address.detectAt = Infinity;
    this.#addresses.reindex();
    this.#tell(address, "tentative");
  }

  /** Detection ended well. With its link-local address ready a link starts to speak. */
  #ready(address: InterfaceAddress, now: number): void {
    if (!isLinkLocal6(address.words[0]!)) return;
    const index = address.interface;
    this.#listener.restart(index, now);
    this.#advertiser.restart(index, now);
    if (this.#links[index]?.plan.acceptAdvertisements === true) this.#autoconfiguration.start(index, now);
  }

  #tell(address: InterfaceAddress, state: InterfaceAddress["state"] | "removed"): void {
    const event: AdjacencyEvent = {
      kind: "address",
      interface: address.interface,
      address: prefixOf(address),
      origin: address.origin,
      state,
    };
    this.#onEvent(event);
  }
}

export interface AdjacencyOptions {
  readonly random: Random;
  readonly pool: PacketPool;
  /** 16 secret bytes: addresses from advertisements get opaque identifiers (RFC 7217); undefined: EUI-64. */
  readonly secret?: Uint8Array;
  /** Neighbours at most, 4096 unless told. */
  readonly capacity?: number;
  /** Solicitations of duplicate address detection, 1 unless told; 0: addresses are used at once. */
  readonly dadTransmits?: number;
  /** Longest random wait before the first of them, 1000 ms unless told. */
  readonly dadDelay?: number;
  /** A packet whose neighbour does not answer; its row is already dropped, its bytes can be quoted in an error. */
  readonly onUnreachable?: (batch: PacketBatch, row: number) => void;
  readonly onEvent?: OnEvent;
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => a.every((byte, i) => byte === b[i]);

/** Groups every router is in (RFC 4291 2.8), besides its addresses' own. */
const ROUTER_GROUPS = [
  ALL_NODES_INTERFACE,
  ALL_NODES,
  ALL_ROUTERS_INTERFACE,
  ALL_ROUTERS,
  ALL_ROUTERS_SITE,
];
