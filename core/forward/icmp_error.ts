import type { PacketBatch } from "../packet/batch.ts";
import { setU16, setU32 } from "../packet/bytes.ts";
import { finish, pseudo, sum } from "../packet/checksum.ts";
import {
  ICMP,
  ICMP_PARAMETER_PROBLEM,
  ICMP_UNREACHABLE,
  UNREACHABLE_FRAGMENTATION_NEEDED,
} from "../packet/icmp.ts";
import { ICMPV6, ICMPV6_PACKET_TOO_BIG } from "../packet/icmpv6.ts";
import { IPV4, PROTOCOL_ICMP, PROTOCOL_ICMPV6 } from "../packet/ipv4.ts";
import { IPV6, IPV6_MINIMUM_MTU } from "../packet/ipv6.ts";
import type { Random } from "../random.ts";
import { eligible4, eligible6 } from "./icmp_eligible.ts";
import { IcmpLimit } from "./icmp_limit.ts";
import {
  type AddressType,
  copyBytes,
  finishAnswer,
  makePacket,
  type SourceAddress,
  writeIpv4,
  writeIpv6,
} from "./own_packet.ts";
import { ROUTE_LOCAL, ROUTE_NONE } from "./route_type.ts";
import { resettable, tcpReset } from "./tcp_reset.ts";
import { transportChecksumRight } from "./transport_checksum.ts";

export type { AddressType, SourceAddress } from "./own_packet.ts";

/**
 * ICMP errors.
 *
 * Overview    `send` makes an error about a row and appends it to the batch at the output hook, from where the
 *             pipeline routes it back. It quotes as much of the packet as 576 bytes (RFC 1812 4.3.2.3) or 1280
 *             (RFC 4443 2.4 c) hold. Who may be answered is decided in icmp_eligible.ts, how often in icmp_limit.ts.
 * Ownership   the data-plane thread; the row it is about is only read.
 * Limits      the quotation is the packet as it stands in the row: where NAT has changed it, the pipeline undoes
 *             that (the error belongs to the row's flow). IP options are not reflected.
 *
 * An error towards a link-local source must leave by the interface the packet came in by: the new row's
 * `outInterface` then holds it, to be given to the route lookup as `outgoing`. Any other finds its way by routing.
 */
export class IcmpErrors {
  readonly counters: IcmpErrorCounters = {
    sent: 0,
    resets: 0,
    ineligible: 0,
    limited: 0,
    noSource: 0,
    noRoom: 0,
  };
  readonly #options: IcmpErrorOptions;
  readonly #limit4: IcmpLimit;
  readonly #limit6: IcmpLimit;
  readonly #source = new Uint32Array(4);

  constructor(options: IcmpErrorOptions) {
    this.#options = options;
    const interval = options.interval ?? 1000;
    this.#limit4 = new IcmpLimit(options.random, interval);
    // The kernel shortens it by the length of the route back; this is its value for a /64.
    this.#limit6 = new IcmpLimit(options.random, interval >>> 2);
  }

  /**
   * Sends an error about a row. `info`: the MTU (fragmentation needed, packet too big), the pointer of a parameter
   * problem, else 0. Returns the new row, -1 when nothing was sent (counted).
   */
  send(batch: PacketBatch, row: number, type: number, code: number, info: number): number {
    if (batch.family[row] === 4) return this.#send4(batch, row, type, code, info);
    if (batch.family[row] === 6) return this.#send6(batch, row, type, code, info);
    this.counters.ineligible++;
    return -1;
  }

  /** `reject` with an ICMP error (nf_send_unreach): as `send`, but never about a wrong transport checksum. */
  reject(batch: PacketBatch, row: number, type: number, code: number): number {
    return transportChecksumRight(batch, row) ? this.send(batch, row, type, code, 0) : this.#ineligible();
  }

