import { type Address, formatWords, parseAddress, parsePrefix } from "../../packet/address.ts";
import { ARP } from "../../packet/arp.ts";
import { PacketBatch } from "../../packet/batch.ts";
import { ethernet, icmp, type IpOptions, udp } from "../../packet/build.ts";
import { u16, u32 } from "../../packet/bytes.ts";
import { pseudo, transportValid } from "../../packet/checksum.ts";
import {
  ENTRY_LINK,
  ENTRY_OUTPUT,
  ENTRY_TRANSMIT,
  PACKET_HOST,
  PACKET_MULTICAST,
  VERDICT_CONTINUE,
} from "../../packet/columns.ts";
import { formatMac, parseMac } from "../../packet/address.ts";
import { PacketPool } from "../../packet/pool.ts";
import { putFrame, putPacket } from "../../packet/test_batch.ts";
import type { InterfacePlan } from "../../plan.ts";
import { VirtualClock } from "../../clock.ts";
import { SeededRandom } from "../../random.ts";
import { Adjacency, type AdjacencyOptions } from "./adjacency.ts";
import type { AdjacencyEvent } from "./events.ts";
import { formatNeighbour } from "./neighbour_entry.ts";

/** A link with a router on it, in virtual time, for tests: what the router says is kept as lines of text. */

export const ROUTER_MAC = "02:00:00:00:00:01";
export const HOST_MAC = "02:00:00:00:00:aa";

export function plan(addresses: string[], more: Partial<InterfacePlan> = {}): InterfacePlan {
  return {
    name: "lan",
    index: 1,
    mac: parseMac(ROUTER_MAC)!,
    mtu: 1500,
    ports: [1],
    addresses: addresses.map((text) => parsePrefix(text)!),
    acceptAdvertisements: false,
    ...more,
  };
}

export const words = (text: string): Uint32Array => Uint32Array.from(parseAddress(text)!.words);
export const address = (text: string): Address => parseAddress(text)!;

export class TestLink {
  readonly clock: VirtualClock;
  readonly pool: PacketPool;
  readonly batch: PacketBatch;
  readonly adjacency: Adjacency;
  readonly events: AdjacencyEvent[] = [];
  /** `milliseconds what` of everything sent since the last `take`. */
  #said: string[] = [];
  /** Frames and packets sent, parallel to the lines. */
  sent: Uint8Array[] = [];
  unreachable: string[] = [];

  constructor(options: Partial<AdjacencyOptions> = {}, at = 1000) {
    this.clock = new VirtualClock(at);
    this.pool = options.pool ?? new PacketPool(512, 8);
    this.batch = new PacketBatch(this.pool, 64);
    this.adjacency = new Adjacency({
      random: new SeededRandom(7),
      pool: this.pool,
      dadTransmits: 0,
      onEvent: (event) => this.events.push(event),
      onUnreachable: (batch, row) =>
        this.unreachable.push(`${this.now} ${formatWords(batch.family[row]!, batch.destination, row * 4)}`),
      ...options,
    });
  }

  get now(): number {
    return this.clock.monotonic();
  }

  /** Configures one interface and brings it up. */
  up(...plans: InterfacePlan[]): void {
    this.adjacency.configure(plans, this.now);
    for (const p of plans) this.adjacency.interfaceUp(p.index, true, this.now);
    this.work(() => {});
  }

  /** One batch: `put` fills it, the timers run, and what was made is sent. */
  work<T>(put: (batch: PacketBatch) => T): T {
    const batch = this.batch;
    batch.now = this.now;
    this.adjacency.tick(batch, this.now);
    const result = put(batch);
    for (let row = 0; row < batch.count; row++) this.#send(row);
    batch.clear();
    return result;
  }

  /** Moves on, running timers when they are due. */
  run(milliseconds: number): void {
    const end = this.now + milliseconds;
    for (let next = this.adjacency.due; next <= end; next = this.adjacency.due) {
      this.clock.advanceTo(next);
      const before = next;
      this.work(() => {});
      if (this.adjacency.due <= before && this.adjacency.due <= this.now) this.clock.advance(1);
    }
    this.clock.advanceTo(end);
  }

  /** A frame from the wire, handed to the room as the pipeline would. */
  receive(
    frame: Uint8Array,
    type = (frame[0]! & 1) === 0 ? PACKET_HOST : PACKET_MULTICAST,
    index = 1,
  ): number {
    return this.work((batch) => {
      const row = putFrame(batch, frame, 1, index);
      batch.packetType[row] = type;
      if (batch.etherType[row] === 0x0806) this.adjacency.input(batch, row);
      else this.adjacency.inputIcmpv6(batch, row);
      return batch.verdict[row]!;
    });
  }

