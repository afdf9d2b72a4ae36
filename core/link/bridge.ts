import { formatMac } from "../packet/address.ts";
import type { PacketBatch } from "../packet/batch.ts";
import { u16, u32 } from "../packet/bytes.ts";
import { ETHERNET, ethernetFits, isGroup } from "../packet/ethernet.ts";
import { vlanId } from "../packet/vlan.ts";
import type { BridgePlan } from "../plan.ts";
import { STATION_MOVED, STATION_REFUSED, StationTable } from "./station_table.ts";

/**
 * Learning bridge, IEEE 802.1D clause 7.
 *
 * Overview    a frame's source is learned on its port (by VLAN), its destination decides: the router itself, one
 *             port, or all others. A frame never goes back to the port it came from.
 * Life-cycle  made from a plan; `configure` changes members and keeps what was learned on those that stay.
 * Ownership   the data-plane thread. The result of `input` stands in `port`, `ports` and `local` until the next.
 * Limits      no spanning tree of its own: what `stp: pass` lets through is for others to speak. Stations beyond
 *             the capacity are flooded. Group addresses are not snooped, they are flooded.
 */
export class Bridge {
  /** BRIDGE_FORWARD: the port. */
  port = 0;
  /** BRIDGE_FLOOD: the ports, `portCount` of them. */
  readonly ports = new Uint8Array(256);
  portCount = 0;
  /** The frame also goes up to the router (broadcast, multicast, or to its address). */
  local = false;
  /** Member ports in configured order. */
  members: Uint8Array = new Uint8Array(0);
  readonly counters: BridgeCounters = {
    invalidSource: 0,
    ownSource: 0,
    reserved: 0,
    hairpin: 0,
    moved: 0,
    refused: 0,
    flooded: 0,
    forwarded: 0,
  };
  readonly #stations: StationTable;
  readonly #member = new Uint8Array(256);
  #ageing: number;
  #passStp: boolean;
  /** Time of the last batch or tick. */
  #now = 0;
  #macHigh = -1;
  #macLow = -1;

  /** `seed` keeps outsiders from choosing colliding addresses; give it a random number. */
  constructor(plan: BridgePlan, capacity = 4096, seed = 0) {
    this.#stations = new StationTable(capacity, seed);
    this.#ageing = plan.ageing * 10;
    this.#passStp = plan.stp === "pass";
  }

  /** `ageing` in seconds, `mac` the router's own address on the bridge (six bytes). */
  configure(ports: readonly number[], ageing: number, stp: "pass" | "block", mac: Uint8Array): void {
    for (const port of this.members) if (!ports.includes(port)) this.#stations.forgetPort(port);
    this.members = Uint8Array.from(ports);
    this.#member.fill(0);
    for (const port of ports) this.#member[port] = 1;
    this.#ageing = ageing * 10;
    this.#passStp = stp === "pass";
    this.#macHigh = u16(mac, 0);
    this.#macLow = u32(mac, 2);
  }

