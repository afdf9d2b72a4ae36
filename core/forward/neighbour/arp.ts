import { ARP, ARP_REPLY, ARP_REQUEST, arpFits } from "../../packet/arp.ts";
import { formatMac } from "../../packet/address.ts";
import type { PacketBatch } from "../../packet/batch.ts";
import { u16, u32 } from "../../packet/bytes.ts";
import { PACKET_HOST, PACKET_OTHERHOST, VERDICT_DROP, VERDICT_STOLEN } from "../../packet/columns.ts";
import { ETHERTYPE_IPV4, isGroup, sameMac } from "../../packet/ethernet.ts";
import { isLoopback4, isMulticast4 } from "../../packet/ipv4.ts";
import type { Addresses } from "./addresses.ts";
import { makeArp } from "./arp_message.ts";
import type { NeighbourCounters } from "./counters.ts";
import type { OnEvent } from "./events.ts";
import type { Link, Links } from "./link.ts";
import { ARP_LOCK_TIME, NUD_REACHABLE, NUD_STALE, UPDATE_OVERRIDE } from "./neighbour_state.ts";
import type { Neighbours } from "./neighbours.ts";

/**
 * Address resolution for IPv4, RFC 826, after the kernel's arp_process with arp_ignore 1 and arp_accept 0.
 *
 * Overview    requests for an address of the interface they came in by are answered and their sender is learned;
 *             everything else only refreshes neighbours already known. Own addresses are announced when the link
 *             comes up (RFC 5227 2.3: twice, two seconds apart). A sender that uses one of ours is reported and
 *             answered by one announcement in ten seconds (RFC 5227 2.4: a router never gives its address up).
 * Limits      replies are limited by the link; announcements pending are at most two an address.
 */
export class Arp {
  readonly #links: Links;
  readonly #addresses: Addresses;
  readonly #neighbours: Neighbours;
  readonly #counters: NeighbourCounters;
  readonly #onEvent: OnEvent;
  readonly #sender = new Uint32Array(4);
  readonly #target = new Uint32Array(4);
  readonly #announcements: { interface: number; word: number; left: number; at: number }[] = [];
  readonly #defended: { interface: number; word: number; at: number }[] = [];

  constructor(
    links: Links,
    addresses: Addresses,
    neighbours: Neighbours,
    counters: NeighbourCounters,
    onEvent: OnEvent,
  ) {
    this.#links = links;
    this.#addresses = addresses;
    this.#neighbours = neighbours;
    this.#counters = counters;
    this.#onEvent = onEvent;
  }

  /** Takes an ARP frame that came in by `inInterface`; verdict STOLEN, or DROP when it is malformed. */
  input(batch: PacketBatch, row: number): void {
    const counters = this.#counters;
    counters.arpReceived++;
    batch.verdict[row] = VERDICT_STOLEN;
    const link = this.#links[batch.inInterface[row]!];
    const b = batch.bytes(row), at = batch.network[row]!;
    if (link === undefined || !link.up || batch.packetType[row] === PACKET_OTHERHOST) return;
    if (!arpFits(at, batch.end[row]!) || !isArp(b, at)) {
      counters.arpMalformed++;
      batch.verdict[row] = VERDICT_DROP;
      return;
    }
    // A frame of our own that a loop brought back says nothing.
    if (sameMac(b, at + ARP.senderMac, link.mac, 0)) return;
    const sender = u32(b, at + ARP.senderAddress), target = u32(b, at + ARP.targetAddress);
    const request = u16(b, at + ARP.operation) === ARP_REQUEST;
    this.#sender[0] = sender;
    this.#target[0] = target;
    const ours = this.#addresses.isLocal(link.index, 4, this.#target, 0);
    if (sender === 0) {
      // An address probe (RFC 5227 2.1.1): answered so that the prober keeps off, but nothing is learned.
      if (request && ours) this.#reply(batch, link, target, b, at);
      return;
    }
    if (this.#addresses.isLocal(link.index, 4, this.#sender, 0)) {
      this.#conflict(batch, link, sender, b, at);
      return;
    }
    if (isMulticast4(sender) || isLoopback4(sender) || this.#addresses.isBroadcast(link.index, sender)) {
      counters.arpMalformed++;
      return;
    }
    if (request && ours) this.#request(batch, link, target, b, at);
    else this.#refresh(batch, row, link, request, sender === target, b, at);
  }

