import type { Prefix } from "../../core/packet/address.ts";
import { openPacketPort, type PacketPortOptions } from "../../drivers/port/packet.ts";
import { openTunPort, type TunPortOptions } from "../../drivers/port/tun.ts";
import { libc } from "../../drivers/sys/libc.ts";
import { IngressDrop } from "../../drivers/sys/nfnetlink.ts";
import { isQuiet, quieten } from "../../drivers/sys/quiet.ts";
import {
  addAddress,
  addRoute,
  deleteAddress,
  deleteLink,
  deleteRoute,
  linkByName,
  links,
  openRoute,
  setLink,
} from "../../drivers/sys/rtnetlink.ts";
import type { Device, Host, LocalRoute, PortDescription } from "./host.ts";

/**
 * The kernel's side of the router, in the network namespace of the process.
 *
 * Life-cycle  holds a netlink socket and the ingress chains; `close` gives both back, and with the chains the kernel
 *             hears again.
 * Ownership   the control plane's thread.
 */
export class KernelHost implements Host {
  readonly #route = openRoute();
  readonly #ingress = new IngressDrop();
  readonly #stateFile: string;

  /** What is changed of the kernel's parameters is noted in the file before, for a start after a SIGKILL. */
  constructor(stateFile: string) {
    this.#stateFile = stateFile;
  }

  devices(): readonly Device[] {
    return links(this.#route).filter((link) => link.name !== "lo");
  }

  setDevice(name: string, change: { readonly up?: boolean; readonly mtu?: number }): void {
    setLink(this.#route, this.#index(name), change);
  }

  deleteDevice(name: string): void {
    deleteLink(this.#route, name);
  }

  addAddress(device: string, address: Prefix): void {
    addAddress(this.#route, this.#index(device), address, { noDad: true });
  }

  deleteAddress(device: string, address: Prefix): void {
    deleteAddress(this.#route, this.#index(device), address);
  }

  addRoute(device: string, route: LocalRoute): void {
    addRoute(this.#route, { ...route, index: this.#index(device) });
  }

  deleteRoute(device: string, route: LocalRoute): void {
    deleteRoute(this.#route, { ...route, index: this.#index(device) });
  }

  quieten(device: string): () => void {
    return quieten(device, this.#ingress, this.#stateFile);
  }

  isQuiet(device: string): boolean {
    return isQuiet(device, this.#ingress);
  }

  openWire(options: PacketPortOptions): PortDescription {
    return openPacketPort(options);
  }

  openLocal(options: TunPortOptions): PortDescription {
    return openTunPort(options);
  }

  closePort(port: PortDescription): void {
    libc.close(port.fd);
    if (port.kind !== "packet") libc.close(port.control);
  }

  close(): void {
    this.#ingress.close();
    this.#route.close();
  }

  #index(name: string): number {
    const link = linkByName(this.#route, name);
    if (link === undefined) throw new Error(`the interface ${name} is not there`);
    return link.index;
  }
}
