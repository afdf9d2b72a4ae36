import { addAddress, linkByName, openRoute, setLink } from "../sys/rtnetlink.ts";
import {
  bytes,
  checked,
  cstring,
  errno,
  libc,
  O_NONBLOCK,
  O_RDWR,
  openFile,
  SystemError,
} from "../sys/libc.ts";
import { IFREQ_SIZE } from "../sys/ifreq.ts";
import { EBUSY } from "../sys/errno.ts";
import { writeSysctl } from "../sys/sysctl.ts";
import type { Prefix } from "../../core/packet/address.ts";

/** What the host's stack sees of a local port: an interface with addresses. */
export interface TunDeviceOptions {
  /** Name of the interface, at most 15 bytes. */
  readonly device: string;
  /** A TAP carries Ethernet frames, a TUN bare IP packets. */
  readonly tap: boolean;
  readonly mtu: number;
  /** TAP only, six bytes. */
  readonly mac?: Uint8Array;
  readonly addresses: readonly Prefix[];
  /** Left down when false. */
  readonly up: boolean;
}

/**
 * Makes the interface, quiet before it goes up: the kernel gives it no link-local address of its own, takes no
 * router's word and forwards nothing there. It lives as long as the descriptor returned. In the namespace of the
 * calling thread. Throws `SystemError` or `NetlinkError`.
 */
export function makeTunDevice(options: TunDeviceOptions): { fd: number; index: number } {
  const { device, tap } = options;
  const fd = openFile("/dev/net/tun", O_RDWR | O_NONBLOCK);
  try {
    const request = bytes(IFREQ_SIZE);
    request.set(cstring(device).subarray(0, 15));
    const flags = (tap ? IFF_TAP : IFF_TUN) | IFF_NO_PI | IFF_VNET_HDR;
    new DataView(request.buffer).setUint16(16, flags, true);
    if (libc.ioctl(fd, TUNSETIFF, request) < 0) {
      const reason = errno();
      const busy = reason === EBUSY ? " (another program has it)" : "";
      throw new SystemError(`make local interface ${device}${busy}`, reason);
    }
    offload(fd, device);
    quieten(device);
    return { fd, index: configure(options) };
  } catch (error) {
    libc.close(fd);
    throw error;
  }
}

/** Lets the stack hand over unfinished checksums and super-packets, UDP ones where the kernel knows them (6.2). */
function offload(fd: number, device: string): void {
  if (libc.ioctl_value(fd, TUNSETOFFLOAD, F_CSUM | F_TSO4 | F_TSO6 | F_TSO_ECN | F_USO4 | F_USO6) === 0) {
    return;
  }
  const result = libc.ioctl_value(fd, TUNSETOFFLOAD, F_CSUM | F_TSO4 | F_TSO6 | F_TSO_ECN);
  checked(result, `set offloads of local interface ${device}`);
}

function quieten(device: string): void {
  const settings: [key: string, value: string][] = [
    [`net/ipv6/conf/${device}/addr_gen_mode`, "1"],
    [`net/ipv6/conf/${device}/accept_ra`, "0"],
    [`net/ipv6/conf/${device}/forwarding`, "0"],
    [`net/ipv4/conf/${device}/forwarding`, "0"],
    // else an address that goes takes the others of its network along
    [`net/ipv4/conf/${device}/promote_secondaries`, "1"],
  ];
  for (const [key, value] of settings) {
    try {
      writeSysctl(key, value);
    } catch (error) {
      // A kernel without IPv6 has nothing to keep quiet.
      if (!(error instanceof SystemError && error.code === "ENOENT")) throw error;
    }
  }
}

function configure(options: TunDeviceOptions): number {
  const socket = openRoute();
  try {
    const index = linkByName(socket, options.device)?.index ?? 0;
    const { mtu, mac, tap } = options;
    setLink(socket, index, { mtu, ...(mac !== undefined && tap ? { mac } : {}) });
    for (const prefix of options.addresses) addAddress(socket, index, prefix, { noDad: true });
    if (options.up) setLink(socket, index, { up: true });
    return index;
  } finally {
    socket.close();
  }
}

const TUNSETIFF = 0x400454ca, TUNSETOFFLOAD = 0x400454d0;
const IFF_TUN = 1, IFF_TAP = 2, IFF_NO_PI = 0x1000, IFF_VNET_HDR = 0x4000;
const F_CSUM = 1, F_TSO4 = 2, F_TSO6 = 4, F_TSO_ECN = 8, F_USO4 = 0x20, F_USO6 = 0x40;