  /** Learns the source of the frame in `row` and decides where it goes: BRIDGE_*. */
  input(batch: PacketBatch, row: number): number {
    const b = batch.bytes(row), at = batch.start[row]!, from = batch.inPort[row]!;
    this.local = false;
    this.portCount = 0;
    if (!ethernetFits(at, batch.end[row]!) || this.#member[from] === 0) return BRIDGE_DROP;
    const source = at + ETHERNET.source, high = u16(b, source), low = u32(b, source + 2);
    if (isGroup(b, source) || (high | low) === 0) {
      this.counters.invalidSource++;
      return BRIDGE_DROP;
    }
    if (high === this.#macHigh && low === this.#macLow) {
      this.counters.ownSource++;
      return BRIDGE_DROP;
    }
    const vlan = vlanId(batch.vlan[row]!) << 16, now = tenths(batch.now), oldest = now - this.#ageing;
    this.#now = now;
    const learned = this.#stations.learn((vlan | high) >>> 0, low, from, now, oldest);
    if (learned === STATION_MOVED) this.counters.moved++;
    else if (learned === STATION_REFUSED) this.counters.refused++;
    return this.#decide(b, at, from, vlan, oldest);
  }

  /** Port for a frame of the router's own whose header is at `at`; -1: all members. */
  outputPort(b: Uint8Array, at: number, tag: number): number {
    if (isGroup(b, at)) return -1;
    const high = (vlanId(tag) << 16 | u16(b, at)) >>> 0;
    return this.#stations.find(high, u32(b, at + 2), this.#now - this.#ageing);
  }

  /** Forgets what was learned on a port that went down. */
  portDown(port: number): void {
    this.#stations.forgetPort(port);
  }

  /** Removes aged stations, some at a time; call it about once a second. */
  tick(now: number): void {
    this.#now = tenths(now);
    this.#stations.sweep(Math.max(64, this.#stations.slots >>> 6), this.#now - this.#ageing);
  }

  /** Stations known at the moment (the router's own address not counted). */
  get stations(): number {
    return this.#stations.count;
  }

  /** Lines as `bridge fdb show br NAME` begins them; `now` is monotonic milliseconds. */
  list(names: (port: number) => string, now: number): string[] {
    const first = this.members[0];
    const own = first === undefined ? [] : [`${this.#ownMac()} dev ${names(first)} permanent`];
    const stations = this.#stations.stations(tenths(now) - this.#ageing).map((station) =>
      `${formatMac(station.mac)} dev ${names(station.port)}${
        station.vlan === 0 ? "" : ` vlan ${station.vlan}`
      }`
    );
    return [...own, ...stations];
  }

  #decide(b: Uint8Array, at: number, from: number, vlan: number, oldest: number): number {
    const high = u16(b, at), low = u32(b, at + 2);
    if (isGroup(b, at)) {
      if (
        high === 0x0180 && (low & 0xfffffff0) >>> 0 === 0xc2000000 && (low !== 0xc2000000 || !this.#passStp)
      ) {
        this.counters.reserved++;
        return BRIDGE_DROP;
      }
      this.local = true;
      return this.#flood(from);
    }
    if (high === this.#macHigh && low === this.#macLow) {
      this.local = true;
      return BRIDGE_LOCAL;
    }
    const port = this.#stations.find((vlan | high) >>> 0, low, oldest);
    if (port < 0) return this.#flood(from);
    if (port === from) {
      this.counters.hairpin++;
      return BRIDGE_DROP;
    }
    this.counters.forwarded++;
    this.port = port;
    return BRIDGE_FORWARD;
  }

  #flood(from: number): number {
    for (let i = 0; i < this.members.length; i++) {
      const port = this.members[i]!;
      if (port !== from) this.ports[this.portCount++] = port;
    }
    this.counters.flooded++;
    return BRIDGE_FLOOD;
  }

  #ownMac(): string {
    const h = this.#macHigh, l = this.#macLow;
    return formatMac([h >>> 8, h & 255, l >>> 24, l >>> 16 & 255, l >>> 8 & 255, l & 255]);
  }
}

/** Plain cells, in frames. */
export interface BridgeCounters {
  /** Source is a group address or all zeros. */
  invalidSource: number;
  /** Came in with the router's own address as source: a loop, or a forger. */
  ownSource: number;
  /** To a link-local group (01:80:c2:00:00:0x) that no bridge passes on. */
  reserved: number;
  /** Destination lives on the port the frame came from. */
  hairpin: number;
  /** Stations that changed their port. */
  moved: number;
  /** Stations not learned because the table is full. */
  refused: number;
  flooded: number;
  forwarded: number;
}

export const BRIDGE_DROP = 0;
/** To the router only. */
export const BRIDGE_LOCAL = 1;
/** To `port`. */
export const BRIDGE_FORWARD = 2;
/** To `ports`, and to the router when `local`. */
export const BRIDGE_FLOOD = 3;

/** Tenths of a second: a small integer, which calls hand over without boxing it. */
const tenths = (milliseconds: number): number => (milliseconds / 100) | 0;
