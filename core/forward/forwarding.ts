import type { PacketBatch } from "../packet/batch.ts";
import { setU16, u16 } from "../packet/bytes.ts";
import { update16 } from "../packet/checksum.ts";
import { PACKET_HOST, VERDICT_CONTINUE } from "../packet/columns.ts";
import {
  ICMP_TIME_EXCEEDED,
  ICMP_UNREACHABLE,
  UNREACHABLE_ADMIN_PROHIBITED,
  UNREACHABLE_FRAGMENTATION_NEEDED,
  UNREACHABLE_HOST,
  UNREACHABLE_NET,
} from "../packet/icmp.ts";
import {
  ICMPV6_PACKET_TOO_BIG,
  ICMPV6_TIME_EXCEEDED,
  ICMPV6_UNREACHABLE,
  UNREACHABLE6_ADDRESS,
  UNREACHABLE6_NO_ROUTE,
  UNREACHABLE6_PROHIBITED,
  UNREACHABLE6_SCOPE,
} from "../packet/icmpv6.ts";
import { IPV4, IPV4_DONT_FRAGMENT } from "../packet/ipv4.ts";
import { IPV6, isLinkLocal6 } from "../packet/ipv6.ts";
import {
  DROP_MARTIAN_SOURCE,
  DROP_NO_ROUTE,
  DROP_NOT_FORWARDED,
  DROP_PROHIBITED,
  DROP_TOO_BIG,
  DROP_TTL,
  type Drops,
} from "./drops.ts";
import type { Interfaces } from "./interfaces.ts";
import type { IpsecPolicy } from "./ipsec_policy.ts";
import type { Adjacency } from "./neighbour/adjacency.ts";
import type { Rejection } from "./rejection.ts";
import {
  ROUTE_BLACKHOLE,
  ROUTE_BROADCAST,
  ROUTE_LOCAL,
  ROUTE_MULTICAST,
  ROUTE_NONE,
  ROUTE_PROHIBIT,
  ROUTE_UNICAST,
  ROUTE_UNREACHABLE,
  type Routes,
} from "./routes.ts";
import type { RowList } from "./row_list.ts";
import { exceedsMtu } from "./segment.ts";

/**
 * Routing of packets from the wire: to this router (input) or through it (forward), with what the kernel's
 * ip_forward and ip6_forward do before their hook: scope, TTL, path MTU, errors to the sender.
 */
export class Forwarding {
  readonly #parts: ForwardingParts;
  /** Packets that went on to the forward hook. */
  forwarded = 0;

  constructor(parts: ForwardingParts) {
    this.#parts = parts;
  }

  /** Sorts rows of prerouting to `input` or `forward`. */
  route(batch: PacketBatch, list: RowList, input: RowList, forward: RowList): void {
    for (let i = 0; i < list.count; i++) {
      const row = list.rows[i]!;
      if (batch.verdict[row] === VERDICT_CONTINUE) this.#route(batch, row, input, forward);
    }
  }

