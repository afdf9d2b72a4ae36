import type { PacketBatch } from "../../core/packet/batch.ts";
import type { PortCounters } from "../../core/port.ts";
import { errno, libc, setOption, SystemError } from "../sys/libc.ts";
import { EAGAIN } from "../sys/errno.ts";
import { type FrameBuffers, READ_LENGTH } from "./frame_buffers.ts";
import { SOL_PACKET } from "./packet_socket.ts";
import { readVnetHeader, VNET_HEADER } from "./vnet_header.ts";

/**
 * Receive ring of a packet socket, TPACKET_V2.
 *
 * Overview    a slot a frame in memory shared with the kernel; rows point into it. A super-packet does not fit: its
 *             slot says COPY and the frame itself waits in the socket's queue, in the same order, to be fetched
 *             with one recv into a 64 KB buffer of ours.
 * Life-cycle  kernel fills slot -> `receive` makes a row -> `release` gives the slot back. Head (next to read) and
 *             tail (first not given back) are kept in shared memory: who adopts the ring after a death goes on
 *             behind the frames that were in work then.
 * Ownership   one reader. The memory stays mapped, empty, after `close`: rows and views never dangle.
 * Limits      4096 slots of 2 KB unless told: some 8 ms at 500k packets a second.
 */
export interface RingDescription {
  /** Address of the mapping. */
  readonly address: bigint;
  /** Power of two. */
  readonly slots: number;
}

/** Sets the socket up for a ring and maps it; before binding. Throws `SystemError` when the kernel cannot. */
export function mapRing(fd: number, slots: number): RingDescription {
  const steps: [name: number, value: number, what: string][] = [
    [PACKET_VERSION, TPACKET_V2, "choose TPACKET_V2"],
    [PACKET_RESERVE, RESERVE, "reserve headroom in the packet ring"],
    [PACKET_COPY_THRESH, 1, "ask for whole super-packets"],
  ];
  for (const [name, value, what] of steps) {
    if (setOption(fd, SOL_PACKET, name, value) < 0) throw new SystemError(what, errno());
  }
  const length = slots * SLOT, request = new Uint32Array(new ArrayBuffer(16));
  const block = Math.min(BLOCK, length);
  request.set([block, length / block, SLOT, slots]);
  if (libc.setsockopt(fd, SOL_PACKET, PACKET_RX_RING, new Uint8Array(request.buffer), 16) < 0) {
    throw new SystemError(`make a packet ring of ${slots} slots`, errno());
  }
  const pointer = libc.mmap(null, BigInt(length), PROT_READ_WRITE, MAP_SHARED, fd, 0n);
  const address = Deno.UnsafePointer.value(pointer);
  if (address === MAP_FAILED || pointer === null) throw new SystemError("map the packet ring", errno());
  return { address: BigInt(address), slots };
}

/** Undoes `mapRing` where nobody has adopted the ring: the mapping alone would keep the socket open. */
export function unmapRing({ address, slots }: RingDescription): void {
  libc.munmap(Deno.UnsafePointer.create(address), BigInt(slots * SLOT));
}

export class PacketRing {
  readonly #fd: number;
  readonly #address: bigint;
  readonly #slots: number;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #words: Int32Array;
  readonly #large: FrameBuffers;
  /** [head, tail], counted without wrapping back (modulo 2^32). */
  readonly #cursor: Int32Array;
  #head: number;
  #tail: number;
  #region = 0;
  #largeRegion = 0;

  constructor(fd: number, description: RingDescription, cursor: Int32Array, large: FrameBuffers) {
    this.#fd = fd;
    this.#address = description.address;
    this.#slots = description.slots;
    const memory = Deno.UnsafePointerView.getArrayBuffer(
      Deno.UnsafePointer.create(description.address)!,
      description.slots * SLOT,
    );
    this.#bytes = new Uint8Array(memory);
    this.#words = new Int32Array(memory);
    this.#large = large;
    this.#cursor = cursor;
    this.#head = cursor[0]!;
    this.#tail = cursor[1]!;
    // Frames that were in work when the last reader died: that reader may have died of one of them.
    this.release();
  }

