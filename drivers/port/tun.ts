import { BATCH, type PacketBatch } from "../../core/packet/batch.ts";
import type { Prefix } from "../../core/packet/address.ts";
import { addressOf, bytes, checked, errno, libc } from "../sys/libc.ts";
import { EAGAIN, EINTR, EIO, ENXIO } from "../sys/errno.ts";
import { InterfaceRequest, isRunning, isUp } from "../sys/ifreq.ts";
import { CounterCells, portState } from "./counter_cells.ts";
import type { DevicePort } from "./device_port.ts";
import { FrameBuffers, READ_LENGTH } from "./frame_buffers.ts";
import { RegionAddresses } from "./region_addresses.ts";
import { makeTunDevice } from "./tun_device.ts";
import { pullTag, writeTag } from "./vlan_tag.ts";
import { readVnetHeader, VNET_HEADER, writeVnetHeader } from "./vnet_header.ts";

/**
 * Local port over /dev/net/tun: the way into and out of the host's own stack.
 *
 * Overview    a read or write a packet, a virtio header before each, so that the stack's super-packets pass whole.
 *             A packet is written in two pieces, header from an array of ours and the bytes wherever they lie; the row
 *             is left untouched. On a TUN the packet starts at `start`, so the link header must have been pulled.
 * Life-cycle  `openTunPort` in the host's namespace -> description -> `new TunPort` in the data plane's thread -> close.
 *             The interface goes with the last descriptor.
 * Limits      a full receive queue of the stack shows as EAGAIN: dropped and counted.
 */
export interface TunPortOptions {
  /** Name from the configuration. */
  readonly name: string;
  /** Name of the interface to make; `name` unless told. */
  readonly device?: string;
  readonly tap?: boolean;
  readonly mtu?: number;
  /** TAP only, six bytes. */
  readonly mac?: Uint8Array;
  readonly addresses?: readonly Prefix[];
  /** Left down when false. */
  readonly up?: boolean;
}

export interface TunPortDescription {
  readonly kind: "tun" | "tap";
  readonly name: string;
  readonly device: string;
  readonly fd: number;
  /** A socket of the interface's namespace, for asking about it. */
  readonly control: number;
  readonly index: number;
  readonly mac: Uint8Array | undefined;
  readonly state: SharedArrayBuffer;
}

/** Makes and configures the interface. Throws `SystemError` or `NetlinkError`. */
export function openTunPort(options: TunPortOptions): TunPortDescription {
  const { name, device = name, tap = false, mtu = 1500, mac, addresses = [], up = true } = options;
  const made = makeTunDevice({ device, tap, mtu, addresses, up, ...(mac === undefined ? {} : { mac }) });
  const { fd, index } = made;
  try {
    const control = checked(libc.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "open control socket");
    const ownMac = tap ? new InterfaceRequest(control, device).mac() : undefined;
    return { kind: tap ? "tap" : "tun", name, device, fd, control, index, mac: ownMac, state: portState() };
  } catch (error) {
    libc.close(fd);
    throw error;
  }
}

export class TunPort implements DevicePort {
  readonly name: string;
  readonly link: "ethernet" | "ip";
  readonly offload = true;
  readonly fd: number;
  readonly mac: Uint8Array | undefined;
  readonly counters: CounterCells;
  readonly #control: number;
  readonly #request: InterfaceRequest;
  readonly #index: number;
  readonly #buffers: FrameBuffers;
  readonly #addresses = new RegionAddresses();
  readonly #header = bytes(32);
  readonly #vector = bytes(32);
  readonly #words = new Uint32Array(this.#vector.buffer);
  #batch: PacketBatch | undefined;
  #region = 0;
  #up = false;
  #down = false;
  #missing = false;
  #closed = false;