  #route(batch: PacketBatch, row: number, input: RowList, forward: RowList): void {
    const { routes, drops } = this.#parts;
    const family = batch.family[row]!,
      lane = row * 4,
      to = batch.destination,
      arrival = batch.inInterface[row]!;
    // fib_validate_source: nobody else speaks with our address or a network's broadcast address (RFC 1812 5.3.7)
    if (family === 4 && routes.addressType(4, batch.source, lane) !== ROUTE_NONE) {
      return drops.drop(batch, row, DROP_MARTIAN_SOURCE);
    }
    const kind = routes.lookup(family, to, lane, batch.source, lane, batch.mark[row]!, arrival);
    if (kind === ROUTE_LOCAL || kind === ROUTE_BROADCAST) return input.push(row);
    if (kind === ROUTE_MULTICAST) return this.#group(batch, row, input);
    if (kind === ROUTE_UNICAST) return this.#forward(batch, row, forward);
    this.#refuse(batch, row, kind);
  }

  /** Groups this router listens to; multicast is not routed. All-hosts groups and local control always come in. */
  #group(batch: PacketBatch, row: number, input: RowList): void {
    const { adjacency, drops } = this.#parts;
    const lane = row * 4;
    if (adjacency.isLocalGroup(batch.inInterface[row]!, batch.family[row]!, batch.destination, lane)) {
      input.push(row);
    } else drops.drop(batch, row, DROP_NOT_FORWARDED);
  }

  /** No way: says so to the sender (RFC 1812 5.2.7.1, RFC 4443 3.1), as ip_error and ip6_pkt_discard do. */
  #refuse(batch: PacketBatch, row: number, kind: number): void {
    const { drops, rejection } = this.#parts;
    const six = batch.family[row] === 6,
      silent = kind === ROUTE_BLACKHOLE || batch.packetType[row] !== PACKET_HOST;
    drops.drop(
      batch,
      row,
      kind === ROUTE_PROHIBIT || kind === ROUTE_BLACKHOLE ? DROP_PROHIBITED : DROP_NO_ROUTE,
    );
    if (silent) return;
    const code = kind === ROUTE_PROHIBIT ? PROHIBITED : kind === ROUTE_UNREACHABLE ? HOST : NETWORK;
    rejection.error(batch, row, six ? ICMPV6_UNREACHABLE : ICMP_UNREACHABLE, code[six ? 1 : 0], 0);
  }

  #forward(batch: PacketBatch, row: number, forward: RowList): void {
    const { routes, adjacency, drops, rejection, interfaces, policy } = this.#parts;
    if (!policy.admits("fwd", batch, row)) return;
    const b = batch.bytes(row), at = batch.network[row]!, six = batch.family[row] === 6;
    const linkLocal = six &&
      (isLinkLocal6(batch.source[row * 4]!) || isLinkLocal6(batch.destination[row * 4]!));
    if (batch.packetType[row] !== PACKET_HOST || linkLocal) {
      drops.drop(batch, row, DROP_NOT_FORWARDED);
      // RFC 4443 3.1, ip6_forward: an address of its link alone does not go beyond
      if (six && isLinkLocal6(batch.source[row * 4]!)) {
        rejection.error(batch, row, ICMPV6_UNREACHABLE, UNREACHABLE6_SCOPE, 0);
      }
      return;
    }
    if (b[at + (six ? IPV6.hopLimit : IPV4.ttl)]! <= 1) {
      drops.drop(batch, row, DROP_TTL);
      return rejection.error(batch, row, six ? ICMPV6_TIME_EXCEEDED : ICMP_TIME_EXCEEDED, 0, 0);
    }
    const index = routes.interface, own = interfaces.mtu[index]!;
    const mtu = routes.mtu > 0 && routes.mtu < own ? routes.mtu : own;
    batch.outInterface[row] = index;
    batch.routeMtu[row] = mtu < own ? mtu : 0;
    batch.neighbour[row] = adjacency.lookup(index, routes.gatewayFamily, routes.gateway, 0, batch.now);
    if (!policy.resolve(batch, row)) return;
    if (batch.transform[row] !== 0) {
      if (!policy.fits(batch, row)) return;
    } else if (
      exceedsMtu(batch, row, mtu) && (six || (u16(b, at + IPV4.flagsOffset) & IPV4_DONT_FRAGMENT) !== 0)
    ) {
      drops.drop(batch, row, DROP_TOO_BIG);
      if (six) return rejection.error(batch, row, ICMPV6_PACKET_TOO_BIG, 0, mtu);
      return rejection.error(batch, row, ICMP_UNREACHABLE, UNREACHABLE_FRAGMENTATION_NEEDED, mtu);
    }
    if (six) b[at + IPV6.hopLimit]! -= 1;
    else decrementTtl(b, at);
    this.forwarded++;
    forward.push(row);
  }
}

/** Codes of "unreachable", ICMP and ICMPv6. */
const PROHIBITED = [UNREACHABLE_ADMIN_PROHIBITED, UNREACHABLE6_PROHIBITED] as const;
const HOST = [UNREACHABLE_HOST, UNREACHABLE6_ADDRESS] as const;
const NETWORK = [UNREACHABLE_NET, UNREACHABLE6_NO_ROUTE] as const;

/** TTL and protocol share a word of the header checksum. */
function decrementTtl(b: Uint8Array, at: number): void {
  const before = u16(b, at + IPV4.ttl);
  b[at + IPV4.ttl]! -= 1;
  setU16(b, at + IPV4.checksum, update16(u16(b, at + IPV4.checksum), before, before - 256));
}

export interface ForwardingParts {
  readonly routes: Routes;
  readonly adjacency: Adjacency;
  readonly interfaces: Interfaces;
  readonly policy: IpsecPolicy;
  readonly rejection: Rejection;
  readonly drops: Drops;
}