  attach(batch: PacketBatch, largeRegion: number): void {
    this.#region = batch.addRegion(this.#bytes);
    this.#largeRegion = largeRegion;
  }
  detach(batch: PacketBatch): void {
    batch.removeRegion(this.#region);
  }

  receive(batch: PacketBatch, limit: number, counters: PortCounters): number {
    const words = this.#words, b = this.#bytes, mask = this.#slots - 1, region = this.#region;
    let head = this.#head, rows = 0, octets = 0, dropped = 0;
    while (rows < limit && batch.count < batch.capacity && ((head - this.#tail) | 0) <= mask) {
      const at = (head & mask) * SLOT, word = at >> 2;
      const status = Atomics.load(words, word);
      if ((status & STATUS_USER) === 0) break;
      const length = words[word + 1]!, captured = words[word + 2]!;
      let memory = b, start = at + (words[word + 3]! & 0xffff), from = region;
      if (captured < length) {
        if ((status & STATUS_COPY) === 0) {
          dropped++;
          head = (head + 1) | 0;
          continue;
        }
        const buffer = this.#large.used;
        if (buffer === this.#large.count) break;
        if (!this.#fetch(buffer, length)) {
          dropped++;
          head = (head + 1) | 0;
          continue;
        }
        this.#large.used = buffer + 1;
        memory = this.#large.memory;
        start = this.#large.frame(buffer);
        from = this.#largeRegion;
      }
      const row = batch.append(), end = start + length;
      batch.region[row] = from;
      batch.start[row] = start;
      batch.end[row] = end;
      if ((status & STATUS_VLAN_VALID) !== 0) {
        const tag = words[word + 6]!;
        const type = (status & STATUS_VLAN_TPID_VALID) !== 0 ? tag >>> 16 : 0x8100;
        batch.vlan[row] = (type << 16) | (tag & 0xffff);
      }
      readVnetHeader(memory, start - VNET_HEADER, batch, row, start, end);
      octets += length;
      rows++;
      head = (head + 1) | 0;
    }
    this.#head = head;
    this.#cursor[0] = head;
    if (rows !== 0) {
      counters.rxPackets += rows;
      counters.rxBytes += octets;
    }
    if (dropped !== 0) counters.rxDropped += dropped;
    return rows;
  }

  /** Fetches the super-packet of the slot in turn. False when slots and queue no longer agree: it is lost. */
  #fetch(buffer: number, length: number): boolean {
    for (let attempt = 0; attempt < 3; attempt++) {
      const got = libc.recv(this.#fd, this.#large.views[buffer]!, READ_LENGTH, MSG_DONTWAIT | MSG_TRUNC);
      if (got === length + VNET_HEADER && got <= READ_LENGTH) return true;
      if (got >= 0) {
        this.#drain(buffer);
        return false;
      }
      // A pending ENETDOWN is told once and must not cost a frame.
      const reason = errno();
      if (reason === EAGAIN) return false;
    }
    return false;
  }

  #drain(buffer: number): void {
    while (libc.recv(this.#fd, this.#large.views[buffer]!, READ_LENGTH, MSG_DONTWAIT) >= 0);
  }

  /** Gives every slot read so far back to the kernel. */
  release(): void {
    const words = this.#words, mask = this.#slots - 1;
    for (let tail = this.#tail; tail !== this.#head; tail = (tail + 1) | 0) {
      Atomics.store(words, ((tail & mask) * SLOT) >> 2, STATUS_KERNEL);
    }
    this.#tail = this.#head;
    this.#cursor[1] = this.#tail;
    this.#large.used = 0;
  }

  /** Puts empty memory in the ring's place: the mapping would keep the socket open, and views may linger. */
  unmap(): void {
    const length = BigInt(this.#slots * SLOT),
      flags = MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS | MAP_NORESERVE;
    libc.mmap(Deno.UnsafePointer.create(this.#address), length, PROT_READ_WRITE, flags, -1, 0n);
  }
}

const SLOT = 2048;
const BLOCK = 65536;
/** With it 70 bytes before a frame are ours to write (behind the slot's header), and IP headers lie aligned. */
const RESERVE = 46;
const TPACKET_V2 = 1;
const PACKET_RX_RING = 5, PACKET_COPY_THRESH = 7, PACKET_VERSION = 10, PACKET_RESERVE = 12;
const PROT_READ_WRITE = 3, MAP_SHARED = 1, MAP_PRIVATE = 2, MAP_FIXED = 0x10;
const MAP_ANONYMOUS = 0x20, MAP_NORESERVE = 0x4000, MAP_FAILED = 0xffffffffffffffffn;
const MSG_DONTWAIT = 0x40, MSG_TRUNC = 0x20;
/** `struct tpacket2_hdr`: status@0 len@4 snaplen@8 mac@12 net@14 sec@16 nsec@20 vlan_tci@24 vlan_tpid@26. */
const STATUS_KERNEL = 0, STATUS_USER = 1, STATUS_COPY = 2;
const STATUS_VLAN_VALID = 0x10, STATUS_VLAN_TPID_VALID = 0x40;
