import type { Conntrack } from "../conntrack/track.ts";
import { hasPorts } from "../conntrack/quoted.ts";
import { IPS_NAT_MASK } from "../conntrack/status.ts";
import type { PacketBatch } from "../packet/batch.ts";
import { u16, u32 } from "../packet/bytes.ts";
import {
  SEGMENT_NONE,
  TRANSFORMED,
  VERDICT_CONTINUE,
  VERDICT_DROP,
  VERDICT_STOLEN,
} from "../packet/columns.ts";
import { ICMP_UNREACHABLE, UNREACHABLE_FRAGMENTATION_NEEDED } from "../packet/icmp.ts";
import { ICMPV6_PACKET_TOO_BIG } from "../packet/icmpv6.ts";
import {
  IPV4,
  IPV4_DONT_FRAGMENT,
  PROTOCOL_ESP,
  PROTOCOL_ICMP,
  PROTOCOL_ICMPV6,
  PROTOCOL_UDP,
} from "../packet/ipv4.ts";
import { UDP } from "../packet/udp.ts";
import {
  encapsulated,
  ENCAPSULATED_ESP,
  ENCAPSULATED_KEEPALIVE,
  IKE_PORT,
  NAT_TRAVERSAL_PORT,
} from "../xfrm/encapsulation.ts";
import type { Ipsec } from "../xfrm/ipsec.ts";
import { learnPathMtu, pathMtu } from "../xfrm/path_mtu.ts";
import { innerMtu, sizeAnswer } from "../xfrm/pmtu.ts";
import { POLICY_CLEAR, POLICY_TRANSFORM } from "../xfrm/policies.ts";
import type { State } from "../xfrm/state.ts";
import { DROP_BACK_PRESSURE, DROP_IPSEC, DROP_TOO_BIG, type Drops } from "./drops.ts";
import type { Interfaces } from "./interfaces.ts";
import type { Rejection } from "./rejection.ts";
import type { Routes } from "./routes.ts";
import { segment, wireLength } from "./segment.ts";

/**
 * Where IPsec meets the way of a packet.
 *
 *   forwarded: admits(fwd) -> resolve, fits -> forward hook -> postrouting -> leave -> ESP: output hook, postrouting, wire
 *   own:       route -> resolve, fits -> output hook -> postrouting -> leave -> the same
 *   for us:    input hook -> receive (ESP) -> prerouting once more, with its secpath
 *                         -> admits(in) -> local port
 *
 * Overview    policies are asked before the hooks that may match `ipsec out`, and again behind postrouting where NAT
 *             changed the packet (nf_xfrm_me_harder). ESP itself, IKE (UDP 500, 4500) and neighbour discovery are
 *             not asked for: the kernel's daemons and protocols make exceptions of their own for them.
 * Limits      without states and policies each of these is a comparison or two.
 */
export class IpsecHooks {
  readonly #parts: IpsecHookParts;
  /** Monotonic milliseconds until which super-packets are counted on. */
  #superPackets = 0;
  readonly #source = new Uint32Array(4);
  readonly #destination = new Uint32Array(4);

  constructor(parts: IpsecHookParts) {
    this.#parts = parts;
  }

