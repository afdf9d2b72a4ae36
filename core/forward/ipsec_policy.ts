import { hasPorts } from "../conntrack/quoted.ts";
import { IPS_NAT_MASK } from "../conntrack/status.ts";
import type { Conntrack } from "../conntrack/track.ts";
import type { PacketBatch } from "../packet/batch.ts";
import { u16 } from "../packet/bytes.ts";
import { ENTRY_OUTPUT, TRANSFORMED } from "../packet/columns.ts";
import { ICMP_UNREACHABLE, UNREACHABLE_FRAGMENTATION_NEEDED } from "../packet/icmp.ts";
import { ICMPV6_PACKET_TOO_BIG } from "../packet/icmpv6.ts";
import { IPV4, IPV4_DONT_FRAGMENT, PROTOCOL_UDP } from "../packet/ipv4.ts";
import { IKE_PORT, NAT_TRAVERSAL_PORT } from "../xfrm/encapsulation.ts";
import type { Ipsec } from "../xfrm/ipsec.ts";
import { pathMtu } from "../xfrm/path_mtu.ts";
import { innerMtu, sizeAnswer } from "../xfrm/pmtu.ts";
import { POLICY_CLEAR, POLICY_TRANSFORM } from "../xfrm/policies.ts";
import type { State } from "../xfrm/state.ts";
import { DROP_IPSEC, DROP_TOO_BIG, type Drops } from "./drops.ts";
import type { Interfaces } from "./interfaces.ts";
import type { Rejection } from "./rejection.ts";
import type { Routes } from "./routes.ts";
import { wireLength } from "./segment.ts";

/**
 * What IPsec policies say of packets on their way.
 *
 * Overview    `admits` asks of a packet that came, `resolve` and `fits` of one that was routed. The answer is in the row's
 *             `transform`: the states it will leave through.
 * Limits      ESP itself, the router's own IKE (UDP 500, 4500) and neighbour discovery are not asked for: the kernel's
 *             daemons and protocols make exceptions of their own for them. Without policies each is a comparison or two.
 */
export class IpsecPolicy {
  readonly #parts: IpsecPolicyParts;
  readonly #source = new Uint32Array(4);
  readonly #destination = new Uint32Array(4);

  constructor(parts: IpsecPolicyParts) {
    this.#parts = parts;
  }

  /** Whether a packet that came may go on, in the clear or by the states it came through. */
  admits(direction: "in" | "fwd", batch: PacketBatch, row: number): boolean {
    const { ipsec, drops } = this.#parts;
    if (batch.secpath[row] === 0) {
      if (ipsec.policies.empty(direction)) return true;
      if (direction === "in" && isIke(batch, row, batch.destinationPort)) return true;
    }
    if (this.#allows(direction, batch, row)) return true;
    drops.drop(batch, row, DROP_IPSEC);
    return false;
  }

  /** Policies mean the packet as it came, before translation (nf_nat_decode_session). */
  #allows(direction: "in" | "fwd", batch: PacketBatch, row: number): boolean {
    const { check } = this.#parts.ipsec, { table } = this.#parts.conntrack, flow = batch.flow[row]!;
    const device = batch.inInterface[row]!;
    if (flow < 0 || (table.status[flow]! & IPS_NAT_MASK) === 0) {
      return check.allows(direction, batch, row, device);
    }
    const came = batch.direction[row]!,
      { source, destination, sourcePort, destinationPort } = batch,
      lane = row * 4;
    const sport = sourcePort[row]!, dport = destinationPort[row]!, ports = hasPorts(batch.protocol[row]!);
    for (let i = 0; i < 4; i++) {
      this.#source[i] = source[lane + i]!;
      this.#destination[i] = destination[lane + i]!;
      source[lane + i] = table.sourceWord(flow, came, i);
      destination[lane + i] = table.destinationWord(flow, came, i);
    }
    if (ports) {
      sourcePort[row] = table.sourcePort(flow, came);
      destinationPort[row] = table.destinationPort(flow, came);
    }
    const allowed = check.allows(direction, batch, row, device);
    for (let i = 0; i < 4; i++) {
      source[lane + i] = this.#source[i]!;
      destination[lane + i] = this.#destination[i]!;
    }
    sourcePort[row] = sport;
    destinationPort[row] = dport;
    return allowed;
  }

