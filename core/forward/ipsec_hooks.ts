import { IPS_NAT_MASK } from "../conntrack/status.ts";
import type { Conntrack } from "../conntrack/track.ts";
import type { PacketBatch } from "../packet/batch.ts";
import { u32 } from "../packet/bytes.ts";
import {
  SEGMENT_NONE,
  TRANSFORMED,
  VERDICT_CONTINUE,
  VERDICT_DROP,
  VERDICT_STOLEN,
} from "../packet/columns.ts";
import { PROTOCOL_ESP, PROTOCOL_ICMP, PROTOCOL_ICMPV6, PROTOCOL_UDP } from "../packet/ipv4.ts";
import { UDP } from "../packet/udp.ts";
import {
  encapsulated,
  ENCAPSULATED_ESP,
  ENCAPSULATED_KEEPALIVE,
  NAT_TRAVERSAL_PORT,
} from "../xfrm/encapsulation.ts";
import type { Ipsec } from "../xfrm/ipsec.ts";
import { learnPathMtu } from "../xfrm/path_mtu.ts";
import { DROP_BACK_PRESSURE, DROP_IPSEC, type Drops } from "./drops.ts";
import type { IpsecPolicy } from "./ipsec_policy.ts";
import { segment } from "./segment.ts";

/**
 * Where packets become ESP and come out of it. With ipsec_policy.ts:
 *
 *   forwarded: admits(fwd) -> resolve, fits -> forward hook -> postrouting -> leave -> ESP: output hook, postrouting, wire
 *   own:       route -> resolve, fits -> output hook -> postrouting -> leave -> the same
 *   for us:    input hook -> receive (ESP) -> prerouting once more, with its secpath
 *                         -> admits(in) -> local port
 *
 * Overview    policies are asked before the hooks that may match `ipsec out`, and again behind postrouting where NAT
 *             changed the packet (nf_xfrm_me_harder).
 * Limits      without states and policies each of these is a comparison or two.
 */
export class IpsecHooks {
  readonly #parts: IpsecHookParts;
  /** Monotonic milliseconds until which super-packets are counted on. */
  #superPackets = 0;

  constructor(parts: IpsecHookParts) {
    this.#parts = parts;
  }

  /** Behind postrouting: true where the packet goes on as it is; else its states have taken it, or it was dropped. */
  leave(batch: PacketBatch, row: number): boolean {
    const { ipsec, conntrack } = this.#parts, flow = batch.flow[row]!;
    if (batch.transform[row] === 0 && ipsec.policies.empty("out")) return true;
    if (
      flow >= 0 && (conntrack.table.status[flow]! & IPS_NAT_MASK) !== 0 &&
      !this.#parts.policy.resolve(batch, row)
    ) {
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
    if (segment(batch, row, out) < 0) this.#parts.drops.drop(batch, row, DROP_BACK_PRESSURE);
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
  readonly policy: IpsecPolicy;
  readonly conntrack: Conntrack;
  readonly drops: Drops;
}

/** Super-packets of up to 64 KB that 512 packets a state and direction have room for. */
const SUPER_PACKETS = 8;
/** Milliseconds. */
const COUNTED_ON = 1000;
