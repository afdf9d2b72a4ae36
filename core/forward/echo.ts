import type { PacketBatch } from "../packet/batch.ts";
import { setU16 } from "../packet/bytes.ts";
import { finish, pseudo, sum, transportValid } from "../packet/checksum.ts";
import { CHECKSUM_NONE, FRAGMENT_ANY, VERDICT_DROP, VERDICT_STOLEN } from "../packet/columns.ts";
import { ICMP, ICMP_ECHO_REPLY, ICMP_ECHO_REQUEST } from "../packet/icmp.ts";
import { ICMPV6, ICMPV6_ECHO_REPLY, ICMPV6_ECHO_REQUEST } from "../packet/icmpv6.ts";
import { IPV4, PROTOCOL_ICMP, PROTOCOL_ICMPV6 } from "../packet/ipv4.ts";
import { IPV6 } from "../packet/ipv6.ts";
import type { Random } from "../random.ts";
import {
  type AddressType,
  copyBytes,
  finishAnswer,
  makePacket,
  type SourceAddress,
  writeIpv4,
  writeIpv6,
} from "./own_packet.ts";
import { ROUTE_LOCAL } from "./route_type.ts";

/**
 * Echo replies (RFC 792, RFC 4443 4.2).
 *
 * Overview    `input` takes an echo request that came to the input hook's end, appends the reply at the output
 *             hook and steals the request. As the kernel by default: IPv4 requests to broadcast and multicast are
 *             not answered (icmp_echo_ignore_broadcasts), IPv6 ones to multicast and anycast are, from an own
 *             unicast address.
 * Limits      a reply is as long as its request, up to 65535 bytes; the fragmenter cuts it.
 */
export class Echo {
  readonly counters: EchoCounters = { answered: 0, ignored: 0, badChecksum: 0, noRoom: 0 };
  readonly #options: EchoOptions;
  readonly #source = new Uint32Array(4);

  constructor(options: EchoOptions) {
    this.#options = options;
  }

  /** Whether the row is a whole echo request, of whatever destination. */
  isRequest(batch: PacketBatch, row: number): boolean {
    if (batch.transport[row] === 0 || (batch.fragment[row]! & FRAGMENT_ANY) !== 0) return false;
    const type = batch.destinationPort[row]! >>> 8;
    return batch.family[row] === 4
      ? batch.protocol[row] === PROTOCOL_ICMP && type === ICMP_ECHO_REQUEST
      : batch.protocol[row] === PROTOCOL_ICMPV6 && type === ICMPV6_ECHO_REQUEST;
  }

  /** Takes the row when it is an echo request (verdict STOLEN, or DROP when it gets no answer); else false. */
  input(batch: PacketBatch, row: number): boolean {
    if (!this.isRequest(batch, row)) return false;
    batch.verdict[row] = VERDICT_DROP;
    const family = batch.family[row]!, lane = row * 4, icmp = batch.transport[row]!, end = batch.end[row]!;
    const old = batch.bytes(row);
    const base = family === 4 ? 0 : pseudo(old, batch.network[row]!, 6, PROTOCOL_ICMPV6, end - icmp);
    if (batch.checksum[row] === CHECKSUM_NONE && !transportValid(old, icmp, end, base)) {
      this.counters.badChecksum++;
      return true;
    }
    if (!this.#chooseSource(batch, row, family, lane)) {
      this.counters.ignored++;
      return true;
    }
    const header = family === 4 ? IPV4.size : IPV6.size;
    const made = makePacket(batch, family, header + end - icmp);
    if (made < 0) {
      this.counters.noRoom++;
      return true;
    }
    const b = batch.bytes(made), at = batch.network[made]!, reply = at + header, stop = batch.end[made]!;
    copyBytes(b, reply, old, icmp, end);
    setU16(b, reply + ICMP.checksum, 0);
    if (family === 4) {
      const tos = old[batch.network[row]! + IPV4.tos]!, id = this.#options.random.u32() & 0xffff;
      writeIpv4(b, at, stop - at, PROTOCOL_ICMP, tos, id, 0, this.#source[0]!, batch.source[lane]!);
      b[reply] = ICMP_ECHO_REPLY;
      setU16(b, reply + ICMP.checksum, finish(sum(b, reply, stop)));
    } else {
      writeIpv6(
        b,
        at,
        stop - at,
        PROTOCOL_ICMPV6,
        trafficClass(old, batch.network[row]!),
        this.#source,
        0,
        batch.source,
        lane,
      );
      b[reply] = ICMPV6_ECHO_REPLY;
      setU16(
        b,
        reply + ICMPV6.checksum,
        finish(sum(b, reply, stop, pseudo(b, at, 6, PROTOCOL_ICMPV6, stop - reply))),
      );
    }
    finishAnswer(batch, made, row);
    batch.verdict[row] = VERDICT_STOLEN;
    this.counters.answered++;
    return true;
  }

  #chooseSource(batch: PacketBatch, row: number, family: number, lane: number): boolean {
    const { addressType, anycast, sourceAddress } = this.#options;
    const local = addressType(family, batch.destination, lane) === ROUTE_LOCAL;
    if (local && anycast?.(family, batch.destination, lane) !== true) {
      for (let w = 0; w < 4; w++) this.#source[w] = batch.destination[lane + w]!;
      return true;
    }
    if (family === 4) return false;
    return sourceAddress(batch.inInterface[row]!, family, batch.source, lane, this.#source);
  }
}

const trafficClass = (b: Uint8Array, at: number): number => ((b[at]! & 15) << 4) | (b[at + 1]! >>> 4);

export interface EchoOptions {
  readonly random: Random;
  /** `Routes.addressType`. */
  readonly addressType: AddressType;
  readonly sourceAddress: SourceAddress;
  readonly anycast?: (family: number, words: Uint32Array, lane: number) => boolean;
}

export interface EchoCounters {
  answered: number;
  /** IPv4 group destinations, or no own address to answer from. */
  ignored: number;
  badChecksum: number;
  noRoom: number;
}
