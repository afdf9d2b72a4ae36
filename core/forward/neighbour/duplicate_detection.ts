import type { PacketBatch } from "../../packet/batch.ts";
import { setU32 } from "../../packet/bytes.ts";
import { ICMPV6_NEIGHBOUR_SOLICIT, NEIGHBOUR } from "../../packet/icmpv6.ts";
import { below, type Random } from "../../random.ts";
import { type Addresses, type InterfaceAddress, prefixOf } from "./addresses.ts";
import type { NeighbourCounters } from "./counters.ts";
import type { OnEvent } from "./events.ts";
import { solicitedNode, UNSPECIFIED } from "./groups.ts";
import { closeMessage, messageAt, openMessage } from "./icmpv6_message.ts";
import type { Links } from "./link.ts";
import { OPTION_NONCE } from "./nd_options.ts";
import type { Neighbours } from "./neighbours.ts";

/**
 * Duplicate address detection, RFC 4862 5.4 with the nonce of RFC 7527.
 *
 * Overview    an address waits up to a second (so that hosts starting together do not speak at once), is asked for
 *             `transmits` times a retransmit time apart, and becomes preferred when nobody answered.
 * Life-cycle  begin when the link comes up or the address is added; `duplicate` when another node answers for it
 *             or asks for it as well; both end the waiting.
 * Limits      an address found duplicated stays so until its link goes down and up.
 */
export class DuplicateAddressDetection {
  readonly #options: DuplicateDetectionOptions;
  readonly #addresses: Addresses;
  readonly #links: Links;
  readonly #neighbours: Neighbours;
  readonly #counters: NeighbourCounters;
  readonly #onEvent: OnEvent;
  readonly #group = new Uint32Array(4);
  /** Of all solicitations sent since the start: one is enough to know a frame that came back. */
  readonly #nonce = new Uint8Array(6);
  #due = Infinity;
  /** Told when an address has become usable. */
  onPreferred: (address: InterfaceAddress, now: number) => void = () => {};
  /** Told when an address has been found in use elsewhere. */
  onDuplicated: (address: InterfaceAddress, now: number) => void = () => {};

  constructor(
    options: DuplicateDetectionOptions,
    links: Links,
    addresses: Addresses,
    neighbours: Neighbours,
    counters: NeighbourCounters,
    onEvent: OnEvent,
  ) {
    this.#options = options;
    this.#links = links;
    this.#addresses = addresses;
    this.#neighbours = neighbours;
    this.#counters = counters;
    this.#onEvent = onEvent;
    for (let i = 0; i < 6; i++) this.#nonce[i] = options.random.u32();
  }

  get due(): number {
    return this.#due;
  }

  /** Starts (again) with an IPv6 address whose link is up. */
  begin(address: InterfaceAddress, now: number): void {
    const known = address.state === "tentative";
    address.state = "tentative";
    address.solicitationsLeft = this.#options.transmits;
    address.detectAt = now + below(this.#options.random, this.#options.delay);
    this.#due = Math.min(this.#due, address.detectAt);
    this.#addresses.reindex();
    if (!known) this.#announce(address);
  }

  tick(batch: PacketBatch, now: number): void {
    if (now < this.#due) return;
    this.#due = Infinity;
    // A copy: `onPreferred` may add addresses.
    for (const address of [...this.#addresses.all()]) {
      if (address.detectAt <= now) this.#step(batch, address, now);
      this.#due = Math.min(this.#due, address.detectAt);
    }
  }

  /** Whether a nonce option's bytes are ours: our own solicitation came back. */
  isOwnNonce(b: Uint8Array, at: number, length: number): boolean {
    if (length !== 6) return false;
    for (let i = 0; i < 6; i++) if (b[at + i] !== this.#nonce[i]) return false;
    return true;
  }

  /** Another node has, or wants, this tentative address. */
  duplicate(address: InterfaceAddress, now: number, mac: string | undefined): void {
    if (address.state !== "tentative") return;
    address.state = "duplicated";
    address.detectAt = Infinity;
    this.#counters.conflicts++;
    this.#addresses.reindex();
    this.#announce(address);
    const { family, words } = prefixOf(address);
    this.#onEvent({
      kind: "conflict",
      interface: address.interface,
      address: { family, words },
      ...(mac === undefined ? {} : { mac }),
    });
    this.onDuplicated(address, now);
  }

  #step(batch: PacketBatch, address: InterfaceAddress, now: number): void {
    const link = this.#links[address.interface];
    if (link === undefined || !link.up || address.state !== "tentative") {
      address.detectAt = Infinity;
    } else if (address.solicitationsLeft > 0) {
      address.solicitationsLeft--;
      address.detectAt = now + link.retransmit;
      this.#solicit(batch, address);
    } else {
      address.detectAt = Infinity;
      address.state = now < address.preferredUntil ? "preferred" : "deprecated";
      this.#addresses.reindex();
      this.#announce(address);
      this.onPreferred(address, now);
    }
  }

  #solicit(batch: PacketBatch, address: InterfaceAddress): void {
    const group = solicitedNode(address.words, 0, this.#group);
    const length = NEIGHBOUR.options + 8;
    const row = openMessage(
      batch,
      address.interface,
      UNSPECIFIED,
      0,
      group,
      0,
      ICMPV6_NEIGHBOUR_SOLICIT,
      length,
    );
    if (row < 0) {
      this.#counters.noRoom++;
      return;
    }
    const b = batch.bytes(row), at = messageAt(batch, row);
    for (let i = 0; i < 4; i++) setU32(b, at + NEIGHBOUR.target + 4 * i, address.words[i]!);
    b[at + NEIGHBOUR.options] = OPTION_NONCE;
    b[at + NEIGHBOUR.options + 1] = 1;
    b.set(this.#nonce, at + NEIGHBOUR.options + 2);
    closeMessage(batch, row, this.#neighbours.lookup(address.interface, 6, group, 0, batch.now));
  }

  #announce(address: InterfaceAddress): void {
    this.#onEvent({
      kind: "address",
      interface: address.interface,
      address: prefixOf(address),
      origin: address.origin,
      state: address.state,
    });
  }
}

export interface DuplicateDetectionOptions {
  readonly random: Random;
  /** DupAddrDetectTransmits; 0: addresses are used without asking. */
  readonly transmits: number;
  /** Longest wait before the first solicitation, milliseconds (MAX_RTR_SOLICITATION_DELAY: 1000). */
  readonly delay: number;
}