  /** What policies say of a routed packet: its `transform`. False when it was dropped. */
  resolve(batch: PacketBatch, row: number): boolean {
    const { ipsec, drops } = this.#parts, { policies } = ipsec;
    if (batch.transform[row] === TRANSFORMED) return true;
    batch.transform[row] = 0;
    if (policies.empty("out")) return true;
    if (batch.entry[row] === ENTRY_OUTPUT && isIke(batch, row, batch.sourcePort)) return true;
    const answer = policies.resolve(batch, row, batch.outInterface[row]!);
    if (answer === POLICY_CLEAR) return true;
    if (answer !== POLICY_TRANSFORM) {
      drops.drop(batch, row, DROP_IPSEC);
      return false;
    }
    const { first, second } = policies;
    batch.transform[row] = first!.row + 1 | (second === undefined ? 0 : second.row + 1 << 16);
    return true;
  }

  /** Whether it fits into its states' ESP, or may be cut; if not its sender is told what does. */
  fits(batch: PacketBatch, row: number): boolean {
    const path = batch.transform[row]!;
    if (path === 0 || path === TRANSFORMED) return true;
    const { drops, rejection } = this.#parts, six = batch.family[row] === 6;
    const flags = six ? IPV4_DONT_FRAGMENT : u16(batch.bytes(row), batch.network[row]! + IPV4.flagsOffset);
    const told = sizeAnswer(
      batch.family[row]!,
      wireLength(batch, row),
      (flags & IPV4_DONT_FRAGMENT) !== 0,
      this.mtu(batch, row),
    );
    if (told <= 0) return true;
    drops.drop(batch, row, DROP_TOO_BIG);
    if (six) rejection.error(batch, row, ICMPV6_PACKET_TOO_BIG, 0, told);
    else rejection.error(batch, row, ICMP_UNREACHABLE, UNREACHABLE_FRAGMENTATION_NEEDED, told);
    return false;
  }

  /** Largest packet that fits into the ESP of a row's states on their ways. */
  mtu(batch: PacketBatch, row: number): number {
    const { ipsec } = this.#parts, path = batch.transform[row]!;
    const first = ipsec.stateAt(path, 0)!, second = ipsec.stateAt(path, 1);
    if (second === undefined) return innerMtu(first, this.#wayMtu(batch, first));
    const between = innerMtu(second, this.#wayMtu(batch, second));
    return innerMtu(first, pathMtu(first, between, batch.now));
  }

  #wayMtu(batch: PacketBatch, state: State): number {
    const { routes, interfaces } = this.#parts, { family, destination, source } = state;
    routes.lookup(family, destination, 0, source, 0, 0, 0);
    const own = interfaces.mtu[routes.interface]! || DEFAULT_MTU;
    return pathMtu(state, routes.mtu > 0 && routes.mtu < own ? routes.mtu : own, batch.now);
  }
}

export interface IpsecPolicyParts {
  readonly ipsec: Ipsec;
  readonly conntrack: Conntrack;
  readonly routes: Routes;
  readonly interfaces: Interfaces;
  readonly rejection: Rejection;
  readonly drops: Drops;
}

/** Key exchange makes the states that policies ask for: it goes without (RFC 7296 2, IP_XFRM_POLICY of its sockets). */
const isIke = (batch: PacketBatch, row: number, port: Uint16Array): boolean =>
  batch.protocol[row] === PROTOCOL_UDP && (port[row] === IKE_PORT || port[row] === NAT_TRAVERSAL_PORT);

/** Where there is no route to a state's other end. */
const DEFAULT_MTU = 1500;
