import type { PacketBatch } from "../../core/packet/batch.ts";
import type { PortCounters } from "../../core/port.ts";
import { addressOf, bytes, checked, libc, setOption } from "../sys/libc.ts";
import { type FrameBuffers, READ_LENGTH } from "./frame_buffers.ts";
import { SOL_PACKET } from "./packet_socket.ts";
import { readVnetHeader, VNET_HEADER } from "./vnet_header.ts";

/**
 * Receiving by `recvmmsg`, for kernels or rights that give no ring. Every frame is copied by the kernel into a 64 KB
 * buffer of ours, vnet header first; a stripped VLAN tag comes as a control message (PACKET_AUXDATA).
 */
export class PacketMessages {
  readonly #fd: number;
  readonly #buffers: FrameBuffers;
  readonly #messages: Uint8Array<ArrayBuffer>;
  readonly #from: Uint8Array<ArrayBuffer>[] = [];
  readonly #words: Uint32Array;
  readonly #vectors: BigUint64Array;
  readonly #controls: Uint32Array;
  #region = 0;

  constructor(fd: number, buffers: FrameBuffers) {
    this.#fd = fd;
    this.#buffers = buffers;
    const count = buffers.count;
    this.#messages = bytes(count * MESSAGE);
    this.#words = new Uint32Array(this.#messages.buffer);
    this.#vectors = new BigUint64Array(new ArrayBuffer(count * 16));
    this.#controls = new Uint32Array(new ArrayBuffer(count * CONTROL));
    const view = new DataView(this.#messages.buffer);
    const vectors = addressOf(new Uint8Array(this.#vectors.buffer as ArrayBuffer));
    const controls = addressOf(new Uint8Array(this.#controls.buffer as ArrayBuffer));
    for (let i = 0; i < count; i++) {
      this.#from.push(this.#messages.subarray(i * MESSAGE));
      this.#vectors[2 * i] = BigInt(buffers.address + buffers.frame(i) - VNET_HEADER);
      this.#vectors[2 * i + 1] = BigInt(READ_LENGTH);
      view.setBigUint64(i * MESSAGE + 16, BigInt(vectors + 16 * i), true);
      view.setBigUint64(i * MESSAGE + 24, 1n, true);
      view.setBigUint64(i * MESSAGE + 32, BigInt(controls + CONTROL * i), true);
    }
  }

  attach(region: number): void {
    this.#region = region;
  }

  receive(batch: PacketBatch, limit: number, counters: PortCounters): number {
    const first = this.#buffers.used, words = this.#words;
    const most = Math.min(limit, batch.capacity - batch.count, this.#buffers.count - first);
    if (most <= 0) return 0;
    for (let i = first; i < first + most; i++) {
      words[i * MESSAGE_WORDS + 10] = CONTROL;
      words[i * MESSAGE_WORDS + 12] = 0;
    }
    const got = libc.recvmmsg(this.#fd, this.#from[first]!, most, MSG_DONTWAIT, null);
    if (got <= 0) return 0;
    let octets = 0, rows = 0, dropped = 0;
    for (let i = first; i < first + got; i++) {
      const length = words[i * MESSAGE_WORDS + 14]! - VNET_HEADER;
      if (length < 14 || (words[i * MESSAGE_WORDS + 12]! & MSG_TRUNC) !== 0) {
        dropped++;
        continue;
      }
      const row = batch.append(), start = this.#buffers.frame(i);
      batch.region[row] = this.#region;
      batch.start[row] = start;
      batch.end[row] = start + length;
      readVnetHeader(this.#buffers.memory, start - VNET_HEADER, batch, row, start, start + length);
      this.#tag(batch, row, i);
      octets += length;
      rows++;
    }
    this.#buffers.used = first + got;
    counters.rxPackets += rows;
    counters.rxBytes += octets;
    counters.rxDropped += dropped;
    return rows;
  }

  /** `struct cmsghdr`: len@0 level@8 type@12, then `struct tpacket_auxdata`: status@0 … vlan_tci@16 vlan_tpid@18. */
  #tag(batch: PacketBatch, row: number, i: number): void {
    const controls = this.#controls, at = i * (CONTROL / 4);
    if (this.#words[i * MESSAGE_WORDS + 10]! < 36 || controls[at + 2] !== SOL_PACKET) return;
    if (controls[at + 3] !== PACKET_AUXDATA) return;
    const status = controls[at + 4]!, tag = controls[at + 8]!;
    if ((status & STATUS_VLAN_VALID) === 0) return;
    const type = (status & STATUS_VLAN_TPID_VALID) !== 0 ? tag >>> 16 : 0x8100;
    batch.vlan[row] = (type << 16) | (tag & 0xffff);
  }
}

/** Sets a socket up for this way of receiving; before binding. */
export const wantTags = (fd: number): number =>
  checked(setOption(fd, SOL_PACKET, PACKET_AUXDATA, 1), "ask a packet socket for VLAN tags");

const PACKET_AUXDATA = 8, MSG_DONTWAIT = 0x40, MSG_TRUNC = 0x20;
/** `struct mmsghdr`: iov@16 iovlen@24 control@32 controllen@40 flags@48 msg_len@56. */
const MESSAGE = 64, MESSAGE_WORDS = 16;
const CONTROL = 64;
const STATUS_VLAN_VALID = 0x10, STATUS_VLAN_TPID_VALID = 0x40;
