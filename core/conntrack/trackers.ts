import type { PacketBatch } from "../packet/batch.ts";
import {
  PROTOCOL_GRE,
  PROTOCOL_ICMP,
  PROTOCOL_ICMPV6,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  PROTOCOL_UDPLITE,
} from "../packet/ipv4.ts";
import { transportChecksumRight, udpliteChecksumRight } from "./checksum.ts";
import { icmpOpensFlow } from "./icmp.ts";
import { icmpv6OpensFlow } from "./icmpv6.ts";
import type { InvalidReasons } from "./invalid.ts";
import { ORIGINAL } from "./status.ts";
import type { FlowTable } from "./table.ts";
import type { TimeoutPolicies } from "./policies.ts";
import { TcpTracker } from "./tcp.ts";
import { milliseconds, type Switches, type Timeouts } from "./timeouts.ts";
import { NO_AGE, openStream, STREAM_AGE, streamPacket, udpLengthRight } from "./udp.ts";
import { TRACK_ACCEPT, TRACK_INVALID } from "./verdict.ts";

/**
 * The tracker of each protocol: is a packet sound, and what does it do to its flow? Anything without a case of its
 * own is counted and kept alive for the generic time. One packet at a time: `sound`, then `judge`.
 */
export class Trackers {
  readonly #table: FlowTable;
  readonly #reasons: InvalidReasons;
  readonly #tcp: TcpTracker;
  /** Milliseconds. */
  readonly #udp: number;
  readonly #udpStream: number;
  readonly #gre: number;
  readonly #greStream: number;
  readonly #icmp: number;
  readonly #icmpv6: number;
  readonly #generic: number;

  readonly #policies: TimeoutPolicies;

  constructor(
    table: FlowTable,
    timeouts: Timeouts,
    policies: TimeoutPolicies,
    switches: Switches,
    reasons: InvalidReasons,
  ) {
    this.#table = table;
    this.#reasons = reasons;
    this.#tcp = new TcpTracker(table, timeouts, policies, switches, reasons);
    this.#policies = policies;
    this.#udp = milliseconds(timeouts.udp);
    this.#udpStream = milliseconds(timeouts.udpStream);
    this.#gre = milliseconds(timeouts.gre);
    this.#greStream = milliseconds(timeouts.greStream);
    this.#icmp = milliseconds(timeouts.icmp);
    this.#icmpv6 = milliseconds(timeouts.icmpv6);
    this.#generic = milliseconds(timeouts.generic);
  }

  /** What is checked before the flow is looked at: lengths, flags and, with `verify`, checksums. */
  sound(batch: PacketBatch, row: number, protocol: number, verify: boolean): boolean {
    let right = true;
    if (protocol === PROTOCOL_TCP) {
      right = !verify || transportChecksumRight(batch, row);
      if (right && !this.#tcp.read(batch, row)) return false;
    } else if (protocol === PROTOCOL_UDP) {
      if (!udpLengthRight(batch, row)) {
        this.#reasons.malformed++;
        return false;
      }
      right = !verify || transportChecksumRight(batch, row);
    } else if (protocol === PROTOCOL_UDPLITE) right = !verify || udpliteChecksumRight(batch, row);
    if (!right) this.#reasons.checksum++;
    return right;
  }

  /** Moves the flow on by the packet `sound` was asked about last; `opened`: it is the flow's first. TRACK_*. */
  judge(
    batch: PacketBatch,
    row: number,
    protocol: number,
    flow: number,
    direction: number,
    opened: boolean,
    now: number,
  ): number {
    const table = this.#table;
    switch (protocol) {
      case PROTOCOL_TCP:
        if (opened && !this.#tcp.open(flow)) return TRACK_INVALID;
        return this.#tcp.packet(batch, row, flow, direction, now);
      case PROTOCOL_UDP:
        if (opened) openStream(table, flow, STREAM_AGE, now);
        this.#udpPacket(flow, now);
        break;
      case PROTOCOL_UDPLITE:
        if (opened) openStream(table, flow, NO_AGE, now);
        streamPacket(table, flow, this.#udp, this.#udpStream, now);
        break;
      case PROTOCOL_GRE:
        if (opened) openStream(table, flow, NO_AGE, now);
        streamPacket(table, flow, this.#gre, this.#greStream, now);
        break;
      case PROTOCOL_ICMP:
      case PROTOCOL_ICMPV6:
        if (!this.#icmpFits(batch.family[row]!, protocol, flow)) return TRACK_INVALID;
        table.refresh(flow, protocol === PROTOCOL_ICMP ? this.#icmp : this.#icmpv6, now);
        break;
      default:
        table.refresh(flow, this.#generic, now);
    }
    table.account(flow, direction, batch.end[row]! - batch.network[row]!);
    return TRACK_ACCEPT;
  }

  #udpPacket(flow: number, now: number): void {
    const policy = this.#policies.count === 0 ? undefined : this.#policies.udp(flow);
    if (policy === undefined) streamPacket(this.#table, flow, this.#udp, this.#udpStream, now);
    else streamPacket(this.#table, flow, policy.unreplied, policy.replied, now);
  }

  #icmpFits(family: number, protocol: number, flow: number): boolean {
    const type = this.#table.destinationPort(flow, ORIGINAL) >>> 8;
    const fits = protocol === PROTOCOL_ICMP
      ? family === 4 && icmpOpensFlow(type)
      : family === 6 && icmpv6OpensFlow(type);
    if (!fits) this.#reasons.unsolicited++;
    return fits;
  }

  /** Cuts a TCP connection off; other flows have no end to come to. */
  close(flow: number, now: number): void {
    if (this.#table.protocol(flow) === PROTOCOL_TCP) this.#tcp.close(flow, now);
  }
}
