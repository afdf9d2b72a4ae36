import { formatMac } from "../../packet/address.ts";
import type { PacketBatch } from "../../packet/batch.ts";
import { setU32, u32 } from "../../packet/bytes.ts";
import { pseudo, transportValid } from "../../packet/checksum.ts";
import { CHECKSUM_NONE, VERDICT_DROP, VERDICT_STOLEN } from "../../packet/columns.ts";
import { sameMac } from "../../packet/ethernet.ts";
import {
  ICMPV6,
  ICMPV6_NEIGHBOUR_ADVERT,
  ICMPV6_NEIGHBOUR_SOLICIT,
  ICMPV6_REDIRECT,
  ICMPV6_ROUTER_ADVERT,
  ICMPV6_ROUTER_SOLICIT,
  NEIGHBOUR,
  ROUTER_ADVERTISEMENT,
  ROUTER_SOLICITATION,
} from "../../packet/icmpv6.ts";
import { PROTOCOL_ICMPV6 } from "../../packet/ipv4.ts";
import { IPV6, isLinkLocal6, isMulticast6, isUnspecified6 } from "../../packet/ipv6.ts";
import { type Addresses, isUsable, prefixOf } from "./addresses.ts";
import type { NeighbourCounters } from "./counters.ts";
import type { DuplicateAddressDetection } from "./duplicate_detection.ts";
import type { OnEvent } from "./events.ts";
import { ALL_NODES, isSolicitedNodeOf } from "./groups.ts";
import { closeMessage, messageAt, openMessage } from "./icmpv6_message.ts";
import type { Link, Links } from "./link.ts";
import { MAC_OPTION_SIZE, NdOptions, OPTION_TARGET_MAC, putMacOption } from "./nd_options.ts";
import {
  NUD_FAILED,
  NUD_REACHABLE,
  NUD_STALE,
  UPDATE_IS_ROUTER,
  UPDATE_OVERRIDE,
  UPDATE_OVERRIDE_ROUTER,
  UPDATE_WEAK_OVERRIDE,
} from "./neighbour_state.ts";
import type { Neighbours } from "./neighbours.ts";

/**
 * Neighbour discovery input, RFC 4861.
 *
 * Overview    checks a message of types 133..137 (6.1, 7.1, 8.1; fragments: RFC 6980), answers solicitations for
 *             our addresses, feeds the neighbour cache, tells duplicate address detection, and hands router
 *             solicitations and advertisements on, checked. Redirects are not for routers (8.2) and end here.
 * Limits      replies are limited by the link. What is not valid is counted and dropped without a sound.
 */
export class NeighbourDiscovery {
  readonly #links: Links;
  readonly #addresses: Addresses;
  readonly #neighbours: Neighbours;
  readonly #detection: DuplicateAddressDetection;
  readonly #counters: NeighbourCounters;
  readonly #onEvent: OnEvent;
  readonly #target = new Uint32Array(4);
  #reportedAt = -Infinity;
  /** Options of the message in hand; for those who are handed it. */
  readonly options = new NdOptions();
  /** A valid solicitation for routers; the packet's columns and `options` say the rest. */
  onRouterSolicitation: (batch: PacketBatch, row: number, link: Link) => void = () => {};
  /** A valid advertisement of a router whose link-layer address is learned. True when it is accepted. */
  onRouterAdvertisement: (batch: PacketBatch, row: number, link: Link) => boolean = () => false;

  constructor(
    links: Links,
    addresses: Addresses,
    neighbours: Neighbours,
    detection: DuplicateAddressDetection,
    counters: NeighbourCounters,
    onEvent: OnEvent,
  ) {
    this.#links = links;
    this.#addresses = addresses;
    this.#neighbours = neighbours;
    this.#detection = detection;
    this.#counters = counters;
    this.#onEvent = onEvent;
  }

