import { bytes, checked, errno, libc, setOption, SystemError } from "../sys/libc.ts";
import { InterfaceRequest } from "../sys/ifreq.ts";
import { ENODEV } from "../sys/errno.ts";

/**
 * AF_PACKET sockets (packet(7)): what ring mode and message mode share.
 *
 * Order       protocol 0 at open, everything set up, bound with ETH_P_ALL last: no frame is queued that the set-up
 *             would misread.
 * Namespaces  the socket acts in the namespace of the thread that opened it, in whatever thread it is used.
 */
export function openPacketSocket(): number {
  const fd = checked(
    libc.socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
    "open packet socket",
  );
  try {
    // Every frame carries a virtio header: without it checksum-partial and super-packets would be broken ones.
    checked(setOption(fd, SOL_PACKET, PACKET_VNET_HDR, 1), "ask for virtio headers on a packet socket");
    checked(
      setOption(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1),
      "ask a packet socket to ignore outgoing frames",
    );
    // Without the right to exceed the machine's limits, as much as they allow: slower under load, not wrong.
    if (setOption(fd, SOL_SOCKET, SO_RCVBUFFORCE, SOCKET_BUFFER) < 0) {
      setOption(fd, SOL_SOCKET, SO_RCVBUF, SOCKET_BUFFER);
    }
    if (setOption(fd, SOL_SOCKET, SO_SNDBUFFORCE, SOCKET_BUFFER) < 0) {
      setOption(fd, SOL_SOCKET, SO_SNDBUF, SOCKET_BUFFER);
    }
    return fd;
  } catch (error) {
    libc.close(fd);
    throw error;
  }
}

/** Binds to the device: frames arrive from here on. Throws `SystemError`, or `Error` for a device without MAC. */
export function bindDevice(
  fd: number,
  device: string,
  promiscuous: boolean,
): { index: number; mac: Uint8Array } {
  const request = new InterfaceRequest(fd, device), index = request.index();
  if (index < 0) throw new SystemError(`use interface ${device}`, ENODEV);
  const mac = request.mac();
  if (mac === undefined) {
    throw new Error(`interface ${device} has no Ethernet address: it cannot be a wire port`);
  }
  checked(bindIndex(fd, index), `bind to interface ${device}`);
  if (promiscuous) checked(joinPromiscuous(fd, index), `set interface ${device} promiscuous`);
  return { index, mac };
}

/** `struct sockaddr_ll`. */
function bindIndex(fd: number, index: number): number {
  const address = bytes(20), view = new DataView(address.buffer);
  view.setUint16(0, AF_PACKET, true);
  view.setUint16(2, ETH_P_ALL);
  view.setInt32(4, index, true);
  return libc.bind(fd, address, 20);
}

/** `struct packet_mreq`. The membership ends with the socket or the device. */
function joinPromiscuous(fd: number, index: number): number {
  const request = bytes(16), view = new DataView(request.buffer);
  view.setInt32(0, index, true);
  view.setUint16(4, PACKET_MR_PROMISC, true);
  return libc.setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, request, 16);
}

/** Socket questions of `refresh`, with buffers of their own. */
export class PacketSocketState {
  readonly #fd: number;
  readonly #value = bytes(8);
  readonly #view = new DataView(this.#value.buffer);
  readonly #size = new Uint32Array(new ArrayBuffer(4));
  readonly #sizeBytes = new Uint8Array(this.#size.buffer);

  constructor(fd: number) {
    this.#fd = fd;
  }
  /** Frames the kernel had no room for since the last call. */
  drops(): number {
    this.#size[0] = 8;
    const result = libc.getsockopt(this.#fd, SOL_PACKET, PACKET_STATISTICS, this.#value, this.#sizeBytes);
    return result < 0 ? 0 : this.#view.getUint32(4, true);
  }
  /** The pending error (ENETDOWN after a link went down), 0 for none; asking clears it, and with it POLLERR. */
  pendingError(): number {
    this.#size[0] = 4;
    const result = libc.getsockopt(this.#fd, SOL_SOCKET, SO_ERROR, this.#value, this.#sizeBytes);
    return result < 0 ? errno() : this.#view.getInt32(0, true);
  }
}

const AF_PACKET = 17, SOCK_RAW = 3, SOCK_NONBLOCK = 0x800, SOCK_CLOEXEC = 0x80000;
const ETH_P_ALL = 3;
const SOL_SOCKET = 1, SO_ERROR = 4, SO_SNDBUF = 7, SO_RCVBUF = 8, SO_SNDBUFFORCE = 32, SO_RCVBUFFORCE = 33;
export const SOL_PACKET = 263;
const PACKET_ADD_MEMBERSHIP = 1, PACKET_STATISTICS = 6, PACKET_VNET_HDR = 15, PACKET_IGNORE_OUTGOING = 23;
const PACKET_MR_PROMISC = 1;
/** Room for super-packets that wait to be fetched, and for what a device has not sent yet. */
const SOCKET_BUFFER = 16 << 20;
