import type { PacketBatch } from "../packet/batch.ts";
import { u16 } from "../packet/bytes.ts";
import { NO_PORT, VERDICT_CONTINUE } from "../packet/columns.ts";
import { ICMP_UNREACHABLE, UNREACHABLE_FRAGMENTATION_NEEDED } from "../packet/icmp.ts";
import {
  ICMPV6_MLD2_REPORT,
  ICMPV6_MLD_DONE,
  ICMPV6_PACKET_TOO_BIG,
  ICMPV6_REDIRECT,
  ICMPV6_ROUTER_SOLICIT,
} from "../packet/icmpv6.ts";
import { ICMPV6_MLD_QUERY } from "../packet/icmpv6.ts";
import { IPV4, IPV4_DONT_FRAGMENT, PROTOCOL_ICMPV6 } from "../packet/ipv4.ts";
import { PARSE_OK, parseIp } from "../packet/parse.ts";
import { DROP_FRAGMENT, DROP_NO_ROUTE, DROP_NOT_FORWARDED, DROP_TOO_BIG, type Drops } from "./drops.ts";
import type { Fragmenter } from "./fragments/fragmenter.ts";
import type { Interfaces } from "./interfaces.ts";
import type { IpsecPolicy } from "./ipsec_policy.ts";
import { parseDrop } from "./link_input.ts";
import type { Adjacency } from "./neighbour/adjacency.ts";
import type { Rejection } from "./rejection.ts";
import { ROUTE_BROADCAST, ROUTE_LOCAL, ROUTE_MULTICAST, ROUTE_UNICAST, type Routes } from "./routes.ts";
import type { RowList } from "./row_list.ts";
import { exceedsMtu } from "./segment.ts";
import { stripLink, type Transmitter } from "./transmit.ts";

/**
 * Packets that begin here: read from a local port, or made by a room. They are routed before the output hook and
 * again after it when a rule changed mark or destination (ip_route_me_harder).
 */
export class Output {
  readonly #parts: OutputParts;
  /** Mark and destination before the hook, by row. */
  readonly #mark: Uint32Array;
  readonly #destination: Uint32Array;

  constructor(parts: OutputParts, capacity: number) {
    this.#parts = parts;
    this.#mark = new Uint32Array(capacity);
    this.#destination = new Uint32Array(capacity * 4);
  }

  /** Routes rows that do not know their interface and next hop yet. */
  route(batch: PacketBatch, list: RowList): void {
    for (let i = 0; i < list.count; i++) {
      const row = list.rows[i]!, lane = row * 4;
      if (batch.verdict[row] !== VERDICT_CONTINUE || !this.#acceptable(batch, row)) continue;
      this.#mark[row] = batch.mark[row]!;
      for (let w = 0; w < 4; w++) this.#destination[lane + w] = batch.destination[lane + w]!;
      // solicitations, advertisements and reports know their way
      if (batch.outInterface[row] !== 0 && batch.neighbour[row]! >= 0) continue;
      this.#route(batch, row);
      this.#secure(batch, row);
    }
  }

  reroute(batch: PacketBatch, list: RowList): void {
    for (let i = 0; i < list.count; i++) {
      const row = list.rows[i]!, lane = row * 4, was = this.#destination, is = batch.destination;
      if (batch.verdict[row] !== VERDICT_CONTINUE) continue;
      const same = this.#mark[row] === batch.mark[row] && was[lane] === is[lane] &&
        was[lane + 1] === is[lane + 1] && was[lane + 2] === is[lane + 2] && was[lane + 3] === is[lane + 3];
      if (!same) {
        batch.outInterface[row] = 0;
        this.#route(batch, row);
        this.#secure(batch, row);
      }
      if (batch.outInterface[row] === 0 && batch.verdict[row] === VERDICT_CONTINUE) this.#home(batch, row);
    }
  }

  /** Policies of IPsec, and whether it fits into what they ask for. */
  #secure(batch: PacketBatch, row: number): void {
    const { policy } = this.#parts;
    if (batch.verdict[row] !== VERDICT_CONTINUE || batch.outInterface[row] === 0) return;
    if (policy.resolve(batch, row)) policy.fits(batch, row);
  }

