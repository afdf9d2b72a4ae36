import type { PacketBatch } from "./packet/batch.ts";
import { CHECKSUM_PARTIAL, SEGMENT_NONE } from "./packet/columns.ts";
import { PacketPool } from "./packet/pool.ts";
import { type Port, portCounters } from "./port.ts";
import { below, type Random } from "./random.ts";

/**
 * Ports in memory.
 *
 * Overview    two ports joined by a wire: what one transmits the other receives. Frames wait in slabs of a pool of
 *             the receiver's, with their offload metadata and VLAN tag. A fault injector may sit on the wire, after
 *             smoltcp's: seeded, hence repeatable. `put` and `take` let a test play the far side without a batch.
 * Life-cycle  memoryPair -> attach -> receive/transmit/release; a slab is the row's until `release`.
 * Ownership   both ends live in one thread.
 * Limits      `depth` frames wait towards a port, of them at most 64 longer than 2 KB; more are dropped and counted by
 *             the sender.
 */
export interface MemoryPortOptions {
  readonly name: string;
  readonly link?: "ethernet" | "ip";
  /** Frames that may wait to be received; 256 unless told. */
  readonly depth?: number;
  /** Whether the device takes super-packets and partial checksums; true unless told. */
  readonly offload?: boolean;
  /** What befalls frames this port transmits. */
  readonly faults?: Faults;
}

/** Chances from 0 to 1. Each frame is judged for each in this order. */
export interface Faults {
  readonly random: Random;
  readonly drop?: number;
  /** One bit is flipped. */
  readonly corrupt?: number;
  readonly duplicate?: number;
}

export class MemoryPort implements Port {
  readonly name: string;
  readonly link: "ethernet" | "ip";
  readonly offload: boolean;
  readonly counters = portCounters();
  /** Settable: a test pulls the plug. */
  up = true;
  readonly #faults: Faults | undefined;
  /** Frames on their way to this port. */
  readonly #pool: PacketPool;
  /** Slabs waiting, oldest at `#first`, a ring. */
  readonly #queue: Int32Array;
  #first = 0;
  #waiting = 0;
  /** Slabs behind rows of the current batch. */
  readonly #lent: Int32Array;
  #lentCount = 0;
  #peer: MemoryPort = this;
  #batch: PacketBatch | undefined;
  #region = 0;

  constructor(options: MemoryPortOptions) {
    const { name, link = "ethernet", depth = 256, offload = true, faults } = options;
    this.name = name;
    this.link = link;
    this.offload = offload;
    this.#faults = faults;
    this.#pool = new PacketPool(depth, Math.min(depth, 64));
    this.#queue = new Int32Array(depth);
    this.#lent = new Int32Array(depth + 64);
  }

  /** Joins two ports; a port that is joined to none talks to itself. */
  static join(a: MemoryPort, b: MemoryPort): void {
    a.#peer = b;
    b.#peer = a;
  }

  /** Frames waiting to be received here. */
  get waiting(): number {
    return this.#waiting;
  }

  attach(batch: PacketBatch): void {
    this.#batch = batch;
    this.#region = batch.addRegion(this.#pool.bytes);
  }

  receive(batch: PacketBatch, limit: number): number {
    const columns = this.#pool.columns, { counters } = this;
    let rows = 0;
    while (rows < limit && this.#waiting > 0 && batch.count < batch.capacity) {
      const slab = this.#shift(), row = batch.append();
      this.#lent[this.#lentCount++] = slab;
      batch.region[row] = this.#region;
      batch.start[row] = columns.start[slab]!;
      batch.end[row] = columns.end[slab]!;
      batch.vlan[row] = columns.vlan[slab]!;
      batch.checksum[row] = columns.checksum[slab]!;
      batch.checksumStart[row] = columns.checksumStart[slab]!;
      batch.checksumOffset[row] = columns.checksumOffset[slab]!;
      batch.segmentType[row] = columns.segmentType[slab]!;
      batch.segmentSize[row] = columns.segmentSize[slab]!;
      counters.rxPackets++;
      counters.rxBytes += columns.end[slab]! - columns.start[slab]!;
      rows++;
    }
    return rows;
  }

