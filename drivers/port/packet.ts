import { BATCH, type PacketBatch } from "../../core/packet/batch.ts";
import { libc } from "../sys/libc.ts";
import { InterfaceRequest, isRunning, isUp } from "../sys/ifreq.ts";
import { CounterCells, driverWords, portState } from "./counter_cells.ts";
import type { DevicePort } from "./device_port.ts";
import { FrameBuffers } from "./frame_buffers.ts";
import { PacketMessages, wantTags } from "./packet_messages.ts";
import { mapRing, PacketRing, type RingDescription, unmapRing } from "./packet_ring.ts";
import { bindDevice, openPacketSocket, PacketSocketState } from "./packet_socket.ts";
import { SendQueue } from "./send_queue.ts";

/**
 * Wire port over AF_PACKET.
 *
 * Overview    receives from a ring mapped from the kernel (packet_ring.ts), or by recvmmsg where there is none
 *             (packet_messages.ts); sends by sendmmsg from wherever the bytes lie (send_queue.ts). A VLAN tag is in the
 *             row's `vlan` column both ways.
 * Life-cycle  `openPacketPort` in the wire's namespace -> description -> `new PacketPort` in the data plane's thread
 *             (or, after its death, in the next one) -> attach -> receive/transmit/release -> close, which takes some
 *             20 ms inside the kernel.
 * Failure     a device that is down or gone makes the port receive and send nothing; `refresh` finds out, `reopen`
 *             binds the same socket and ring to its successor.
 * Limits      Ethernet devices. Frames longer than the MTU that are no super-packets are refused by the kernel and
 *             counted in `txDropped` and `errors`.
 */
export interface PacketPortOptions {
  /** Name from the configuration. */
  readonly name: string;
  /** Name of the network interface. */
  readonly device: string;
  /** Hear frames for other MAC addresses too (bridge and VLAN ports). */
  readonly promiscuous?: boolean;
  /** Ring slots, a power of two from 32 to 65536; 4096 unless told. */
  readonly slots?: number;
  /** `messages` forces receiving without a ring. */
  readonly mode?: "ring" | "messages";
}

/** Everything a thread needs to use the port; plain data. */
export interface PacketPortDescription {
  readonly kind: "packet";
  readonly name: string;
  readonly device: string;
  readonly promiscuous: boolean;
  readonly fd: number;
  /** Six bytes. */
  readonly mac: Uint8Array;
  readonly index: number;
  /** Undefined in message mode. */
  readonly ring: RingDescription | undefined;
  /** Counters and ring cursor. */
  readonly state: SharedArrayBuffer;
}

/** Opens socket and ring in the namespace of the calling thread. Throws `SystemError` or `Error` with one clear line. */
export function openPacketPort(options: PacketPortOptions): PacketPortDescription {
  const { name, device, promiscuous = false, slots = 4096, mode = "ring" } = options;
  if (slots < 32 || slots > 65536 || (slots & (slots - 1)) !== 0) {
    throw new RangeError(`port ${name}: ring slots must be a power of two from 32 to 65536, not ${slots}`);
  }
  let fd = openPacketSocket(), ring: RingDescription | undefined;
  try {
    if (mode === "ring") {
      try {
        ring = mapRing(fd, slots);
      } catch {
        libc.close(fd);
        fd = openPacketSocket();
      }
    }
    if (ring === undefined) wantTags(fd);
    const { index, mac } = bindDevice(fd, device, promiscuous);
    return { kind: "packet", name, device, promiscuous, fd, mac, index, ring, state: portState() };
  } catch (error) {
    if (ring !== undefined) unmapRing(ring);
    libc.close(fd);
    throw error;
  }
}