  /** An ICMPv6 message from a host. */
  icmpv6(options: IpOptions, type: number, body: Uint8Array, code = 0): number {
    const packet = icmp({ ttl: 255, ...options }, type, code, u32(body, 0), body.slice(4));
    const to = parseAddress(options.to)!.words;
    const group = to[0] >>> 24 === 0xff;
    const mac = group ? `33:33:00:00:00:${(to[3] & 255).toString(16).padStart(2, "0")}` : ROUTER_MAC;
    return this.receive(ethernet(HOST_MAC, mac, packet));
  }

  /** The router sends a UDP packet to a next hop; true when it went out at once. */
  send(from: string, to: string, via = to, index = 1): boolean {
    return this.work((batch) => {
      const row = putPacket(batch, udp({ from, to }, 1, 2));
      const hop = words(via);
      batch.outInterface[row] = index;
      const n = this.adjacency.lookup(index, batch.family[row]!, hop, 0, batch.now);
      batch.neighbour[row] = n;
      const out = this.adjacency.output(batch, row, n);
      if (out) this.#say(row, `packet ${to} -> ${formatMac(this.adjacency.macs, n * 6)}`);
      batch.entry[row] = 255;
      return out;
    });
  }

  /** What was said since the last call, times relative to `since`. */
  take(since = 0): string[] {
    const said = this.#said.map((line) => {
      const space = line.indexOf(" ");
      return `${Math.round(Number(line.slice(0, space)) - since)}${line.slice(space)}`;
    });
    this.#said = [];
    this.sent = [];
    return said;
  }

  neighbours(): string[] {
    return this.adjacency.neighbours().map((entry) => formatNeighbour(entry, "lan"));
  }

  #say(row: number, what: string): void {
    this.#said.push(`${this.now} ${what}`);
    this.sent.push(this.batch.bytes(row).slice(this.batch.start[row]!, this.batch.end[row]!));
  }

  #send(row: number): void {
    const { batch, adjacency } = this;
    if (batch.verdict[row] !== VERDICT_CONTINUE) return;
    if (batch.entry[row] === ENTRY_LINK) return this.#say(row, describeArp(batch, row));
    const n = batch.neighbour[row]!;
    if (batch.entry[row] === ENTRY_TRANSMIT && adjacency.output(batch, row, n)) {
      const to = formatWords(batch.family[row]!, batch.destination, row * 4);
      this.#say(row, `packet ${to} -> ${formatMac(adjacency.macs, n * 6)}`);
    } else if (batch.entry[row] === ENTRY_OUTPUT && adjacency.output(batch, row, n)) {
      this.#say(row, `${describeIcmpv6(batch, row)} -> ${formatMac(adjacency.macs, n * 6)}`);
    }
  }
}

function describeArp(batch: PacketBatch, row: number): string {
  const b = batch.bytes(row), start = batch.start[row]!, at = batch.network[row]!;
  const request = u16(b, at + ARP.operation) === 1;
  const sender = formatWords(4, [u32(b, at + ARP.senderAddress)], 0);
  const target = formatWords(4, [u32(b, at + ARP.targetAddress)], 0);
  return `arp ${request ? "who-has" : "reply"} ${request ? target : sender} ${
    request ? "tell " + sender : "to " + target
  } -> ${formatMac(b, start)}`;
}

function describeIcmpv6(batch: PacketBatch, row: number): string {
  const b = batch.bytes(row), at = batch.transport[row]!, end = batch.end[row]!;
  if (!transportValid(b, at, end, pseudo(b, batch.network[row]!, 6, 58, end - at))) return "bad checksum";
  const from = formatWords(6, batch.source, row * 4), to = formatWords(6, batch.destination, row * 4);
  const target = () => formatWords(6, [u32(b, at + 8), u32(b, at + 12), u32(b, at + 16), u32(b, at + 20)], 0);
  const names: Record<number, string> = { 131: "mld1", 132: "mld1 done", 133: "rs", 134: "ra", 143: "mld2" };
  const type = b[at]!;
  const what = type === 135
    ? `ns ${target()}`
    : type === 136
    ? `na ${target()} ${["R", "S", "O"].filter((_, i) => (b[at + 4]! & (0x80 >> i)) !== 0).join("")}`
    : names[type] ?? `icmpv6 ${type}`;
  return `${what} from ${from} to ${to}`;
}