  /** Announces an address of the link that has just come up or been added. */
  announce(interfaceIndex: number, word: number, now: number): void {
    if (this.#announcements.some((a) => a.interface === interfaceIndex && a.word === word)) return;
    this.#announcements.push({ interface: interfaceIndex, word, left: ANNOUNCE_NUM, at: now });
  }

  get due(): number {
    let due = Infinity;
    for (let i = 0; i < this.#announcements.length; i++) due = Math.min(due, this.#announcements[i]!.at);
    return due;
  }

  tick(batch: PacketBatch, now: number): void {
    const pending = this.#announcements;
    for (let i = pending.length - 1; i >= 0; i--) {
      const announcement = pending[i]!;
      if (now < announcement.at) continue;
      const link = this.#links[announcement.interface];
      this.#target[0] = announcement.word;
      if (
        link === undefined || !link.up || !this.#addresses.isLocal(announcement.interface, 4, this.#target, 0)
      ) {
        pending.splice(i, 1);
        continue;
      }
      this.#send(batch, link, ARP_REQUEST, announcement.word, announcement.word, undefined, 0);
      announcement.at = now + ANNOUNCE_INTERVAL;
      if (--announcement.left === 0) pending.splice(i, 1);
    }
  }

  #request(batch: PacketBatch, link: Link, target: number, b: Uint8Array, at: number): void {
    const neighbours = this.#neighbours;
    let n = neighbours.find(link.index, 4, this.#sender, 0);
    if (n < 0) n = neighbours.create(link.index, 4, this.#sender, 0, batch.now, true);
    if (n >= 0) neighbours.update(batch, n, b, at + ARP.senderMac, NUD_STALE, UPDATE_OVERRIDE);
    this.#reply(batch, link, target, b, at);
  }

  /** What is not asked of us updates what is known; broadcast and requests prove nothing of the way there. */
  #refresh(
    batch: PacketBatch,
    row: number,
    link: Link,
    request: boolean,
    ownTarget: boolean,
    b: Uint8Array,
    at: number,
  ): void {
    const n = this.#neighbours.find(link.index, 4, this.#sender, 0);
    if (n < 0) return;
    const gratuitous = ownTarget && (request || sameMac(b, at + ARP.targetMac, b, at + ARP.senderMac));
    const override = gratuitous || batch.now > this.#neighbours.updatedAt(n) + ARP_LOCK_TIME;
    const proof = !request && batch.packetType[row] === PACKET_HOST;
    this.#neighbours.update(
      batch,
      n,
      b,
      at + ARP.senderMac,
      proof ? NUD_REACHABLE : NUD_STALE,
      override ? UPDATE_OVERRIDE : 0,
    );
  }

  #reply(batch: PacketBatch, link: Link, address: number, b: Uint8Array, at: number): void {
    if (!link.mayReply(batch.now)) {
      this.#counters.rateLimited++;
      return;
    }
    const to = u32(b, at + ARP.senderAddress);
    if (this.#send(batch, link, ARP_REPLY, address, to, b, at + ARP.senderMac)) this.#counters.arpReplied++;
  }

  #conflict(batch: PacketBatch, link: Link, word: number, b: Uint8Array, at: number): void {
    this.#counters.conflicts++;
    const now = batch.now, known = this.#defended.find((d) => d.interface === link.index && d.word === word);
    if (known !== undefined && now < known.at + DEFEND_INTERVAL) return;
    if (known !== undefined) known.at = now;
    else this.#defended.push({ interface: link.index, word, at: now });
    this.#send(batch, link, ARP_REQUEST, word, word, undefined, 0);
    this.#onEvent({
      kind: "conflict",
      interface: link.index,
      address: { family: 4, words: [word, 0, 0, 0] },
      mac: formatMac(b, at + ARP.senderMac),
    });
  }

  #send(
    batch: PacketBatch,
    link: Link,
    operation: number,
    sender: number,
    target: number,
    mac: Uint8Array | undefined,
    macAt: number,
  ): boolean {
    const row = makeArp(batch, link, operation, sender, target, mac, macAt);
    if (row < 0) this.#counters.noRoom++;
    return row >= 0;
  }
}

/** Ethernet or IEEE 802 hardware, IPv4, request or reply, from a station. */
function isArp(b: Uint8Array, at: number): boolean {
  const hardware = u16(b, at + ARP.hardwareType), operation = u16(b, at + ARP.operation);
  const target = u32(b, at + ARP.targetAddress);
  return (hardware === 1 || hardware === 6) && u16(b, at + ARP.protocolType) === ETHERTYPE_IPV4 &&
    b[at + ARP.hardwareLength] === 6 && b[at + ARP.protocolLength] === 4 &&
    (operation === ARP_REQUEST || operation === ARP_REPLY) && !isGroup(b, at + ARP.senderMac) &&
    !isMulticast4(target) && !isLoopback4(target);
}

/** RFC 5227 section 1.1; milliseconds. */
const ANNOUNCE_NUM = 2;
const ANNOUNCE_INTERVAL = 2000;
const DEFEND_INTERVAL = 10000;