  constructor(description: TunPortDescription) {
    this.name = description.name;
    this.link = description.kind === "tap" ? "ethernet" : "ip";
    this.fd = description.fd;
    this.mac = description.mac;
    this.counters = new CounterCells(description.state);
    this.#control = description.control;
    this.#request = new InterfaceRequest(description.control, description.device);
    this.#index = description.index;
    this.#buffers = new FrameBuffers(BATCH, description.kind === "tap" ? 14 : 0);
    const header = addressOf(this.#header);
    this.#words[0] = header;
    this.#words[1] = Math.floor(header / 2 ** 32);
    this.refresh();
  }

  get up(): boolean {
    return this.#up;
  }
  get missing(): boolean {
    return this.#missing;
  }

  attach(batch: PacketBatch): void {
    this.#batch = batch;
    this.#region = batch.addRegion(this.#buffers.memory);
  }

  receive(batch: PacketBatch, limit: number): number {
    if (this.#closed) return 0;
    const buffers = this.#buffers,
      ethernet = this.link === "ethernet",
      least = VNET_HEADER + (ethernet ? 14 : 1);
    let rows = 0, octets = 0;
    while (rows < limit && buffers.used < buffers.count && batch.count < batch.capacity) {
      const got = libc.read(this.fd, buffers.views[buffers.used]!, READ_LENGTH);
      if (got < 0) {
        const reason = errno();
        if (reason === EINTR) continue;
        if (reason !== EAGAIN) this.refresh();
        break;
      }
      if (got < least) {
        this.counters.errors++;
        continue;
      }
      const row = batch.append(), start = buffers.frame(buffers.used++), end = start + got - VNET_HEADER;
      batch.region[row] = this.#region;
      batch.start[row] = start;
      batch.end[row] = end;
      readVnetHeader(buffers.memory, start - VNET_HEADER, batch, row, start, end);
      if (ethernet) pullTag(buffers.memory, batch, row);
      octets += end - start;
      rows++;
    }
    if (rows !== 0) {
      this.counters.rxPackets += rows;
      this.counters.rxBytes += octets;
    }
    return rows;
  }

  transmit(batch: PacketBatch, rows: Uint16Array, count: number): number {
    let taken = 0, octets = 0;
    for (let i = 0; i < count && !this.#down;) {
      const row = rows[i]!;
      if (this.#write(batch, row) >= 0) {
        taken++;
        octets += batch.end[row]! - batch.start[row]!;
      } else {
        const reason = errno();
        if (reason === EINTR) continue;
        if (reason === EAGAIN) break;
        if (reason === EIO || reason === ENXIO) this.refresh();
        else this.counters.errors++;
      }
      i++;
    }
    this.counters.txPackets += taken;
    this.counters.txBytes += octets;
    this.counters.txDropped += count - taken;
    return taken;
  }

  #write(batch: PacketBatch, row: number): number {
    const words = this.#words;
    let start = batch.start[row]!;
    const address = this.#addresses.of(batch, batch.region[row]!);
    if (batch.vlan[row] !== 0 && this.link === "ethernet") {
      writeVnetHeader(this.#header, 0, batch, row, 4);
      writeTag(this.#header, VNET_HEADER, batch, row);
      start += 12;
      words[2] = VNET_HEADER + 16;
    } else {
      writeVnetHeader(this.#header, 0, batch, row, 0);
      words[2] = VNET_HEADER;
    }
    const from = address + start;
    words[4] = from;
    words[5] = Math.floor(from / 4294967296);
    words[6] = batch.end[row]! - start;
    return libc.writev(this.fd, this.#vector, 2);
  }

  release(): void {
    this.#buffers.used = 0;
  }

  refresh(): void {
    if (this.#closed) return;
    const flags = this.#request.flags();
    this.#missing = flags < 0 || this.#request.index() !== this.#index;
    this.#up = !this.#missing && isRunning(flags);
    this.#down = this.#missing || !isUp(flags);
  }

  /** An interface of our own comes back only by being made anew. */
  reopen(): boolean {
    this.refresh();
    return !this.#missing;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#up = false;
    this.#down = true;
    this.#batch?.removeRegion(this.#region);
    libc.close(this.#control);
    libc.close(this.fd);
  }
}

const AF_INET = 2, SOCK_DGRAM = 2, SOCK_CLOEXEC = 0x80000;
