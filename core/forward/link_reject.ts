import { REJECT_ICMPX, REJECT_TCP_RESET, type RejectRequest } from "../classify/machine.ts";
import type { PacketBatch } from "../packet/batch.ts";
import { setU16, setU32 } from "../packet/bytes.ts";
import { finish, pseudo, sum } from "../packet/checksum.ts";
import { FRAGMENT_LATER, VERDICT_CONTINUE } from "../packet/columns.ts";
import { copyMac, ETHERNET, isGroup } from "../packet/ethernet.ts";
import { ICMP, ICMP_UNREACHABLE } from "../packet/icmp.ts";
import { ICMPV6_UNREACHABLE } from "../packet/icmpv6.ts";
import { IPV4, IPV4_DONT_FRAGMENT, PROTOCOL_ICMP, PROTOCOL_ICMPV6 } from "../packet/ipv4.ts";
import { IPV6 } from "../packet/ipv6.ts";
import type { Interfaces } from "./interfaces.ts";
import { copyBytes, makePacket, writeIpv4, writeIpv6 } from "./own_packet.ts";
import { ICMPX4, ICMPX6 } from "./rejection.ts";
import { resettable, tcpReset } from "./tcp_reset.ts";
import type { Transmitter } from "./transmit.ts";
import { transportChecksumRight } from "./transport_checksum.ts";

/**
 * `reject` below the network layer (nft_reject_netdev_eval, nft_reject_bridge_eval): the answer speaks for the
 * packet's destination, turns the frame's addresses round and leaves by the port the frame came in by, unrouted.
 */
export class LinkReject {
  readonly #interfaces: Interfaces;
  readonly #transmitter: Transmitter;

  constructor(interfaces: Interfaces, transmitter: Transmitter) {
    this.#interfaces = interfaces;
    this.#transmitter = transmitter;
  }

  /** Answers the frame in `row`, read and dropped, on the device it came in by; groups hear nothing. */
  send(batch: PacketBatch, row: number, request: RejectRequest, device: number): void {
    const b = batch.bytes(row), frame = batch.start[row]!;
    if (batch.family[row] === 0 || isGroup(b, frame)) return;
    const made = request.type === REJECT_TCP_RESET
      ? resettable(batch, row) ? tcpReset(batch, row) : -1
      : unreachable(batch, row, request);
    if (made < 0) return;
    const answer = batch.bytes(made), start = batch.network[made]! - ETHERNET.size;
    copyMac(answer, start + ETHERNET.destination, b, frame + ETHERNET.source);
    copyMac(answer, start + ETHERNET.source, b, frame + ETHERNET.destination);
    setU16(answer, start + ETHERNET.type, batch.etherType[made]!);
    batch.start[made] = start;
    batch.vlan[made] = batch.vlan[row]!;
    batch.verdict[made] = VERDICT_CONTINUE;
    if (this.#interfaces.bridges[device] === undefined) {
      this.#transmitter.send(batch, made, this.#interfaces.portOf[device]!);
    } else this.#transmitter.sendFrame(batch, made, device);
  }
}

/** nf_reject_skb_v4_unreach, nf_reject_skb_v6_unreach. */
function unreachable(batch: PacketBatch, row: number, request: RejectRequest): number {
  const four = batch.family[row] === 4, lane = row * 4, old = batch.bytes(row), from = batch.network[row]!;
  const code = request.type === REJECT_ICMPX ? (four ? ICMPX4 : ICMPX6)[request.code & 3]! : request.code;
  if ((batch.fragment[row]! & FRAGMENT_LATER) !== 0 || isUnreachable(batch, row)) return -1;
  if (!transportChecksumRight(batch, row)) return -1;
  const quoted = Math.min(ipEnd(batch, row, old, from) - from, four ? QUOTED4 : QUOTED6);
  const header = four ? IPV4.size : IPV6.size;
  const made = makePacket(batch, four ? 4 : 6, header + ICMP.size + quoted);
  if (made < 0) return -1;
  const b = batch.bytes(made), at = batch.network[made]!, icmp = at + header, end = batch.end[made]!;
  b[icmp] = four ? ICMP_UNREACHABLE : ICMPV6_UNREACHABLE;
  b[icmp + ICMP.code] = code;
  setU16(b, icmp + ICMP.checksum, 0);
  setU32(b, icmp + 4, 0);
  copyBytes(b, icmp + ICMP.size, old, from, from + quoted);
  if (four) {
    const source = batch.destination[lane]!, destination = batch.source[lane]!;
    writeIpv4(b, at, end - at, PROTOCOL_ICMP, 0, 0, IPV4_DONT_FRAGMENT, source, destination);
    setU16(b, icmp + ICMP.checksum, finish(sum(b, icmp, end)));
  } else {
    writeIpv6(b, at, end - at, PROTOCOL_ICMPV6, 0, batch.destination, lane, batch.source, lane);
    const base = pseudo(b, at, 6, PROTOCOL_ICMPV6, end - icmp);
    setU16(b, icmp + ICMP.checksum, finish(sum(b, icmp, end, base)));
  }
  return made;
}

/** An "unreachable" is not answered by another. */
function isUnreachable(batch: PacketBatch, row: number): boolean {
  const type = batch.destinationPort[row]! >>> 8, protocol = batch.protocol[row];
  return protocol === PROTOCOL_ICMP
    ? type === ICMP_UNREACHABLE
    : protocol === PROTOCOL_ICMPV6 && type === ICMPV6_UNREACHABLE;
}

/** Without the frame's padding. */
const ipEnd = (batch: PacketBatch, row: number, b: Uint8Array, at: number): number =>
  batch.family[row] === 4
    ? at + ((b[at + IPV4.totalLength]! << 8) | b[at + IPV4.totalLength + 1]!)
    : Math.min(
      batch.end[row]!,
      at + IPV6.size + ((b[at + IPV6.payloadLength]! << 8) | b[at + IPV6.payloadLength + 1]!),
    );

/** Bytes of the packet an answer repeats, at most. */
const QUOTED4 = 536;
const QUOTED6 = 1220;