  transmit(batch: PacketBatch, rows: Uint16Array, count: number): number {
    let taken = 0;
    for (let i = 0; i < count; i++) {
      if (this.#send(batch, rows[i]!)) taken++;
    }
    this.counters.txPackets += taken;
    this.counters.txDropped += count - taken;
    return taken;
  }

  #send(batch: PacketBatch, row: number): boolean {
    if (!this.up || !this.#peer.up) return false;
    const offloaded = batch.segmentType[row] !== SEGMENT_NONE || batch.checksum[row] === CHECKSUM_PARTIAL;
    if (offloaded && !this.offload) {
      this.counters.errors++;
      return false;
    }
    const faults = this.#faults;
    if (faults !== undefined && strikes(faults.random, faults.drop)) return true;
    const slab = this.#peer.#accept(batch, row);
    if (slab < 0) return false;
    this.counters.txBytes += batch.end[row]! - batch.start[row]!;
    if (faults !== undefined) {
      if (strikes(faults.random, faults.corrupt)) this.#peer.#flip(slab, faults.random);
      if (strikes(faults.random, faults.duplicate)) this.#peer.#accept(batch, row);
    }
    return true;
  }

  /** Copies a row into this port's queue; -1 when that is full. */
  #accept(batch: PacketBatch, row: number): number {
    if (this.#waiting === this.#queue.length) return -1;
    const slab = this.#pool.hold(batch, row);
    if (slab >= 0) this.#push(slab);
    return slab;
  }

  #flip(slab: number, random: Random): void {
    const { start, end } = this.#pool.columns, from = start[slab]!;
    const at = from + below(random, end[slab]! - from);
    this.#pool.bytes[at] = this.#pool.bytes[at]! ^ (1 << below(random, 8));
  }

  #push(slab: number): void {
    this.#queue[(this.#first + this.#waiting++) % this.#queue.length] = slab;
  }
  #shift(): number {
    const slab = this.#queue[this.#first]!;
    this.#first = (this.#first + 1) % this.#queue.length;
    this.#waiting--;
    return slab;
  }

  release(): void {
    for (let i = 0; i < this.#lentCount; i++) this.#pool.free(this.#lent[i]!);
    this.#lentCount = 0;
  }

  /** For tests: sends a frame to the peer as it is. False when the peer's queue is full. `vlan` as the column. */
  put(frame: Uint8Array, vlan = 0): boolean {
    const peer = this.#peer;
    if (!this.up || !peer.up || peer.#waiting === peer.#queue.length) return false;
    const slab = peer.#pool.take(frame.length);
    if (slab < 0) return false;
    peer.#pool.bytes.set(frame, peer.#pool.columns.start[slab]!);
    peer.#pool.columns.vlan[slab] = vlan;
    peer.#push(slab);
    this.counters.txPackets++;
    this.counters.txBytes += frame.length;
    return true;
  }

  /** For tests: the oldest frame that waits here, copied; undefined when there is none. */
  take(): Uint8Array | undefined {
    if (this.#waiting === 0) return undefined;
    const slab = this.#shift(), { start, end } = this.#pool.columns;
    const frame = this.#pool.bytes.slice(start[slab]!, end[slab]!);
    this.#pool.free(slab);
    this.counters.rxPackets++;
    this.counters.rxBytes += frame.length;
    return frame;
  }

  close(): void {
    this.up = false;
    this.release();
    while (this.#waiting > 0) this.#pool.free(this.#shift());
    this.#batch?.removeRegion(this.#region);
    this.#batch = undefined;
  }
}

/** Two ports joined by a wire. */
export function memoryPair(a: MemoryPortOptions, b: MemoryPortOptions): [MemoryPort, MemoryPort] {
  const pair: [MemoryPort, MemoryPort] = [new MemoryPort(a), new MemoryPort(b)];
  MemoryPort.join(...pair);
  return pair;
}

const strikes = (random: Random, chance: number | undefined): boolean =>
  chance !== undefined && chance > 0 && random.u32() < chance * 4294967296;
