import { parseAddress } from "../../core/packet/address.ts";
import { prefixOf } from "../../config/cli/demo/network.ts";
import { writeKernelFile } from "../../drivers/sys/kernel_file.ts";
import { libc } from "../../drivers/sys/libc.ts";
import { createNamespace, deleteNamespace, inNamespace, openNamespace } from "../../drivers/sys/namespace.ts";
import type { NetlinkSocket } from "../../drivers/sys/netlink.ts";
import {
  addAddress,
  addRoute,
  createVeth,
  linkByName,
  openRoute,
  setLink,
} from "../../drivers/sys/rtnetlink.ts";

/**
 * Two sites and what is between them, a network namespace each:
 *
 *   left  eth0 --- lan0  near  wan0 --- wan0  far  lan0 --- eth0  right
 *   192.168.1.10    .1     198.51.100.2   .1     10.20.0.1      .10
 *
 * Life-cycle  constructor (all cables up, hosts have addresses) -> `route` gateways that the kernel is to be -> dispose.
 */
export const PLACES = ["left", "near", "far", "right"] as const;
export type Place = typeof PLACES[number];

/** A gateway: its addresses, the network behind it and the host there. */
export const SITES = {
  near: { wan: "198.51.100.2", lan: "192.168.1.1", network: "192.168.1.0/24", host: "192.168.1.10" },
  far: { wan: "198.51.100.1", lan: "10.20.0.1", network: "10.20.0.0/24", host: "10.20.0.10" },
} as const;
export type Gateway = keyof typeof SITES;
export const otherOf = (gateway: Gateway): Gateway => gateway === "near" ? "far" : "near";

export class SitesNetwork implements Disposable {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
    try {
      for (const place of PLACES) {
        createNamespace(this.nameOf(place));
        this.within(place, (socket) => setLink(socket, "lo", { up: true }));
      }
      this.#cable("near", "lan0", "left", "eth0");
      this.#cable("near", "wan0", "far", "wan0");
      this.#cable("far", "lan0", "right", "eth0");
      for (const [host, gateway] of [["left", "near"], ["right", "far"]] as const) {
        const { lan, host: address } = SITES[gateway];
        this.within(host, (socket) => {
          const { index } = linkByName(socket, "eth0")!;
          addAddress(socket, index, prefixOf(`${address}/24`));
          addRoute(socket, { destination: prefixOf("0.0.0.0/0"), via: parseAddress(lan)!, index });
        });
      }
    } catch (e) {
      this[Symbol.dispose]();
      throw e;
    }
  }

  nameOf(place: Place): string {
    return `${this.#prefix}${place}`;
  }

  /** Runs `run` with this thread in a place, with an rtnetlink socket there. */
  within<T>(place: Place, run: (socket: NetlinkSocket) => T): T {
    return inNamespace(this.nameOf(place), () => {
      const socket = openRoute();
      try {
        return run(socket);
      } finally {
        socket.close();
      }
    });
  }

  /** Makes the kernel of a gateway its router. */
  route(gateway: Gateway): void {
    const { wan, lan } = SITES[gateway];
    this.within(gateway, (socket) => {
      for (const [device, address] of [["wan0", wan], ["lan0", lan]] as const) {
        addAddress(socket, linkByName(socket, device)!.index, prefixOf(`${address}/24`));
      }
      writeKernelFile("/proc/sys/net/ipv4/ip_forward", "1");
    });
  }

  /** Sends what is for the other site into a device of a gateway that the kernel is. */
  routeInto(gateway: Gateway, device: string): void {
    this.within(gateway, (socket) => {
      const destination = prefixOf(SITES[otherOf(gateway)].network);
      addRoute(socket, {
        destination,
        index: linkByName(socket, device)!.index,
        source: parseAddress(SITES[gateway].lan)!,
      });
    });
  }

  #cable(place: Place, device: string, other: Place, otherDevice: string): void {
    const namespace = openNamespace(this.nameOf(other));
    try {
      // Ends with numbers of their own have their carrier at once.
      const index = FIRST_INDEX + this.#cables++ * 2;
      this.within(place, (socket) => {
        createVeth(socket, { name: device, index }, { name: otherDevice, namespace, index: index + 1 });
        setLink(socket, device, { up: true });
      });
      this.within(other, (socket) => setLink(socket, otherDevice, { up: true }));
    } finally {
      libc.close(namespace);
    }
  }
  #cables = 0;

  [Symbol.dispose](): void {
    for (const place of PLACES) deleteNamespace(this.nameOf(place));
  }
}

const FIRST_INDEX = 20;
