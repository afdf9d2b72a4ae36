import type { PacketBatch } from "../../packet/batch.ts";
import type { PacketPool } from "../../packet/pool.ts";
import { ICMPV6_NEIGHBOUR_SOLICIT, NEIGHBOUR } from "../../packet/icmpv6.ts";
import { setU32 } from "../../packet/bytes.ts";
import { ARP_REQUEST } from "../../packet/arp.ts";
import type { Addresses } from "./addresses.ts";
import { makeArp } from "./arp_message.ts";
import type { NeighbourCounters } from "./counters.ts";
import { solicitedNode } from "./groups.ts";
import { closeMessage, messageAt, openMessage } from "./icmpv6_message.ts";
import type { Links } from "./link.ts";
import { MAC_OPTION_SIZE, OPTION_SOURCE_MAC, putMacOption } from "./nd_options.ts";
import type { Solicit } from "./neighbour_options.ts";
import type { Neighbours } from "./neighbours.ts";
import { selectSource } from "./source_address.ts";

/**
 * Asks for link-layer addresses: ARP requests and neighbour solicitations. The source is that of the packet which
 * waits, when it is ours (its receiver then learns the way back: RFC 4861 7.2.2); else one of the interface's.
 */
export class Solicitor {
  readonly #links: Links;
  readonly #addresses: Addresses;
  readonly #pool: PacketPool;
  readonly #counters: NeighbourCounters;
  readonly #source = new Uint32Array(4);
  readonly #group = new Uint32Array(4);
  /** Set once both exist: solicitations find their own way by the cache they fill. */
  neighbours: Neighbours | undefined;

  constructor(links: Links, addresses: Addresses, pool: PacketPool, counters: NeighbourCounters) {
    this.#links = links;
    this.#addresses = addresses;
    this.#pool = pool;
    this.#counters = counters;
  }

  readonly solicit: Solicit = (batch, interfaceIndex, family, words, lane, neighbour, prompt) => {
    const link = this.#links[interfaceIndex], neighbours = this.neighbours;
    if (link === undefined || !link.up || neighbours === undefined) return;
    const source = this.#source;
    const asked = prompt >= 0 && this.#pool.columns.family[prompt] === family &&
      this.#addresses.isLocal(interfaceIndex, family, this.#pool.columns.source, prompt * 4);
    if (asked) {
      for (let i = 0; i < 4; i++) source[i] = this.#pool.columns.source[prompt * 4 + i]!;
    } else if (family === 6) {
      const linkLocal = this.#addresses.linkLocal(interfaceIndex);
      if (linkLocal !== undefined) source.set(linkLocal.words);
      else if (!selectSource(this.#addresses, interfaceIndex, family, words, lane, source)) return;
    } else if (!selectSource(this.#addresses, interfaceIndex, family, words, lane, source)) source.fill(0);
    if (family === 4) {
      const row = neighbour >= 0
        ? makeArp(batch, link, ARP_REQUEST, source[0]!, words[lane]!, neighbours.macs, neighbour * 6)
        : makeArp(batch, link, ARP_REQUEST, source[0]!, words[lane]!, undefined, 0);
      if (row < 0) this.#counters.noRoom++;
      return;
    }
    if (neighbour >= 0) {
      this.#solicitation(batch, interfaceIndex, source, words, lane, words, lane, neighbour);
    } else {
      const group = solicitedNode(words, lane, this.#group);
      const row = neighbours.lookup(interfaceIndex, 6, group, 0, batch.now);
      this.#solicitation(batch, interfaceIndex, source, group, 0, words, lane, row);
    }
  };

  #solicitation(
    batch: PacketBatch,
    interfaceIndex: number,
    source: Uint32Array,
    to: Uint32Array,
    toLane: number,
    target: Uint32Array,
    lane: number,
    neighbour: number,
  ): void {
    const length = NEIGHBOUR.options + MAC_OPTION_SIZE;
    const row = openMessage(batch, interfaceIndex, source, 0, to, toLane, ICMPV6_NEIGHBOUR_SOLICIT, length);
    if (row < 0) {
      this.#counters.noRoom++;
      return;
    }
    const b = batch.bytes(row), at = messageAt(batch, row);
    for (let i = 0; i < 4; i++) setU32(b, at + NEIGHBOUR.target + 4 * i, target[lane + i]!);
    putMacOption(b, at + NEIGHBOUR.options, OPTION_SOURCE_MAC, this.#links[interfaceIndex]!.mac);
    closeMessage(batch, row, neighbour);
  }
}