  /** Whether a packet that came may go on, in the clear or by the states it came through. */
  admits(direction: "in" | "fwd", batch: PacketBatch, row: number): boolean {
    const { ipsec, drops } = this.#parts;
    if (
      batch.secpath[row] === 0 &&
      (ipsec.policies.empty(direction) || isIke(batch, row, batch.destinationPort))
    ) {
      return true;
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
    if (policies.empty("out") || isIke(batch, row, batch.sourcePort)) return true;
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

  /** Behind postrouting: true where the packet goes on as it is; else its states have taken it, or it was dropped. */
  leave(batch: PacketBatch, row: number): boolean {
    const { ipsec, conntrack } = this.#parts, flow = batch.flow[row]!;
    if (batch.transform[row] === 0 && ipsec.policies.empty("out")) return true;
    if (flow >= 0 && (conntrack.table.status[flow]! & IPS_NAT_MASK) !== 0 && !this.resolve(batch, row)) {
      return false;
    }
    const path = batch.transform[row]!;
    if (path === 0 || path === TRANSFORMED) return true;
    if (ipsec.stateAt(path, 0) === undefined) this.#parts.drops.drop(batch, row, DROP_IPSEC);
    else if (batch.segmentType[row] === SEGMENT_NONE) this.#encrypt(batch, row);
    else this.#pieces(batch, row, true);
    return false;
  }

  #encrypt(batch: PacketBatch, row: number): void {
    this.#parts.ipsec.output(batch, row);
    if (batch.verdict[row] === VERDICT_DROP) this.#parts.drops.count(DROP_IPSEC);
  }

  /** ESP for this router: true where the row was taken, whatever became of it. */
  receive(batch: PacketBatch, row: number): boolean {
    const { ipsec } = this.#parts, { states } = ipsec, protocol = batch.protocol[row]!;
    if (states.count === 0) return false;
    if (protocol === PROTOCOL_ICMP || protocol === PROTOCOL_ICMPV6) learnPathMtu(batch, row, states);
    if (protocol === PROTOCOL_UDP) {
      const kind = this.#encapsulated(batch, row);
      if (kind === ENCAPSULATED_KEEPALIVE) batch.verdict[row] = VERDICT_STOLEN;
      if (kind !== ENCAPSULATED_ESP) return kind === ENCAPSULATED_KEEPALIVE;
    } else if (protocol !== PROTOCOL_ESP) return false;
    if (batch.segmentType[row] === SEGMENT_NONE) this.#decrypt(batch, row);
    else this.#pieces(batch, row, false);
    return true;
  }

  #decrypt(batch: PacketBatch, row: number): void {
    const { ipsec, drops } = this.#parts;
    if (!ipsec.esp!.input(batch, row)) drops.count(DROP_IPSEC);
  }

  /** What a datagram holds: on port 4500 whatever stands there, on another only ESP of a state there is. */
  #encapsulated(batch: PacketBatch, row: number): number {
    const b = batch.bytes(row), at = batch.transport[row]!, end = batch.end[row]!;
    if (at === 0 || at + UDP.size > end) return 0;
    const kind = encapsulated(b, at, end);
    if (batch.destinationPort[row] === NAT_TRAVERSAL_PORT) return kind;
    if (kind !== ENCAPSULATED_ESP) return 0;
    const { states } = this.#parts.ipsec, { destination, mark } = batch;
    const state = states.lookup(u32(b, at + UDP.size), batch.family[row]!, destination, row * 4, mark[row]!);
    return state?.options.encapsulation === undefined ? 0 : kind;
  }

  /** Cuts a super-packet, takes its pieces through ESP and off the batch again: they go on as others. */
  #pieces(batch: PacketBatch, row: number, out: boolean): void {
    const first = batch.count;
    this.#superPackets = batch.now + COUNTED_ON;
    if (segment(batch, row) < 0) this.#parts.drops.drop(batch, row, DROP_BACK_PRESSURE);
    for (let piece = first; piece < batch.count; piece++) {
      if (batch.verdict[piece] !== VERDICT_CONTINUE) continue;
      if (out) this.#encrypt(batch, piece);
      else this.#decrypt(batch, piece);
    }
    batch.truncate(first);
  }

  /** Rows to receive at once: a super-packet becomes dozens, and what ESP takes at a time is bounded. */
  burst(now: number, most: number): number {
    return now < this.#superPackets ? Math.min(most, SUPER_PACKETS) : most;
  }
}

export interface IpsecHookParts {
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
/** Super-packets of up to 64 KB that 512 packets a state and direction have room for. */
const SUPER_PACKETS = 8;
/** Milliseconds. */
const COUNTED_ON = 1000;
