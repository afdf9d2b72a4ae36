import { type Address, formatAddress, formatPrefix } from "../core/packet/address.ts";
import type { RouterEvent } from "../core/router.ts";
import type { Host } from "./host/host.ts";

/**
 * What the data plane learns from the wire and the host's programs must know: addresses and routes from router
 * advertisements, put on the interface's local device.
 *
 * Ownership   control plane; `interfaces` and `localDevice` say what the running plan means.
 * Limits      a device that went away meanwhile is nobody's error: the next plan makes it anew.
 */
export class Learned {
  readonly #host: Host;
  readonly #interfaceName: (index: number) => string | undefined;
  readonly #localDevice: (name: string) => string | undefined;
  readonly #portName: (number: number) => string | undefined;
  readonly #log: (level: "info" | "warning", message: string) => void;
  /** By interface, in the order they came. */
  readonly #addresses = new Map<string, Set<string>>();
  readonly #up = new Map<number, boolean>();

  constructor(options: {
    readonly host: Host;
    interfaceName(index: number): string | undefined;
    localDevice(name: string): string | undefined;
    portName(number: number): string | undefined;
    log(level: "info" | "warning", message: string): void;
  }) {
    this.#host = options.host;
    this.#interfaceName = (index) => options.interfaceName(index);
    this.#localDevice = (name) => options.localDevice(name);
    this.#portName = (number) => options.portName(number);
    this.#log = (level, message) => options.log(level, message);
  }

  /** Addresses in use on an interface beside those of the configuration. */
  addresses(name: string): readonly string[] {
    return [...this.#addresses.get(name) ?? []];
  }

  /** Forgets interfaces that are not among `names`: one that comes back has a device that knows nothing. */
  keep(names: readonly string[]): void {
    for (const name of this.#addresses.keys()) if (!names.includes(name)) this.#addresses.delete(name);
  }

  take(event: RouterEvent): void {
    if (event.kind === "xfrm") return;
    const name = this.#interfaceName(event.interface);
    if (name === undefined) return;
    switch (event.kind) {
      case "address":
        return this.#address(name, event);
      case "route":
        return this.#route(name, event);
      case "link":
        return this.#link(name, event);
      case "dns":
        return this.#log("info", `${name}: name servers advertised: ${list(event.servers)}`);
      case "conflict": {
        const who = event.mac === undefined ? "another station" : event.mac;
        return this.#log("warning", `${name}: ${who} claims our address ${formatAddress(event.address)}`);
      }
    }
  }

  #address(name: string, event: Extract<RouterEvent, { kind: "address" }>): void {
    const text = formatPrefix(event.address), { state, origin } = event;
    if (state === "duplicated") this.#log("warning", `${name}: ${text} is in use by another station`);
    if (origin === "static" || state === "tentative") return;
    const known = this.#addresses.get(name) ?? new Set<string>();
    this.#addresses.set(name, known);
    const usable = state === "preferred" || state === "deprecated";
    if (known.has(text) === usable) return;
    this.#log("info", `${name}: address ${text} ${usable ? "in use" : "gone"}`);
    if (usable) known.add(text);
    else known.delete(text);
    this.#onDevice(
      name,
      (device) =>
        usable
          ? this.#host.addAddress(device, event.address)
          : this.#host.deleteAddress(device, event.address),
    );
  }

  /** A plan tells every port's state anew: only what changed is worth a line. */
  #link(name: string, { port, up }: Extract<RouterEvent, { kind: "link" }>): void {
    if (this.#up.get(port) === up) return;
    this.#up.set(port, up);
    const which = this.#portName(port) ?? "a port";
    this.#log("info", `${which === name ? "" : `${name}: `}${which} is ${up ? "up" : "down"}`);
  }

  #route(name: string, event: Extract<RouterEvent, { kind: "route" }>): void {
    // An on-link prefix of the wire: the data plane's business, the host reaches it by the default route.
    if (event.via === undefined) return;
    const route = { destination: event.destination, metric: LEARNED_METRIC };
    this.#onDevice(
      name,
      (device) =>
        event.action === "add" ? this.#host.addRoute(device, route) : this.#host.deleteRoute(device, route),
    );
  }

  #onDevice(name: string, change: (device: string) => void): void {
    const device = this.#localDevice(name);
    if (device === undefined) return;
    try {
      change(device);
    } catch (error) {
      this.#log("warning", `${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

const list = (servers: readonly Address[]): string => servers.map(formatAddress).join(", ") || "none";

/** The kernel's metric of routes from advertisements (IP6_RT_PRIO_ADDRCONF is 256; its default routes have 1024). */
const LEARNED_METRIC = 1024;
