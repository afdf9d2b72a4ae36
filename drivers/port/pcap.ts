import type { PacketBatch } from "../../core/packet/batch.ts";
import {
  type CaptureTime,
  isPcapError,
  LINKTYPE_ETHERNET,
  LINKTYPE_IPV4,
  LINKTYPE_IPV6,
  LINKTYPE_RAW,
  millisecondsSince,
  type Pcap,
  PcapWriter,
  readPcap,
  timeAfter,
} from "../../core/packet/pcap.ts";
import { PacketPool } from "../../core/packet/pool.ts";
import { portCounters } from "../../core/port.ts";
import type { DevicePort } from "./device_port.ts";
import { pullTag, writeTag } from "./vlan_tag.ts";

/**
 * Port over capture files, for `simulate`: what was recorded comes in when its time has come, what is sent is recorded.
 *
 * Overview    a frame is due when its timestamp, as milliseconds after `epoch`, is at or before the batch's `now`; sent
 *             frames get the time of their batch. `due` tells whoever moves virtual time how far to move it.
 * Ownership   a row's bytes are a copy in a slab of this port's own pool, with headroom; the file stays as it is.
 * Limits      frames of more than 64 KB are counted as errors and left out. The output is in memory until `output`.
 */
export interface PcapPortOptions {
  readonly name: string;
  readonly link?: "ethernet" | "ip";
  /** What comes in; nothing unless told. Its link type must be the port's. */
  readonly input?: Pcap;
  /** The wall-clock time at which virtual time is 0. */
  readonly epoch: CaptureTime;
}

export class PcapPort implements DevicePort {
  readonly name: string;
  readonly link: "ethernet" | "ip";
  readonly offload = false;
  readonly counters = portCounters();
  readonly fd = -1;
  readonly mac = undefined;
  readonly missing = false;
  up = true;
  readonly #input: Pcap | undefined;
  readonly #epoch: CaptureTime;
  readonly #writer: PcapWriter;
  readonly #pool = new PacketPool(128, 64);
  readonly #lent: number[] = [];
  readonly #prefix = new Uint8Array(16);
  #next = 0;
  #batch: PacketBatch | undefined;
  #region = 0;

  constructor(options: PcapPortOptions) {
    const { name, link = "ethernet", input, epoch } = options;
    this.name = name;
    this.link = link;
    this.#input = input;
    this.#epoch = epoch;
    this.#writer = new PcapWriter({ linkType: link === "ethernet" ? LINKTYPE_ETHERNET : LINKTYPE_RAW });
  }

  /** Virtual milliseconds at which the next frame comes in; undefined when all have. */
  get due(): number | undefined {
    const record = this.#input?.records[this.#next];
    return record === undefined ? undefined : millisecondsSince(this.#epoch, record);
  }

  attach(batch: PacketBatch): void {
    this.#batch = batch;
    this.#region = batch.addRegion(this.#pool.bytes);
  }

  receive(batch: PacketBatch, limit: number): number {
    const input = this.#input;
    if (input === undefined || !this.up) return 0;
    let rows = 0;
    while (rows < limit && batch.count < batch.capacity) {
      const record = input.records[this.#next];
      if (record === undefined || millisecondsSince(this.#epoch, record) > batch.now) break;
      const length = record.end - record.start, ethernet = this.link === "ethernet";
      if (length < (ethernet ? 14 : 1)) {
        this.counters.errors++;
        this.#next++;
        continue;
      }
      const slab = this.#pool.take(length);
      if (slab < 0) {
        // Either the batch holds all slabs (they come back), or nothing that long fits.
        if (this.#lent.length > 0) break;
        this.counters.errors++;
        this.#next++;
        continue;
      }
      this.#next++;
      this.#lent.push(slab);
      const row = batch.append(), start = this.#pool.columns.start[slab]!;
      this.#pool.bytes.set(input.bytes.subarray(record.start, record.end), start);
      batch.region[row] = this.#region;
      batch.start[row] = start;
      batch.end[row] = start + length;
      if (ethernet) pullTag(this.#pool.bytes, batch, row);
      this.counters.rxPackets++;
      this.counters.rxBytes += length;
      rows++;
    }
    return rows;
  }

  transmit(batch: PacketBatch, rows: Uint16Array, count: number): number {
    if (!this.up) {
      this.counters.txDropped += count;
      return 0;
    }
    const time = timeAfter(this.#epoch, batch.now);
    for (let i = 0; i < count; i++) {
      const row = rows[i]!, start = batch.start[row]!, end = batch.end[row]!, b = batch.bytes(row);
      if (this.link === "ethernet" && batch.vlan[row] !== 0) {
        writeTag(this.#prefix, 0, batch, row);
        this.#writer.write(time, this.#prefix, b.subarray(start + 12, end));
      } else this.#writer.write(time, b.subarray(start, end));
      this.counters.txPackets++;
      this.counters.txBytes += end - start;
    }
    return count;
  }

  release(): void {
    for (const slab of this.#lent) this.#pool.free(slab);
    this.#lent.length = 0;
  }

  /** Everything sent so far, as a capture file. */
  output(): Uint8Array<ArrayBuffer> {
    return this.#writer.bytes();
  }

  refresh(): void {}

  reopen(): boolean {
    return true;
  }

  close(): void {
    this.up = false;
    this.release();
    this.#batch?.removeRegion(this.#region);
    this.#batch = undefined;
  }
}

/**
 * Reads a capture for a port. Throws `Error` with one clear line: unreadable, damaged, or of another link type than the
 * port's.
 */
export function readPcapFile(path: string, link: "ethernet" | "ip" = "ethernet"): Pcap {
  let bytes: Uint8Array;
  try {
    bytes = Deno.readFileSync(path);
  } catch (error) {
    throw new Error(`${path}: ${error instanceof Error ? error.message : "cannot be read"}`);
  }
  const file = readPcap(bytes);
  if (isPcapError(file)) throw new Error(`${path}: ${file.message} (at byte ${file.offset})`);
  const accepted = link === "ethernet" ? [LINKTYPE_ETHERNET] : [LINKTYPE_RAW, LINKTYPE_IPV4, LINKTYPE_IPV6];
  if (!accepted.includes(file.linkType)) {
    const wanted = link === "ethernet" ? "Ethernet frames (link type 1)" : "IP packets (link type 101)";
    throw new Error(`${path}: expected a capture of ${wanted}, found link type ${file.linkType}`);
  }
  return file;
}