  /** `reject with tcp reset` (nf_send_reset). Returns the new row, -1 when no reset is due (counted). */
  sendReset(batch: PacketBatch, row: number): number {
    if (!resettable(batch, row, this.#options.addressType)) return this.#ineligible();
    const made = tcpReset(batch, row);
    if (made < 0) return this.#noRoom();
    this.counters.resets++;
    return made;
  }

  #send4(batch: PacketBatch, row: number, type: number, code: number, info: number): number {
    const lane = row * 4, kind = this.#options.addressType?.(4, batch.destination, lane) ?? 0;
    if (!eligible4(batch, row, kind)) return this.#ineligible();
    // icmpv4_mask_allow: path MTU discovery is never held back.
    const free = type === ICMP_UNREACHABLE && code === UNREACHABLE_FRAGMENTATION_NEEDED;
    if (!free && !this.#limit4.allow(batch.source, lane, batch.now)) return this.#limited();
    if (!this.#chooseSource(batch, row, kind)) return -1;
    const from = batch.network[row]!,
      quoted = Math.min(batch.end[row]! - from, MOST4 - IPV4.size - ICMP.size);
    const made = makePacket(batch, 4, IPV4.size + ICMP.size + quoted);
    if (made < 0) return this.#noRoom();
    const b = batch.bytes(made), old = batch.bytes(row), at = batch.network[made]!, icmp = at + IPV4.size;
    // Precedence internetwork control, the rest of the type of service as it came (RFC 1812 4.3.2.5).
    const tos = (old[from + IPV4.tos]! & 0x1e) | 0xc0;
    const end = batch.end[made]!, id = this.#options.random.u32() & 0xffff;
    writeIpv4(b, at, end - at, PROTOCOL_ICMP, tos, id, 0, this.#source[0]!, batch.source[lane]!);
    b[icmp] = type;
    b[icmp + ICMP.code] = code;
    setU16(b, icmp + ICMP.checksum, 0);
    setU32(b, icmp + 4, type === ICMP_PARAMETER_PROBLEM ? info << 24 : info);
    copyBytes(b, icmp + ICMP.size, old, from, from + quoted);
    setU16(b, icmp + ICMP.checksum, finish(sum(b, icmp, end)));
    return this.#done(batch, row, made);
  }

  #send6(batch: PacketBatch, row: number, type: number, code: number, info: number): number {
    const lane = row * 4, kind = this.#options.addressType?.(6, batch.destination, lane) ?? 0;
    if (!eligible6(batch, row, kind, type, code, info)) return this.#ineligible();
    if (type !== ICMPV6_PACKET_TOO_BIG && !this.#limit6.allow(batch.source, lane, batch.now)) {
      return this.#limited();
    }
    if (!this.#chooseSource(batch, row, kind)) return -1;
    const from = batch.network[row]!;
    const quoted = Math.min(batch.end[row]! - from, IPV6_MINIMUM_MTU - IPV6.size - ICMPV6.size);
    const made = makePacket(batch, 6, IPV6.size + ICMPV6.size + quoted);
    if (made < 0) return this.#noRoom();
    const b = batch.bytes(made), at = batch.network[made]!, icmp = at + IPV6.size, end = batch.end[made]!;
    writeIpv6(b, at, end - at, PROTOCOL_ICMPV6, 0, this.#source, 0, batch.source, lane);
    b[icmp] = type;
    b[icmp + ICMPV6.code] = code;
    setU16(b, icmp + ICMPV6.checksum, 0);
    setU32(b, icmp + ICMPV6.body, info);
    copyBytes(b, icmp + ICMPV6.size, batch.bytes(row), from, from + quoted);
    setU16(
      b,
      icmp + ICMPV6.checksum,
      finish(sum(b, icmp, end, pseudo(b, at, 6, PROTOCOL_ICMPV6, end - icmp))),
    );
    return this.#done(batch, row, made);
  }

  /** The address the packet was sent to when it is ours, else the one that speaks on the way back. */
  #chooseSource(batch: PacketBatch, row: number, kind: number): boolean {
    const lane = row * 4, family = batch.family[row]!;
    if (kind === ROUTE_LOCAL && this.#options.anycast?.(family, batch.destination, lane) !== true) {
      for (let w = 0; w < 4; w++) this.#source[w] = batch.destination[lane + w]!;
      return true;
    }
    // To the host behind a local device, who takes nothing that claims to come from itself: whom it wrote to.
    if (batch.inInterface[row] === 0 && kind === ROUTE_NONE) {
      for (let w = 0; w < 4; w++) this.#source[w] = batch.destination[lane + w]!;
      return true;
    }
    if (this.#options.sourceAddress(batch.inInterface[row]!, family, batch.source, lane, this.#source)) {
      return true;
    }
    this.counters.noSource++;
    return false;
  }

  #done(batch: PacketBatch, row: number, made: number): number {
    finishAnswer(batch, made, row);
    this.counters.sent++;
    return made;
  }

  #ineligible(): number {
    this.counters.ineligible++;
    return -1;
  }
  #limited(): number {
    this.counters.limited++;
    return -1;
  }
  #noRoom(): number {
    this.counters.noRoom++;
    return -1;
  }
}

export interface IcmpErrorOptions {
  readonly random: Random;
  readonly sourceAddress: SourceAddress;
  /** `Routes.addressType`; without it no destination counts as local or directed broadcast. */
  readonly addressType?: AddressType;
  /** Whether a local address is an anycast one, which never is a source. */
  readonly anycast?: (family: number, words: Uint32Array, lane: number) => boolean;
  /** icmp_ratelimit: milliseconds between errors to one destination, 1000 unless told. */
  readonly interval?: number;
}

export interface IcmpErrorCounters {
  sent: number;
  resets: number;
  /** Packets about which no error may be sent. */
  ineligible: number;
  limited: number;
  /** No own address to speak from. */
  noSource: number;
  /** Batch or pool full. */
  noRoom: number;
}

/** RFC 1812 4.3.2.3. */
const MOST4 = 576;
