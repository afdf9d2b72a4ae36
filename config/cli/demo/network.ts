import { type Address, parseAddress, parsePrefix, type Prefix } from "../../../core/packet/address.ts";
import {
  createNamespace,
  deleteNamespace,
  inNamespace,
  openNamespace,
} from "../../../drivers/sys/namespace.ts";
import {
  addAddress,
  addRoute,
  createVeth,
  linkByName,
  openRoute,
  setLink,
} from "../../../drivers/sys/rtnetlink.ts";
import { writeKernelFile } from "../../../drivers/sys/kernel_file.ts";
import { libc } from "../../../drivers/sys/libc.ts";
import { CABLES, type HostName, HOSTS, type Route } from "./settings.ts";

/**
 * The network round the router: namespaces joined by veth pairs.
 *
 * Overview    one namespace for the router, one a host. A cable is a veth pair made inside the router's namespace
 *             with its far end, `eth0`, put into the host's at birth: the machine's own namespace never sees it.
 * Life-cycle  constructor (namespaces and cables, all ends down but the router's) -> `plug` each host -> dispose.
 *             What an earlier run of the same name left behind is removed first.
 * Limits      names are `PREFIX` and the host's name; two networks of one prefix exclude each other.
 */
export class Network implements Disposable {
  readonly prefix: string;

  constructor(prefix = "weir-") {
    this.prefix = prefix;
    this.#remove();
    try {
      createNamespace(this.router);
      this.#within(this.router, (socket) => {
        setLink(socket, "lo", { up: true });
        skipDuplicateDetection();
      });
      for (const { port, host } of CABLES) {
        createNamespace(this.nameOf(host));
        if (host === "wan") inNamespace(this.nameOf(host), skipDuplicateDetection);
        const far = openNamespace(this.nameOf(host));
        try {
          this.#within(this.router, (socket) => {
            createVeth(socket, { name: port }, { name: FAR_END, namespace: far });
            setLink(socket, port, { up: true });
          });
        } finally {
          libc.close(far);
        }
      }
    } catch (e) {
      this.#remove();
      throw e;
    }
  }

  get router(): string {
    return `${this.prefix}router`;
  }
  nameOf(host: HostName): string {
    return `${this.prefix}${host}`;
  }

  /** Brings a host's end of the cable up with the addresses and routes given to it by hand. */
  plug(host: HostName, more: { addresses?: readonly string[]; routes?: readonly Route[] } = {}): void {
    const { addresses, routes } = HOSTS[host];
    this.#within(this.nameOf(host), (socket) => {
      setLink(socket, "lo", { up: true });
      setLink(socket, FAR_END, { up: true });
      const index = linkByName(socket, FAR_END)!.index;
      for (const text of [...addresses, ...more.addresses ?? []]) {
        addAddress(socket, index, prefixOf(text), { noDad: true });
      }
      for (const route of [...routes, ...more.routes ?? []]) {
        addRoute(socket, hostRoute(route, index));
      }
    });
  }

  #within(name: string, run: (socket: ReturnType<typeof openRoute>) => void): void {
    inNamespace(name, () => {
      const socket = openRoute();
      try {
        run(socket);
      } finally {
        socket.close();
      }
    });
  }

  #remove(): void {
    for (const name of [this.router, ...CABLES.map(({ host }) => this.nameOf(host))]) deleteNamespace(name);
  }

  [Symbol.dispose](): void {
    this.#remove();
  }
}

/**
 * Interfaces made in the thread's namespace from now on speak IPv6 at once, without the second of duplicate address
 * detection: the router's, where the kernel's stack is not what is shown, and the WAN host's.
 */
function skipDuplicateDetection(): void {
  try {
    // the larger of an interface's value and that of `all` counts
    for (const name of ["all", "default"]) writeKernelFile(`/proc/sys/net/ipv6/conf/${name}/accept_dad`, "0");
  } catch {
    // /proc/sys may be read-only: then it takes a second
  }
}

/** The host's device at its end of the cable. */
export const FAR_END = "eth0";

/** A route in rtnetlink's words. */
export const hostRoute = ({ to, via, mtu }: Route, index: number) => ({
  destination: prefixOf(to),
  via: parseAddress(via) as Address,
  index,
  ...(mtu === undefined ? {} : { mtu }),
});

export function prefixOf(text: string): Prefix {
  const prefix = parsePrefix(text);
  if (prefix === undefined) throw new TypeError(`"${text}" is not a prefix`);
  return prefix;
}
