import type { PacketBatch } from "../packet/batch.ts";
import { ICMP, isIcmpError } from "../packet/icmp.ts";
import { ICMPV6, ICMPV6_REDIRECT, isIcmpv6Error } from "../packet/icmpv6.ts";
import { transportChecksumRight } from "./checksum.ts";
import { ICMP_HIGHEST_TYPE } from "./icmp.ts";
import { icmpv6Untracked, REDIRECT_BARE, redirectedPacket } from "./icmpv6.ts";
import type { InvalidReasons } from "./invalid.ts";
import { invertKey, KEY_DESTINATION, KEY_META, newKey } from "./key.ts";
import { templateZone } from "../packet/zone_template.ts";
import { quotedKey } from "./quoted.ts";
import { ORIGINAL, REPLY } from "./status.ts";
import type { FlowTable } from "./table.ts";

/** `resolve`: neither an error nor a neighbour message; it is tracked like any packet. */
export const ICMP_MESSAGE_PLAIN = -3;
export const ICMP_MESSAGE_UNTRACKED = -2;
export const ICMP_MESSAGE_INVALID = -1;

/**
 * ICMP messages that are not conversations of their own: errors, which belong to the flow of the packet they quote
 * (nf_conntrack_icmpv4_error, nf_conntrack_icmpv6_error, nf_conntrack_inet_error), and those between neighbours.
 *
 * The quoted packet travelled the other way, so its inverse is the key of the direction the error travels in. The
 * error must be addressed to whom that direction leads: without this, anybody could make packets RELATED by
 * quoting a flow he knows of.
 */
export class IcmpMessages {
  readonly #table: FlowTable;
  readonly #reasons: InvalidReasons;
  readonly #quoted = newKey();
  readonly #key = newKey();

  constructor(table: FlowTable, reasons: InvalidReasons) {
    this.#table = table;
    this.#reasons = reasons;
  }

  /**
   * Reference (row * 2 + direction) of the flow an error belongs to, or ICMP_MESSAGE_*. The packet is ICMP over
   * IPv4 or ICMPv6 over IPv6 with a readable header; `verify`: look at its checksum.
   */
  resolve(batch: PacketBatch, row: number, verify: boolean, now: number): number {
    const family = batch.family[row]!, at = batch.transport[row]!, type = batch.bytes(row)[at]!;
    if (verify && !transportChecksumRight(batch, row)) {
      this.#reasons.checksum++;
      return ICMP_MESSAGE_INVALID;
    }
    if (family === 4) {
      if (type > ICMP_HIGHEST_TYPE) {
        this.#reasons.icmp_type++;
        return ICMP_MESSAGE_INVALID;
      }
      return isIcmpError(type) ? this.#quotedFlow(batch, row, at + ICMP.size, now) : ICMP_MESSAGE_PLAIN;
    }
    if (icmpv6Untracked(type)) return ICMP_MESSAGE_UNTRACKED;
    if (type !== ICMPV6_REDIRECT) {
      return isIcmpv6Error(type) ? this.#quotedFlow(batch, row, at + ICMPV6.size, now) : ICMP_MESSAGE_PLAIN;
    }
    const quoted = redirectedPacket(batch, row);
    if (quoted === REDIRECT_BARE) return ICMP_MESSAGE_PLAIN;
    if (quoted > 0) return this.#quotedFlow(batch, row, quoted, now);
    this.#reasons.malformed++;
    return ICMP_MESSAGE_INVALID;
  }

  #quotedFlow(batch: PacketBatch, row: number, at: number, now: number): number {
    const table = this.#table, quoted = this.#quoted, key = this.#key;
    const flow = batch.flow[row]!, zone = templateZone(flow, ORIGINAL);
    const readable = quotedKey(quoted, batch.bytes(row), at, batch.end[row]!, batch.family[row]!, zone);
    if (!readable || !invertKey(key, quoted)) {
      this.#reasons.malformed++;
      return ICMP_MESSAGE_INVALID;
    }
    let reference = table.find(key);
    const replyZone = templateZone(flow, REPLY);
    if (reference < 0 && replyZone !== zone) {
      key[KEY_META] = (key[KEY_META]! & 0xffff) | (replyZone << 16);
      reference = table.find(key);
    }
    if (reference < 0 || !table.live(reference >>> 1) || table.expired(reference >>> 1, now)) {
      this.#reasons.icmp_unrelated++;
      return ICMP_MESSAGE_INVALID;
    }
    for (let i = 0; i < 4; i++) {
      if (batch.destination[row * 4 + i] !== key[KEY_DESTINATION + i]) {
        this.#reasons.icmp_address++;
        return ICMP_MESSAGE_INVALID;
      }
    }
    return reference;
  }
}
