import { invertKey, KEY_META, KEY_PORTS, newKey } from "../conntrack/key.ts";
import { RECORD_BYTE_STATE, RECORD_BYTES, RECORD_TCP, RECORD_WORDS, TCP_END } from "../conntrack/layout.ts";
import { IPS_FIXED_TIMEOUT, IPS_SRC_NAT, REPLY } from "../conntrack/status.ts";
import type { FlowTable } from "../conntrack/table.ts";
import { TCP_SYN_SENT, TCP_TIME_WAIT } from "../conntrack/tcp_states.ts";
import { after } from "../conntrack/tcp_window.ts";
import { NF_NAT_RANGE_PROTO_OFFSET, NF_NAT_RANGE_PROTO_SPECIFIED } from "../classify/nat_request.ts";
import {
  PROTOCOL_GRE,
  PROTOCOL_ICMP,
  PROTOCOL_ICMPV6,
  PROTOCOL_SCTP,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  PROTOCOL_UDPLITE,
} from "../packet/ipv4.ts";
import type { Random } from "../random.ts";
import { MANIP_DESTINATION, MANIP_SOURCE } from "./manip.ts";
import { RANDOM_ALL, type Range } from "./range.ts";

/**
 * Ports: is a translated key free, and if not, which one near it is?
 *
 * A key is free when no other flow is found by the answers it would get. The search tries at most 128 ports from a
 * random start, then 64, 32, 16 from others; near its end it takes the port of a TCP connection that waits for its
 * end, if the new SYN's sequence number has passed the old one's (the answering host will not confuse the two).
 */
export class Ports {
  readonly #table: FlowTable;
  readonly #random: Random;
  readonly #reply = newKey();

  constructor(table: FlowTable, random: Random) {
    this.#table = table;
    this.#random = random;
  }

  /** Whether answers to packets with this key would find another flow than `flow` (nf_nat_used_tuple). */
  used(key: Uint32Array, flow: number, now: number): boolean {
    return this.#owner(key, flow, now) >= 0;
  }

  /** Reference of the other flow that has the answering key, -1 for none. */
  #owner(key: Uint32Array, flow: number, now: number): number {
    const table = this.#table;
    if (!invertKey(this.#reply, key)) return -1;
    const reference = table.find(this.#reply);
    if (reference < 0 || reference >>> 1 === flow) return -1;
    if (!table.expired(reference >>> 1, now)) return reference;
    table.destroy(reference >>> 1);
    return -1;
  }

  /** As `used`, but may end a connection that is over but for its timer (nf_nat_used_tuple_harder). */
  #usedStill(key: Uint32Array, flow: number, now: number, left: number): boolean {
    const reference = this.#owner(key, flow, now), table = this.#table, record = table.record;
    if (reference < 0) return false;
    if (left > LAST_ATTEMPTS || (key[KEY_META]! & 0xff) !== PROTOCOL_TCP) return true;
    const stateAt = RECORD_BYTES * 4 + RECORD_BYTE_STATE, old = reference >>> 1;
    if (table.recordBytes[flow * RECORD_WORDS * 4 + stateAt] !== TCP_SYN_SENT) return true;
    if ((reference & 1) !== REPLY || table.recordBytes[old * RECORD_WORDS * 4 + stateAt]! < TCP_TIME_WAIT) {
      return true;
    }
    if ((table.status[old]! & (IPS_SRC_NAT | IPS_FIXED_TIMEOUT)) !== IPS_SRC_NAT) return true;
    const end = RECORD_TCP + TCP_END;
    if (!after(record[flow * RECORD_WORDS + end]!, record[old * RECORD_WORDS + end]!)) return true;
    table.destroy(old);
    return false;
  }

  /**
   * Gives the key's source (or destination) port, identifier or call id another value in range that is free
   * (nf_nat_l4proto_unique_tuple). When none is found the last one tried stays.
   */
  choose(key: Uint32Array, range: Range, manip: number, flow: number, now: number): void {
    const protocol = key[KEY_META]! & 0xff, specified = (range.flags & NF_NAT_RANGE_PROTO_SPECIFIED) !== 0;
    let field = manip, least = range.minPort, size = range.maxPort - range.minPort + 1;
    if (specified && size <= 0) {
      least = range.maxPort;
      size = range.minPort - range.maxPort + 1;
    }
    switch (protocol) {
      case PROTOCOL_ICMP:
      case PROTOCOL_ICMPV6:
        field = MANIP_SOURCE;
        if (!specified) [least, size] = [0, 65536];
        break;
      case PROTOCOL_GRE:
        // Only calls a helper follows have ids that are both known.
        if (this.#table.master(flow) < 0) return;
        if (!specified) [least, size] = [1, 65535];
        break;
      case PROTOCOL_TCP:
      case PROTOCOL_UDP:
      case PROTOCOL_UDPLITE:
      case PROTOCOL_SCTP:
        if (specified) break;
        if (manip === MANIP_DESTINATION) return;
        least = portClassStart(portOf(key, field));
        size = portClassEnd(least) - least + 1;
        break;
      default:
        return;
    }
    let offset = 0;
    if ((range.flags & NF_NAT_RANGE_PROTO_OFFSET) !== 0) {
      offset = (portOf(key, field) - range.basePort) & 0xffff;
    } else if ((range.flags & RANDOM_ALL) !== 0 || manip !== MANIP_DESTINATION) {
      offset = this.#random.u32() & 0xffff;
    }
    for (let attempts = Math.min(size, MOST_ATTEMPTS);; attempts >>>= 1) {
      for (let i = 0; i < attempts; i++, offset = (offset + 1) & 0xffff) {
        setPort(key, field, least + offset % size);
        if (!this.#usedStill(key, flow, now, attempts - i)) return;
      }
      if (attempts >= size || attempts < 16) return;
      offset = this.#random.u32() & 0xffff;
    }
  }
}

const MOST_ATTEMPTS = 128;
const LAST_ATTEMPTS = MOST_ATTEMPTS / 4;

/** Source or destination half of the key's port word. */
export const portOf = (key: Uint32Array, field: number): number =>
  field === MANIP_SOURCE ? key[KEY_PORTS]! >>> 16 : key[KEY_PORTS]! & 0xffff;

function setPort(key: Uint32Array, field: number, port: number): void {
  const ports = key[KEY_PORTS]!;
  key[KEY_PORTS] = field === MANIP_SOURCE ? (port << 16) | (ports & 0xffff) : (ports & 0xffff0000) | port;
}

/** Below 512 some protocols take the port for a credential, below 1024 for a privilege: stay in the class. */
const portClassStart = (port: number): number => port < 512 ? 1 : port < 1024 ? 600 : 1024;
const portClassEnd = (start: number): number => start === 1 ? 511 : start === 600 ? 1023 : 65535;