  /** Takes an ICMPv6 row behind the input hook. True when it was one of ours: verdict STOLEN or DROP. */
  input(batch: PacketBatch, row: number): boolean {
    const at = batch.transport[row]!, b = batch.bytes(row);
    if (at === 0) return false;
    const type = b[at + ICMPV6.type]!;
    if (type < ICMPV6_ROUTER_SOLICIT || type > ICMPV6_REDIRECT) return false;
    this.#counters.ndReceived++;
    batch.verdict[row] = VERDICT_DROP;
    const link = this.#links[batch.inInterface[row]!];
    if (link === undefined || !link.up) return true;
    const network = batch.network[row]!, end = batch.end[row]!;
    if (b[network + IPV6.hopLimit] !== 255) {
      this.#counters.ndHopLimit++;
      return true;
    }
    if (batch.checksum[row] === CHECKSUM_NONE) {
      if (!transportValid(b, at, end, pseudo(b, network, 6, PROTOCOL_ICMPV6, end - at))) {
        this.#counters.ndChecksum++;
        return true;
      }
    }
    if (!this.#isWellFormed(batch, row, b, at, end, type)) {
      this.#counters.ndMalformed++;
      return true;
    }
    batch.verdict[row] = VERDICT_STOLEN;
    const mac = this.options.sourceMac;
    if (mac !== 0 && sameMac(b, mac, link.mac, 0)) return true;
    if (type === ICMPV6_NEIGHBOUR_SOLICIT) this.#solicitation(batch, row, link, b);
    else if (type === ICMPV6_NEIGHBOUR_ADVERT) this.#advertisement(batch, link, b, at);
    else if (type === ICMPV6_ROUTER_SOLICIT) this.#routerSolicitation(batch, row, link, b);
    else if (type === ICMPV6_ROUTER_ADVERT) this.#routerAdvertisement(batch, row, link, b);
    else this.#counters.ndIgnored++;
    return true;
  }

