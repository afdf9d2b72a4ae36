import {
  NF_NAT_RANGE_MAP_IPS,
  NF_NAT_RANGE_PERSISTENT,
  NF_NAT_RANGE_PROTO_OFFSET,
  NF_NAT_RANGE_PROTO_SPECIFIED,
} from "../classify/nat_request.ts";
import { invertKey, KEY_DESTINATION, KEY_META, KEY_PORTS, KEY_SOURCE, newKey } from "../conntrack/key.ts";
import { hasPorts } from "../conntrack/quoted.ts";
import { ORIGINAL, REPLY } from "../conntrack/status.ts";
import type { FlowTable } from "../conntrack/table.ts";
import { PROTOCOL_GRE, PROTOCOL_ICMP, PROTOCOL_ICMPV6 } from "../packet/ipv4.ts";
import type { BySource } from "./by_source.ts";
import { MANIP_SOURCE } from "./manip.ts";
import { choosePoolAddress } from "./pool.ts";
import { portOf, type Ports } from "./ports.ts";
import { compareWords, RANDOM_ALL, type Range } from "./range.ts";

/**
 * The translated key (get_unique_tuple): unchanged if it is in range and free, else the one the same host and port
 * already has outside, else an address of the range with the port kept if possible.
 */
export class UniqueKey {
  readonly #table: FlowTable;
  readonly #ports: Ports;
  readonly #bySource: BySource;
  readonly #other = newKey();

  constructor(table: FlowTable, ports: Ports, bySource: BySource) {
    this.#table = table;
    this.#ports = ports;
    this.#bySource = bySource;
  }

  /** Writes the translation of `from` to `to`. */
  find(
    to: Uint32Array,
    from: Uint32Array,
    range: Range,
    manip: number,
    flow: number,
    now: number,
  ): void {
    const random = (range.flags & RANDOM_ALL) !== 0, ports = this.#ports;
    if (manip === MANIP_SOURCE && !random) {
      if (inRange(from, range)) {
        if (!ports.used(from, flow, now)) return to.set(from);
      } else if (this.#sameSource(to, from, range) && !ports.used(to, flow, now)) return;
    }
    to.set(from);
    this.#address(to, from, range, manip);
    if (!random) {
      if ((range.flags & NF_NAT_RANGE_PROTO_SPECIFIED) !== 0) {
        if (
          (range.flags & NF_NAT_RANGE_PROTO_OFFSET) === 0 && portInRange(to, manip, range) &&
          (range.minPort === range.maxPort || !ports.used(to, flow, now))
        ) return;
      } else if (!ports.used(to, flow, now)) return;
    }
    ports.choose(to, range, manip, flow, now);
  }

  #address(to: Uint32Array, from: Uint32Array, range: Range, manip: number): void {
    if ((range.flags & NF_NAT_RANGE_MAP_IPS) === 0) return;
    const at = manip === MANIP_SOURCE ? KEY_SOURCE : KEY_DESTINATION;
    if (compareWords(range.minAddress, 0, range.maxAddress, 0) === 0) {
      for (let i = 0; i < 4; i++) to[at + i] = range.minAddress[i]!;
      return;
    }
    const family = (from[KEY_META]! >>> 8) & 0xff, persistent = (range.flags & NF_NAT_RANGE_PERSISTENT) !== 0;
    const { minAddress, maxAddress } = range;
    choosePoolAddress(to, at, from, from, KEY_DESTINATION, family, minAddress, maxAddress, persistent);
  }

  /** Another flow of the same source (address, port, protocol) has a translation in range: take it over. */
  #sameSource(to: Uint32Array, from: Uint32Array, range: Range): boolean {
    const table = this.#table, other = this.#other;
    for (let row = this.#bySource.first(from); row >= 0; row = this.#bySource.after(row)) {
      table.readKey(row, ORIGINAL, other);
      if (
        other[KEY_META] !== from[KEY_META] || compareWords(other, KEY_SOURCE, from, KEY_SOURCE) !== 0 ||
        other[KEY_PORTS]! >>> 16 !== from[KEY_PORTS]! >>> 16
      ) continue;
      table.readKey(row, REPLY, other);
      if (!invertKey(to, other)) continue;
      for (let i = 0; i < 4; i++) to[KEY_DESTINATION + i] = from[KEY_DESTINATION + i]!;
      to[KEY_PORTS] = (to[KEY_PORTS]! & 0xffff0000) | (from[KEY_PORTS]! & 0xffff);
      if (inRange(to, range)) return true;
    }
    return false;
  }
}

/** Whether a source is in range as it is. */
function inRange(key: Uint32Array, range: Range): boolean {
  if (
    (range.flags & NF_NAT_RANGE_MAP_IPS) !== 0 &&
    (compareWords(key, KEY_SOURCE, range.minAddress, 0) < 0 ||
      compareWords(key, KEY_SOURCE, range.maxAddress, 0) > 0)
  ) return false;
  return (range.flags & NF_NAT_RANGE_PROTO_SPECIFIED) === 0 || portInRange(key, MANIP_SOURCE, range);
}

function portInRange(key: Uint32Array, manip: number, range: Range): boolean {
  const protocol = key[KEY_META]! & 0xff;
  const icmp = protocol === PROTOCOL_ICMP || protocol === PROTOCOL_ICMPV6;
  if (!icmp && !hasPorts(protocol) && protocol !== PROTOCOL_GRE) return true;
  const port = portOf(key, icmp ? MANIP_SOURCE : manip);
  return port >= range.minPort && port <= range.maxPort;
}
