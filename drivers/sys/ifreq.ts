import { bytes, libc } from "./libc.ts";

/**
 * Interface ioctls (netdevice(7)) on any socket: they act in the namespace the socket belongs to, whatever thread
 * calls. Used where a netlink round trip would be too much: every 100 ms on every port.
 */
export class InterfaceRequest {
  readonly #ifreq = bytes(IFREQ_SIZE);
  readonly #view = new DataView(this.#ifreq.buffer);
  readonly #fd: number;

  /** `fd` is a socket of the namespace; `name` has at most 15 bytes. */
  constructor(fd: number, name: string) {
    this.#fd = fd;
    this.#ifreq.set(new TextEncoder().encode(name).subarray(0, 15));
  }

  /** IFF_* flags (the low 16 bits); -1 when there is no such interface. */
  flags(): number {
    return libc.ioctl(this.#fd, SIOCGIFFLAGS, this.#ifreq) < 0 ? -1 : this.#view.getUint16(16, true);
  }
  /** Interface index; -1 when there is no such interface. */
  index(): number {
    return libc.ioctl(this.#fd, SIOCGIFINDEX, this.#ifreq) < 0 ? -1 : this.#view.getInt32(16, true);
  }
  /** MTU in bytes; -1 when there is no such interface. */
  mtu(): number {
    return libc.ioctl(this.#fd, SIOCGIFMTU, this.#ifreq) < 0 ? -1 : this.#view.getInt32(16, true);
  }
  /** Link-layer address; undefined when there is none. */
  mac(): Uint8Array | undefined {
    if (libc.ioctl(this.#fd, SIOCGIFHWADDR, this.#ifreq) < 0) return undefined;
    return this.#view.getUint16(16, true) === ARPHRD_ETHER ? this.#ifreq.slice(18, 24) : undefined;
  }
}

/** Administratively up. */
export const isUp = (flags: number): boolean => flags >= 0 && (flags & IFF_UP) !== 0;

/** Whether frames pass: administratively up, and the carrier there (RFC 2863 operational state up or unknown). */
export const isRunning = (flags: number): boolean =>
  flags >= 0 && (flags & (IFF_UP | IFF_RUNNING)) === (IFF_UP | IFF_RUNNING);

export const IFF_UP = 0x1, IFF_RUNNING = 0x40, IFF_PROMISC = 0x100;
export const IFREQ_SIZE = 40;
const SIOCGIFFLAGS = 0x8913, SIOCGIFMTU = 0x8921, SIOCGIFHWADDR = 0x8927, SIOCGIFINDEX = 0x8933;
const ARPHRD_ETHER = 1;
