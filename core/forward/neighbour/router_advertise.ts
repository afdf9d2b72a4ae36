import { formatPrefix } from "../../packet/address.ts";
import type { PacketBatch } from "../../packet/batch.ts";
import { isUnspecified6 } from "../../packet/ipv6.ts";
import type { AdvertisedPrefix, AdvertisePlan } from "../../plan.ts";
import { below, type Random } from "../../random.ts";
import { type Addresses, sameWords } from "./addresses.ts";
import type { NeighbourCounters } from "./counters.ts";
import { ALL_NODES } from "./groups.ts";
import type { Link, Links } from "./link.ts";
import type { Neighbours } from "./neighbours.ts";
import { putAdvertisement } from "./router_advertisement.ts";

/**
 * Router advertisements, router side of RFC 4861 6.2.
 *
 * Overview    unsolicited ones at random times between a third of the interval and the whole; the first three at
 *             most 16 s apart. A solicitation is answered within half a second: to its sender when it gave an
 *             address, else to everybody, but not twice in three seconds.
 * Life-cycle  starts when the plan says so and the link-local address is ready; a change of the plan starts anew;
 *             prefixes taken out are advertised three times more with no lifetime left, an interface that stops
 *             says so with router lifetime 0, as does `shutdown`.
 * Limits      PENDING unicast answers a link; more become one to everybody.
 */
export class RouterAdvertiser {
  readonly #links: Links;
  readonly #addresses: Addresses;
  readonly #neighbours: Neighbours;
  readonly #random: Random;
  readonly #counters: NeighbourCounters;
  readonly #all: (Advertiser | undefined)[] = new Array(256).fill(undefined);
  #due = Infinity;

  constructor(
    links: Links,
    addresses: Addresses,
    neighbours: Neighbours,
    random: Random,
    counters: NeighbourCounters,
  ) {
    this.#links = links;
    this.#addresses = addresses;
    this.#neighbours = neighbours;
    this.#random = random;
    this.#counters = counters;
  }

  get due(): number {
    return this.#due;
  }

  /** Takes over the plan of an interface; undefined: it does not advertise (any more). */
  configure(index: number, plan: AdvertisePlan | undefined, now: number): void {
    const known = this.#all[index];
    if (known === undefined) {
      if (plan !== undefined) this.#all[index] = newAdvertiser(plan);
    } else if (known.ceasing ? plan === undefined : JSON.stringify(known.plan) === JSON.stringify(plan)) {
      return;
    } else {
      const kept = new Set(plan?.prefixes.map(formatPrefix));
      for (const prefix of known.plan.prefixes) {
        if (!kept.has(formatPrefix(prefix))) {
          known.withdrawn.push({
            prefix: { ...prefix, validLifetime: 0, preferredLifetime: 0 },
            left: INITIAL_COUNT,
          });
        }
      }
      known.withdrawn = known.withdrawn.filter((w) => !kept.has(formatPrefix(w.prefix)));
      known.ceasing = plan === undefined;
      if (plan !== undefined) known.plan = plan;
    }
    this.restart(index, now);
  }

  /** The link came up and its link-local address is ready: the first advertisements. */
  restart(index: number, now: number): void {
    const advertiser = this.#all[index];
    if (advertiser === undefined) return;
    advertiser.initialLeft = INITIAL_COUNT;
    this.#schedule(advertiser, Math.max(now, advertiser.sentAt + MIN_DELAY_BETWEEN));
  }

  /** The interface is gone from the plan and cannot be spoken on any more. */
  forget(index: number): void {
    this.#all[index] = undefined;
  }

