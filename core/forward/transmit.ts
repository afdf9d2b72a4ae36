import type { PacketBatch } from "../packet/batch.ts";
import { setU16 } from "../packet/bytes.ts";
import { CHECKSUM_PARTIAL, NO_PORT, SEGMENT_NONE, VERDICT_DROP, VERDICT_SENT } from "../packet/columns.ts";
import { copyMac, ETHERNET } from "../packet/ethernet.ts";
import type { Port } from "../port.ts";
import { DROP_BACK_PRESSURE, DROP_INTERFACE_DOWN, type Drops } from "./drops.ts";
import type { Interfaces } from "./interfaces.ts";
import { RowList } from "./row_list.ts";
import { completeChecksum, segment } from "./segment.ts";

/**
 * Transmit queues.
 *
 * Overview    one list of rows a port, filled while a batch is processed, flushed with one `Port.transmit` each.
 *             A flooded frame stands in several lists: ports read it, nobody writes it any more.
 * Ownership   rows stay the batch's; lists are empty between batches.
 * Limits      a port that takes fewer than offered leaves the rest dropped and counted (back-pressure).
 */
export class Transmitter {
  readonly ports: (Port | undefined)[] = new Array(256).fill(undefined);
  readonly #lists: RowList[];
  /** Ports whose list is not empty. */
  readonly #busy = new Uint8Array(256);
  #busyCount = 0;
  readonly #drops: Drops;
  readonly #interfaces: Interfaces;
  /** Chains that frames meet on their way out; undefined when there are none. */
  hooks: LeavingHooks | undefined;

  constructor(capacity: number, interfaces: Interfaces, drops: Drops) {
    this.#lists = Array.from({ length: 256 }, () => new RowList(capacity));
    this.#interfaces = interfaces;
    this.#drops = drops;
  }

  /** Queues a row, complete from `start` on, for a port. */
  send(batch: PacketBatch, row: number, number: number): void {
    const port = this.ports[number];
    if (port === undefined || !port.up) return this.#drops.drop(batch, row, DROP_INTERFACE_DOWN);
    if (this.hooks !== undefined) {
      const device = this.#interfaces.device[number]!;
      if (device !== 0 && !this.hooks.leaves(batch, row, device)) return;
    }
    batch.outPort[row] = number;
    batch.verdict[row] = VERDICT_SENT;
    if (port.offload !== true) {
      if (batch.segmentType[row] !== SEGMENT_NONE) return this.#segment(batch, row, number);
      if (batch.checksum[row] === CHECKSUM_PARTIAL) completeChecksum(batch, row);
    }
    this.#push(number, row);
  }

  #push(number: number, row: number): void {
    const list = this.#lists[number]!;
    if (list.count === list.rows.length) return this.#drops.count(DROP_BACK_PRESSURE);
    if (list.count === 0) this.#busy[this.#busyCount++] = number;
    list.push(row);
  }

  /** Cuts a super-packet for a port whose device cannot. */
  #segment(batch: PacketBatch, row: number, number: number): void {
    const first = batch.count, made = segment(batch, row);
    if (made < 0) return this.#drops.drop(batch, row, DROP_BACK_PRESSURE);
    for (let r = first; r < first + made; r++) {
      batch.outPort[r] = number;
      batch.verdict[r] = VERDICT_SENT;
      this.#push(number, r);
    }
  }

  /** Sends a frame made or bridged on an interface: to its port, or by the bridge's table. */
  sendFrame(batch: PacketBatch, row: number, index: number): void {
    const bridge = this.#interfaces.bridges[index];
    if (bridge === undefined) {
      const port = this.#interfaces.port[index]!;
      if (port === NO_PORT) return this.#drops.drop(batch, row, DROP_INTERFACE_DOWN);
      return this.send(batch, row, port);
    }
    const { hooks } = this;
    if (hooks !== undefined && !hooks.leaves(batch, row, index)) return;
    const known = bridge.outputPort(batch.bytes(row), batch.start[row]!, batch.vlan[row]!);
    if (known >= 0) {
      if (hooks === undefined || hooks.bridgeOutput(batch, row, index, known)) this.send(batch, row, known);
      return;
    }
    for (let i = 0; i < bridge.members.length; i++) {
      const member = bridge.members[i]!;
      if (hooks === undefined) this.sendCopy(batch, row, member);
      else this.#sendOwnCopy(hooks, batch, row, index, member, false);
    }
    batch.verdict[row] = VERDICT_SENT;
  }

  /** Floods a frame that came in by a bridge to some of its members. */
  flood(batch: PacketBatch, row: number, index: number, ports: Uint8Array, count: number): void {
    for (let i = 0; i < count; i++) {
      if (this.hooks === undefined) this.sendCopy(batch, row, ports[i]!);
      else this.#sendOwnCopy(this.hooks, batch, row, index, ports[i]!, true);
    }
  }

  /** Where chains look at a frame each copy has bytes and marks of its own. */
  #sendOwnCopy(
    hooks: LeavingHooks,
    batch: PacketBatch,
    row: number,
    index: number,
    port: number,
    forwarded: boolean,
  ): void {
    if (this.ports[port]?.up !== true) return;
    const copy = hooks.copy(batch, row);
    if (copy < 0) return;
    const goes = forwarded
      ? hooks.bridgeForward(batch, copy, index, port)
      : hooks.bridgeOutput(batch, copy, index, port);
    if (goes) this.send(batch, copy, port);
  }

  /** One of several ports a frame goes to: a port that is down does not count as a drop of the frame. */
  sendCopy(batch: PacketBatch, row: number, number: number): void {
    if (this.ports[number]?.up === true) this.send(batch, row, number);
  }

  /** Writes the Ethernet header before `network` and sends: the last step of a routed packet. */
  sendRouted(batch: PacketBatch, row: number, macs: Uint8Array, neighbour: number): void {
    const index = batch.outInterface[row]!, start = batch.network[row]! - ETHERNET.size;
    const b = batch.bytes(row);
    copyMac(b, start + ETHERNET.destination, macs, neighbour * 6);
    copyMac(b, start + ETHERNET.source, this.#interfaces.macs, index * 6);
    setU16(b, start + ETHERNET.type, batch.etherType[row]!);
    batch.start[row] = start;
    batch.vlan[row] = 0;
    this.sendFrame(batch, row, index);
  }

  /** Hands every list to its port. */
  flush(batch: PacketBatch): void {
    for (let busy = 0; busy < this.#busyCount; busy++) {
      const number = this.#busy[busy]!, list = this.#lists[number]!;
      const taken = this.ports[number]!.transmit(batch, list.rows, list.count);
      for (let i = taken; i < list.count; i++) {
        // a flooded frame may still be on its way to this router
        if (batch.verdict[list.rows[i]!] === VERDICT_SENT) batch.verdict[list.rows[i]!] = VERDICT_DROP;
        this.#drops.count(DROP_BACK_PRESSURE);
      }
      list.clear();
    }
    this.#busyCount = 0;
  }
}

/** What the transmitter asks of chains below the network layer (`LinkHooks`). */
export interface LeavingHooks {
  leaves(batch: PacketBatch, row: number, device: number): boolean;
  bridgeForward(batch: PacketBatch, row: number, index: number, port: number): boolean;
  bridgeOutput(batch: PacketBatch, row: number, index: number, port: number): boolean;
  copy(batch: PacketBatch, row: number): number;
}

/** Sends a bare IP packet to a local (TUN) port: the frame starts at the network header. */
export function stripLink(batch: PacketBatch, row: number): void {
  batch.start[row] = batch.network[row]!;
}