  /** What 6.1.1, 6.1.2, 7.1.1, 7.1.2 demand of lengths, codes, addresses and options. */
  #isWellFormed(
    batch: PacketBatch,
    row: number,
    b: Uint8Array,
    at: number,
    end: number,
    type: number,
  ): boolean {
    // RFC 6980: nor one put together from fragments here.
    if (b[at + ICMPV6.code] !== 0 || batch.fragment[row] !== 0 || batch.fragmentSize[row] !== 0) return false;
    const lane = row * 4, source = batch.source, destination = batch.destination;
    const unspecified = isUnspecified6(source, lane), multicast = isMulticast6(destination[lane]!);
    if (isMulticast6(source[lane]!)) return false;
    let options = at + NEIGHBOUR.options;
    if (type === ICMPV6_ROUTER_SOLICIT) options = at + ROUTER_SOLICITATION.options;
    else if (type === ICMPV6_ROUTER_ADVERT) {
      options = at + ROUTER_ADVERTISEMENT.options;
      if (!isLinkLocal6(source[lane]!)) return false;
    } else if (type === ICMPV6_REDIRECT) options = at + REDIRECT_OPTIONS;
    if (options > end || !this.options.parse(b, options, end)) return false;
    if (type === ICMPV6_ROUTER_SOLICIT) return !(unspecified && this.options.sourceMac !== 0);
    if (type !== ICMPV6_NEIGHBOUR_SOLICIT && type !== ICMPV6_NEIGHBOUR_ADVERT) return true;
    for (let i = 0; i < 4; i++) this.#target[i] = u32(b, at + NEIGHBOUR.target + 4 * i);
    if (isMulticast6(this.#target[0]!)) return false;
    if (type === ICMPV6_NEIGHBOUR_ADVERT) return !(multicast && (b[at + NEIGHBOUR.flags]! & SOLICITED) !== 0);
    if (!unspecified) return true;
    return this.options.sourceMac === 0 && isSolicitedNodeOf(destination, lane, this.#target, 0);
  }

  #solicitation(batch: PacketBatch, row: number, link: Link, b: Uint8Array): void {
    const target = this.#target, lane = row * 4;
    const ours = this.#addresses.find(link.index, 6, target, 0);
    if (ours === undefined) return;
    const unspecified = isUnspecified6(batch.source, lane);
    if (!isUsable(ours)) {
      const own = this.#detection.isOwnNonce(b, this.options.nonce, this.options.nonceLength);
      if (unspecified && !own) this.#detection.duplicate(ours, batch.now, undefined);
      return;
    }
    if (unspecified) {
      this.#reply(batch, link, target, ALL_NODES, 0, 0);
      return;
    }
    if (this.#addresses.isLocal(link.index, 6, batch.source, lane)) return;
    if (this.options.sourceMac !== 0) {
      const n = this.#known(link, batch, lane);
      const flags = UPDATE_WEAK_OVERRIDE | UPDATE_OVERRIDE;
      if (n >= 0) this.#neighbours.update(batch, n, b, this.options.sourceMac, NUD_STALE, flags);
    } else if (
      // A multicast solicitation must bring the address to answer to (4.3); who is known is answered all the same.
      isMulticast6(batch.destination[lane]!) && this.#neighbours.find(link.index, 6, batch.source, lane) < 0
    ) return;
    this.#reply(batch, link, target, batch.source, lane, SOLICITED);
  }

  #advertisement(batch: PacketBatch, link: Link, b: Uint8Array, at: number): void {
    const target = this.#target, mac = this.options.targetMac;
    if (mac !== 0 && sameMac(b, mac, link.mac, 0)) return;
    const ours = this.#addresses.find(link.index, 6, target, 0);
    if (ours !== undefined) {
      const claimed = mac === 0 ? undefined : formatMac(b, mac);
      if (ours.state === "tentative") this.#detection.duplicate(ours, batch.now, claimed);
      else if (isUsable(ours)) {
        this.#counters.conflicts++;
        if (batch.now < this.#reportedAt + REPORT_INTERVAL) return;
        this.#reportedAt = batch.now;
        const { family, words } = prefixOf(ours);
        const address = { family, words };
        const told = claimed === undefined ? {} : { mac: claimed };
        this.#onEvent({ kind: "conflict", interface: link.index, address, ...told });
      }
      return;
    }
    const neighbours = this.#neighbours, n = neighbours.find(link.index, 6, target, 0);
    if (n < 0 || neighbours.stateOf(n) === NUD_FAILED) return;
    const flags = b[at + NEIGHBOUR.flags]!;
    neighbours.update(
      batch,
      n,
      mac === 0 ? undefined : b,
      mac,
      (flags & SOLICITED) !== 0 ? NUD_REACHABLE : NUD_STALE,
      UPDATE_WEAK_OVERRIDE | UPDATE_OVERRIDE_ROUTER | ((flags & OVERRIDE) !== 0 ? UPDATE_OVERRIDE : 0) |
        ((flags & ROUTER) !== 0 ? UPDATE_IS_ROUTER : 0),
    );
  }

  #routerSolicitation(batch: PacketBatch, row: number, link: Link, b: Uint8Array): void {
    if (this.options.sourceMac !== 0) {
      const n = this.#known(link, batch, row * 4);
      const flags = UPDATE_WEAK_OVERRIDE | UPDATE_OVERRIDE | UPDATE_OVERRIDE_ROUTER;
      if (n >= 0) this.#neighbours.update(batch, n, b, this.options.sourceMac, NUD_STALE, flags);
    }
    this.onRouterSolicitation(batch, row, link);
  }

  #routerAdvertisement(batch: PacketBatch, row: number, link: Link, b: Uint8Array): void {
    if (this.#addresses.isLocal(link.index, 6, batch.source, row * 4)) return;
    if (this.options.sourceMac !== 0) {
      const n = this.#known(link, batch, row * 4);
      const flags = UPDATE_WEAK_OVERRIDE | UPDATE_OVERRIDE | UPDATE_OVERRIDE_ROUTER | UPDATE_IS_ROUTER;
      if (n >= 0) this.#neighbours.update(batch, n, b, this.options.sourceMac, NUD_STALE, flags);
    }
    if (!this.onRouterAdvertisement(batch, row, link)) this.#counters.ndIgnored++;
  }

  /** Row of the message's sender, created when new. */
  #known(link: Link, batch: PacketBatch, lane: number): number {
    const n = this.#neighbours.find(link.index, 6, batch.source, lane);
    return n >= 0 ? n : this.#neighbours.create(link.index, 6, batch.source, lane, batch.now, true);
  }

  #reply(
    batch: PacketBatch,
    link: Link,
    target: Uint32Array,
    to: Uint32Array,
    lane: number,
    solicited: number,
  ): void {
    if (!link.mayReply(batch.now)) {
      this.#counters.rateLimited++;
      return;
    }
    const neighbour = this.#neighbours.lookup(link.index, 6, to, lane, batch.now);
    const length = NEIGHBOUR.options + MAC_OPTION_SIZE;
    const row = neighbour < 0
      ? -1
      : openMessage(batch, link.index, target, 0, to, lane, ICMPV6_NEIGHBOUR_ADVERT, length);
    if (row < 0) {
      this.#counters.noRoom++;
      return;
    }
    const b = batch.bytes(row), at = messageAt(batch, row);
    b[at + NEIGHBOUR.flags] = ROUTER | OVERRIDE | solicited;
    for (let i = 0; i < 4; i++) setU32(b, at + NEIGHBOUR.target + 4 * i, target[i]!);
    putMacOption(b, at + NEIGHBOUR.options, OPTION_TARGET_MAC, link.mac);
    closeMessage(batch, row, neighbour);
    this.#counters.ndReplied++;
  }
}

/** Flags of neighbour advertisements, in the first byte of the flags word. */
const ROUTER = 0x80;
const SOLICITED = 0x40;
const OVERRIDE = 0x20;
/** Redirect: target and destination before the options, RFC 4861 4.5. */
const REDIRECT_OPTIONS = 40;
/** Conflicts about addresses in use are reported once in that many milliseconds. */
const REPORT_INTERVAL = 10000;