  /** A checked router solicitation. */
  solicited(batch: PacketBatch, row: number, link: Link): void {
    const advertiser = this.#all[link.index];
    if (advertiser === undefined || advertiser.ceasing) return;
    if (!link.mayReply(batch.now)) {
      this.#counters.rateLimited++;
      return;
    }
    const at = batch.now + below(this.#random, MAX_RA_DELAY);
    const lane = row * 4;
    if (isUnspecified6(batch.source, lane) || advertiser.pending.length >= PENDING) {
      const everybody = Math.max(at, advertiser.sentAt + MIN_DELAY_BETWEEN);
      if (everybody < advertiser.nextAt) this.#schedule(advertiser, everybody);
      return;
    }
    if (advertiser.pending.some((p) => sameWords(p.words, 0, batch.source, lane))) return;
    advertiser.pending.push({ words: batch.source.slice(lane, lane + 4), at });
    this.#due = Math.min(this.#due, at);
  }

  tick(batch: PacketBatch, now: number): void {
    if (now < this.#due) return;
    this.#due = Infinity;
    for (let index = 0; index < this.#all.length; index++) {
      const advertiser = this.#all[index];
      if (advertiser === undefined) continue;
      this.#advertise(batch, index, advertiser, now);
      if (this.#all[index] === undefined) continue;
      this.#due = Math.min(this.#due, advertiser.nextAt, ...advertiser.pending.map((p) => p.at));
    }
  }

  /** Last words on every link: this router is no default router any more (6.2.5). */
  shutdown(batch: PacketBatch): void {
    for (let index = 0; index < this.#all.length; index++) {
      const advertiser = this.#all[index];
      if (advertiser !== undefined) this.#send(batch, index, advertiser, ALL_NODES, 0);
      this.#all[index] = undefined;
    }
    this.#due = Infinity;
  }

  #schedule(advertiser: Advertiser, at: number): void {
    advertiser.nextAt = at;
    this.#due = Math.min(this.#due, at);
  }

  #advertise(batch: PacketBatch, index: number, advertiser: Advertiser, now: number): void {
    if (this.#links[index]?.up !== true || this.#addresses.linkLocal(index) === undefined) {
      // `restart` comes with the address.
      advertiser.nextAt = Infinity;
      advertiser.pending.length = 0;
      return;
    }
    const lifetime = advertiser.ceasing ? 0 : advertiser.plan.routerLifetime;
    for (const pending of advertiser.pending.filter((p) => p.at <= now)) {
      this.#send(batch, index, advertiser, pending.words, lifetime);
    }
    advertiser.pending = advertiser.pending.filter((p) => p.at > now);
    if (now < advertiser.nextAt) return;
    this.#send(batch, index, advertiser, ALL_NODES, lifetime);
    advertiser.sentAt = now;
    for (const w of advertiser.withdrawn) w.left--;
    advertiser.withdrawn = advertiser.withdrawn.filter((w) => w.left > 0);
    if (advertiser.initialLeft > 0) advertiser.initialLeft--;
    if (advertiser.ceasing && advertiser.initialLeft === 0) {
      this.#all[index] = undefined;
      return;
    }
    advertiser.nextAt = now + this.#interval(advertiser);
  }

  /** Milliseconds to the next unsolicited one (6.2.1, 6.2.4). */
  #interval(advertiser: Advertiser): number {
    if (advertiser.ceasing) return MIN_DELAY_BETWEEN;
    const longest = Math.max(MIN_DELAY_BETWEEN, advertiser.plan.interval * 1000);
    const shortest = Math.max(MIN_DELAY_BETWEEN, longest * (longest >= 9000 ? 0.33 : 0.75));
    const drawn = shortest + below(this.#random, longest - shortest);
    return advertiser.initialLeft > 0 ? Math.min(drawn, MAX_INITIAL_INTERVAL) : drawn;
  }

  #send(
    batch: PacketBatch,
    index: number,
    advertiser: Advertiser,
    to: Uint32Array,
    routerLifetime: number,
  ): void {
    const link = this.#links[index], from = this.#addresses.linkLocal(index);
    if (link === undefined || !link.up || from === undefined) return;
    const { plan, withdrawn } = advertiser;
    const neighbour = this.#neighbours.lookup(index, 6, to, 0, batch.now);
    const row = neighbour < 0 ? -1 : putAdvertisement(batch, index, from.words, to, {
      hopLimit: HOP_LIMIT,
      routerLifetime,
      mac: link.mac,
      mtu: plan.mtu,
      prefixes: [...withdrawn.map((w) => w.prefix), ...(advertiser.ceasing ? [] : plan.prefixes)],
      dns: plan.dns,
      // RFC 8106 5.1: three times the interval unless the router is leaving.
      dnsLifetime: advertiser.ceasing ? 0 : 3 * plan.interval,
    }, neighbour);
    if (row < 0) this.#counters.noRoom++;
    else this.#counters.ndReplied++;
  }
}

interface Advertiser {
  plan: AdvertisePlan;
  initialLeft: number;
  nextAt: number;
  /** When everybody was told last. */
  sentAt: number;
  pending: { readonly words: Uint32Array; readonly at: number }[];
  withdrawn: { readonly prefix: AdvertisedPrefix; left: number }[];
  ceasing: boolean;
}

const newAdvertiser = (plan: AdvertisePlan): Advertiser => ({
  plan,
  initialLeft: INITIAL_COUNT,
  nextAt: Infinity,
  sentAt: -Infinity,
  pending: [],
  withdrawn: [],
  ceasing: false,
});

/** RFC 4861 section 10; milliseconds. */
const INITIAL_COUNT = 3;
const MAX_INITIAL_INTERVAL = 16000;
const MIN_DELAY_BETWEEN = 3000;
const MAX_RA_DELAY = 500;
const PENDING = 16;
/** AdvCurHopLimit: what the assigned numbers recommend (RFC 1700's 64). */
const HOP_LIMIT = 64;