export class PacketPort implements DevicePort {
  readonly name: string;
  readonly link = "ethernet";
  readonly offload = true;
  readonly fd: number;
  readonly counters: CounterCells;
  readonly #device: string;
  readonly #promiscuous: boolean;
  readonly #ring: PacketRing | undefined;
  readonly #messages: PacketMessages | undefined;
  readonly #large = new FrameBuffers(BATCH, 14);
  readonly #queue = new SendQueue();
  readonly #state: PacketSocketState;
  readonly #request: InterfaceRequest;
  #batch: PacketBatch | undefined;
  #largeRegion = 0;
  /** Of the device it was opened on: the address frames are sent to. */
  readonly #first: Uint8Array;
  #mac: Uint8Array;
  #index: number;
  #up = false;
  /** Nothing can be sent. Not the opposite of `up`: the kernel tells carrier up to a second late. */
  #down = false;
  #missing = false;
  #closed = false;

  constructor(description: PacketPortDescription) {
    const { fd, ring, state } = description;
    this.name = description.name;
    this.fd = fd;
    this.counters = new CounterCells(state);
    this.#device = description.device;
    this.#promiscuous = description.promiscuous;
    this.#first = description.mac;
    this.#mac = description.mac;
    this.#index = description.index;
    if (ring !== undefined) this.#ring = new PacketRing(fd, ring, driverWords(state), this.#large);
    else this.#messages = new PacketMessages(fd, this.#large);
    this.#state = new PacketSocketState(fd);
    this.#request = new InterfaceRequest(fd, description.device);
    this.refresh();
  }

  get up(): boolean {
    return this.#up;
  }
  get missing(): boolean {
    return this.#missing;
  }
  get mac(): Uint8Array {
    return this.#mac;
  }
  /** Whether frames come by the ring; otherwise by recvmmsg. */
  get ring(): boolean {
    return this.#ring !== undefined;
  }

  attach(batch: PacketBatch): void {
    this.#batch = batch;
    this.#largeRegion = batch.addRegion(this.#large.memory);
    this.#ring?.attach(batch, this.#largeRegion);
    this.#messages?.attach(this.#largeRegion);
  }

  receive(batch: PacketBatch, limit: number): number {
    if (this.#closed) return 0;
    return this.#ring !== undefined
      ? this.#ring.receive(batch, limit, this.counters)
      : this.#messages!.receive(batch, limit, this.counters);
  }

  transmit(batch: PacketBatch, rows: Uint16Array, count: number): number {
    if (this.#down) {
      this.counters.txDropped += count;
      return 0;
    }
    const sent = this.#queue.send(this.fd, batch, rows, count, this.counters);
    if (this.#queue.down) {
      this.#queue.down = false;
      this.refresh();
    }
    return sent;
  }

  release(): void {
    if (this.#ring !== undefined) this.#ring.release();
    else this.#large.used = 0;
  }

  refresh(): void {
    if (this.#closed) return;
    this.#state.pendingError();
    const flags = this.#request.flags();
    // A device that went and came back between two looks has another index; the socket hears nothing of it.
    this.#missing = flags < 0 || this.#request.index() !== this.#index;
    this.#up = !this.#missing && isRunning(flags);
    this.#down = this.#missing || !isUp(flags);
    const drops = this.#state.drops();
    if (drops !== 0) this.counters.rxDropped += drops;
  }

  reopen(): boolean {
    if (this.#closed) return false;
    try {
      let { index, mac } = bindDevice(this.fd, this.#device, this.#promiscuous);
      // A successor with an address of its own must hear frames for the one this port is known by.
      if (!this.#promiscuous && mac.some((byte, i) => byte !== this.#first[i])) {
        ({ index, mac } = bindDevice(this.fd, this.#device, true));
      }
      this.#index = index;
      this.#mac = mac;
    } catch {
      return false;
    }
    this.refresh();
    return !this.#missing;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#up = false;
    this.#down = true;
    if (this.#batch !== undefined) {
      this.#ring?.detach(this.#batch);
      this.#batch.removeRegion(this.#largeRegion);
    }
    this.#ring?.unmap();
    libc.close(this.fd);
  }
}