  /** What is for an own address: errors and resets about a packet of the host go back to it, by its local device. */
  #home(batch: PacketBatch, row: number): void {
    const { routes, interfaces, transmitter, drops } = this.#parts, lane = row * 4;
    const { source, destination, mark } = batch;
    const kind = routes.lookup(batch.family[row]!, destination, lane, source, lane, mark[row]!, 0);
    const local = kind === ROUTE_LOCAL ? interfaces.local[routes.interface]! : NO_PORT;
    if (local === NO_PORT || batch.inPort[row] !== NO_PORT) return drops.drop(batch, row, DROP_NO_ROUTE);
    stripLink(batch, row);
    transmitter.send(batch, row, local);
  }

  /** A packet of the host's stack: parsed, and not one of those that this router sends for itself. */
  #acceptable(batch: PacketBatch, row: number): boolean {
    if (batch.inPort[row] === NO_PORT) return true;
    const { drops } = this.#parts;
    batch.network[row] = batch.start[row]!;
    const parsed = parseIp(batch, row);
    if (parsed !== PARSE_OK) drops.drop(batch, row, parseDrop(parsed));
    else {
      batch.etherType[row] = batch.family[row] === 4 ? 0x0800 : 0x86dd;
      if (isNeighbourMessage(batch, row)) drops.drop(batch, row, DROP_NOT_FORWARDED);
    }
    return batch.verdict[row] === VERDICT_CONTINUE;
  }

  #route(batch: PacketBatch, row: number): void {
    const { routes, adjacency, interfaces, drops } = this.#parts;
    const lane = row * 4, family = batch.family[row]!;
    const bound = batch.outInterface[row]! || interfaces.byLocalPort[batch.inPort[row]!]!;
    const kind = routes.lookup(
      family,
      batch.destination,
      lane,
      batch.source,
      lane,
      batch.mark[row]!,
      0,
      bound,
    );
    if (kind === ROUTE_LOCAL) {
      // An error about a packet whose source was translated goes to our own address: nf_nat_icmp_reply_translation
      // in the output hook turns it towards the sender, and it is routed again. What stays ours goes home.
      batch.outInterface[row] = 0;
      batch.neighbour[row] = -1;
      return;
    }
    if (kind !== ROUTE_UNICAST && kind !== ROUTE_MULTICAST && kind !== ROUTE_BROADCAST) {
      return drops.drop(batch, row, DROP_NO_ROUTE);
    }
    batch.outInterface[row] = batch.outInterface[row]! || routes.interface;
    batch.routeMtu[row] = routes.mtu < interfaces.mtu[batch.outInterface[row]!]! ? routes.mtu : 0;
    batch.neighbour[row] = adjacency.lookup(
      batch.outInterface[row]!,
      routes.gatewayFamily,
      routes.gateway,
      0,
      batch.now,
    );
  }

  /**
   * After postrouting: whether the packet goes out whole. A larger IPv4 packet that may be cut becomes fragments
   * (appended rows); any other is answered with an error.
   */
  fits(batch: PacketBatch, row: number): boolean {
    const { interfaces, fragmenter, rejection, drops } = this.#parts;
    const mtu = batch.routeMtu[row]! || interfaces.mtu[batch.outInterface[row]!]!;
    const size = batch.fragmentSize[row]!;
    if (!exceedsMtu(batch, row, mtu) && (size === 0 || batch.end[row]! - batch.network[row]! <= size)) {
      return true;
    }
    const made = fragmenter.fragment(batch, row, mtu);
    if (made >= 0) {
      if (made === 0) drops.drop(batch, row, DROP_FRAGMENT);
      return false;
    }
    drops.drop(batch, row, DROP_TOO_BIG);
    const b = batch.bytes(row), at = batch.network[row]!;
    if (batch.family[row] === 6) rejection.error(batch, row, ICMPV6_PACKET_TOO_BIG, 0, mtu);
    else if ((u16(b, at + IPV4.flagsOffset) & IPV4_DONT_FRAGMENT) !== 0) {
      rejection.error(batch, row, ICMP_UNREACHABLE, UNREACHABLE_FRAGMENTATION_NEEDED, mtu);
    }
    return false;
  }
}

/** Neighbour discovery and multicast listener messages of the host's stack end here: this router speaks for it. */
function isNeighbourMessage(batch: PacketBatch, row: number): boolean {
  if (batch.family[row] !== 6 || batch.protocol[row] !== PROTOCOL_ICMPV6) return false;
  const type = batch.destinationPort[row]! >>> 8;
  return (type >= ICMPV6_ROUTER_SOLICIT && type <= ICMPV6_REDIRECT) ||
    (type >= ICMPV6_MLD_QUERY && type <= ICMPV6_MLD_DONE) || type === ICMPV6_MLD2_REPORT;
}

export interface OutputParts {
  readonly routes: Routes;
  readonly adjacency: Adjacency;
  readonly interfaces: Interfaces;
  readonly transmitter: Transmitter;
  readonly fragmenter: Fragmenter;
  readonly policy: IpsecPolicy;
  readonly rejection: Rejection;
  readonly drops: Drops;
}
