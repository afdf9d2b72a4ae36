import { formatMac, formatPrefix, type Prefix } from "../../core/packet/address.ts";
import type { Config } from "../config.ts";
import type { Report } from "../diagnostic.ts";
import { Numbers } from "../numbers.ts";
import { Changes } from "../changes.ts";
import type { Device, Host, LocalRoute, PortDescription } from "./host.ts";
import { type LocalWish, localWishes, type WireWish, wireWishes } from "./wish.ts";

/**
 * The host's devices under the router.
 *
 * Overview    `prepare` makes the host what a configuration wants: wires quiet, up and opened, a local device for each
 *             interface with its addresses and routes. What is as it should be already is not touched.
 * Life-cycle  prepare -> (the data plane takes the plan on) -> keep, or undo. `close` lets the kernel back.
 * Ownership   an open port is the data plane's to close once it was given to it. It stays open as long as the data
 *             plane runs: a wire that leaves the configuration and comes back is the same port.
 * Limits      254 ports in the life of one data plane. A local device does not change its kind.
 */
export class Devices {
  readonly #host: Host;
  readonly #failed: (error: unknown) => void;
  readonly #numbers = new Numbers(0, 253);
  /** By name: devices taken from the kernel, as they were, and what to put back when the router leaves them. */
  readonly #held = new Map<string, { readonly original: Device; readonly changes: Changes }>();
  /** By device and mode. */
  readonly #open = new Map<string, NumberedDescription>();
  readonly #locals = new Map<string, Local>();
  #wires: ReadonlyMap<string, Wire> = new Map();
  #localsMade = 0;

  constructor(host: Host, failed: (error: unknown) => void) {
    this.#host = host;
    this.#failed = failed;
  }

  /** Undefined when a device is missing, which is reported. Throws what the host refuses; all is undone then. */
  prepare(config: Config, report: Report): Prepared | undefined {
    const wires = this.#find(config, report);
    if (wires === undefined) return undefined;
    const changes = new Changes(this.#failed), opened: NumberedDescription[] = [];
    const before = this.#wires;
    changes.made(() => this.#wires = before);
    this.#wires = wires;
    try {
      for (const wire of wires.values()) this.#take(wire, changes, opened);
      this.#prepareLocals(localWishes(config), changes, opened);
    } catch (error) {
      changes.undo();
      throw error;
    }
    changes.later(() => this.#leaveUnused());
    return {
      opened,
      portNumber: (name) => this.#open.get(portKey(wires.get(name)!))!.number,
      macOf: (name) => this.#open.get(portKey(wires.get(name)!))!.description.mac!,
      mtuOf: (name) => wires.get(name)!.mtu,
      localPort: (name) => this.#locals.get(name)?.number,
      keep: () => changes.keep(),
      undo: () => changes.undo(),
    };
  }

  /** A device for every wish, or a report for each that has none. */
  #find(config: Config, report: Report): Map<string, Wire> | undefined {
    const present = this.#host.devices().filter((one) =>
      !this.#locals.values().some((local) => local.device === one.name)
    );
    const wires = new Map<string, Wire>();
    let complete = true;
    for (const wish of wireWishes(config)) {
      const device = findDevice(wish, present, report);
      if (device === undefined) complete = false;
      else {
        const { name, promiscuous } = wish;
        const original = this.#held.get(device.name)?.original ?? device;
        wires.set(name, { name, promiscuous, device, mtu: wish.mtu ?? original.mtu });
      }
    }
    return complete ? wires : undefined;
  }

  #take(wire: Wire, changes: Changes, opened: NumberedDescription[]): void {
    const host = this.#host, { name, device, mtu } = wire;
    if (!this.#held.has(device.name)) {
      const held = new Changes(this.#failed);
      changes.make(
        () => this.#held.set(device.name, { original: device, changes: held }),
        () => this.#release(device.name),
      );
      held.made(host.quieten(device.name));
      if (device.up) held.made(() => host.setDevice(device.name, { mtu: device.mtu }));
      else {
        held.make(
          () => host.setDevice(device.name, { up: true }),
          () => host.setDevice(device.name, { up: false, mtu: device.mtu }),
        );
      }
    }
    if (mtu !== device.mtu) {
      changes.make(
        () => host.setDevice(device.name, { mtu }),
        () => host.setDevice(device.name, { mtu: device.mtu }),
      );
    }
    const key = portKey(wire);
    if (this.#open.has(key)) return;
    const description = host.openWire({ name, device: device.name, promiscuous: wire.promiscuous });
    this.#opened(key, description, changes, opened);
  }

  #prepareLocals(wishes: readonly LocalWish[], changes: Changes, opened: NumberedDescription[]): void {
    for (const wish of wishes) {
      const mtu = wish.mtu ?? Math.min(...wish.members.map((member) => this.#wires.get(member)!.mtu));
      const local = this.#locals.get(wish.interface);
      if (local === undefined) this.#openLocal(wish, mtu, changes, opened);
      else this.#changeLocal(local, wish, mtu, changes);
    }
    const kept = new Set(wishes.map((wish) => wish.interface));
    for (const local of this.#locals.values()) {
      if (kept.has(local.interface)) continue;
      changes.make(
        () => this.#locals.delete(local.interface),
        () => this.#locals.set(local.interface, local),
      );
      changes.later(() => this.#host.deleteDevice(local.device));
    }
  }

  #openLocal(wish: LocalWish, mtu: number, changes: Changes, opened: NumberedDescription[]): void {
    const { interface: name, device, tap, mac, addresses, routes } = wish;
    const description = this.#host.openLocal({
      name,
      device,
      tap,
      mtu,
      addresses,
      up: true,
      ...(mac === undefined ? {} : { mac }),
    });
    // A number of its own each time: the data plane knows the one of a device that is gone.
    const number = this.#opened(`local ${++this.#localsMade}`, description, changes, opened);
    const local: Local = { interface: name, device, tap, number, mtu, addresses, routes };
    changes.make(() => this.#locals.set(name, local), () => this.#locals.delete(name));
    for (const route of routes) this.#host.addRoute(device, route);
  }

  #changeLocal(local: Local, wish: LocalWish, mtu: number, changes: Changes): void {
    const host = this.#host, { device } = local;
    if (wish.device !== device || wish.tap !== local.tap) {
      throw new Error(
        `the local device of ${local.interface} cannot become another one: restart weir for that`,
      );
    }
    if (mtu !== local.mtu) {
      changes.make(() => host.setDevice(device, { mtu }), () => host.setDevice(device, { mtu: local.mtu }));
    }
    // New ones first: an address that stays reachable keeps connections, and routes need their device's network.
    for (const address of missing(wish.addresses, local.addresses, formatPrefix)) {
      changes.make(() => host.addAddress(device, address), () => host.deleteAddress(device, address));
    }
    for (const route of missing(wish.routes, local.routes, routeKey)) {
      changes.make(() => host.addRoute(device, route), () => host.deleteRoute(device, route));
    }
    for (const route of missing(local.routes, wish.routes, routeKey)) {
      changes.make(() => host.deleteRoute(device, route), () => host.addRoute(device, route));
    }
    for (const address of missing(local.addresses, wish.addresses, formatPrefix)) {
      changes.make(() => host.deleteAddress(device, address), () => host.addAddress(device, address));
    }
    const changed: Local = { ...local, mtu, addresses: wish.addresses, routes: wish.routes };
    changes.make(
      () => this.#locals.set(local.interface, changed),
      () => this.#locals.set(local.interface, local),
    );
  }

  #opened(
    key: string,
    description: PortDescription,
    changes: Changes,
    opened: NumberedDescription[],
  ): number {
    const numbered = { number: this.#numbers.of(key), description };
    opened.push(numbered);
    changes.make(() => this.#open.set(key, numbered), () => {
      this.#open.delete(key);
      this.#numbers.release(key);
      this.#host.closePort(description);
    });
    return numbered.number;
  }

  /** Wires that no port of the configuration names any more go back to the kernel. */
  #leaveUnused(): void {
    const used = new Set(this.#wires.values().map((wire) => wire.device.name));
    for (const device of [...this.#held.keys()]) if (!used.has(device)) this.#release(device);
  }

  #release(device: string): void {
    this.#held.get(device)?.changes.undo();
    this.#held.delete(device);
  }

  /** Local device of an interface; undefined when it has none. */
  localDevice(name: string): string | undefined {
    return this.#locals.get(name)?.device;
  }

  /** Name in the configuration of a port number; undefined for a port it does not name. */
  nameOf(number: number): string | undefined {
    for (const wire of this.#wires.values()) {
      if (this.#open.get(portKey(wire))?.number === number) return wire.name;
    }
    for (const local of this.#locals.values()) if (local.number === number) return local.device;
    return undefined;
  }

  /** Looks after wires that went away and came back: a new device knows nothing of what was asked of the old. */
  tend(): void {
    const present = this.#host.devices();
    for (const { device, mtu } of this.#wires.values()) {
      const now = present.find((one) => one.name === device.name);
      if (now === undefined || this.#host.isQuiet(device.name)) continue;
      try {
        this.#host.quieten(device.name);
        this.#host.setDevice(device.name, { up: true, mtu });
      } catch (error) {
        this.#failed(error);
      }
    }
  }

  /** Lets the kernel back to every wire. Open ports are closed by the data plane; local devices go with them. */
  close(): void {
    for (const device of [...this.#held.keys()]) this.#release(device);
  }
}

export interface Prepared {
  /** Ports the data plane has not seen yet. */
  readonly opened: readonly NumberedDescription[];
  portNumber(name: string): number;
  macOf(name: string): Uint8Array;
  mtuOf(name: string): number;
  localPort(name: string): number | undefined;
  keep(): void;
  undo(): void;
}

export interface NumberedDescription {
  readonly number: number;
  readonly description: PortDescription;
}

interface Wire {
  readonly name: string;
  readonly promiscuous: boolean;
  /** As it was when the configuration was prepared. */
  readonly device: Device;
  readonly mtu: number;
}

interface Local {
  readonly interface: string;
  readonly device: string;
  readonly tap: boolean;
  readonly number: number;
  readonly mtu: number;
  readonly addresses: readonly Prefix[];
  readonly routes: readonly LocalRoute[];
}

const portKey = (wire: Wire): string => `wire ${wire.device.name} ${wire.promiscuous}`;

const routeKey = ({ destination, metric }: LocalRoute): string => `${formatPrefix(destination)} ${metric}`;

/** Those of `wanted` that `present` lacks. */
function missing<T>(wanted: readonly T[], present: readonly T[], key: (one: T) => string): T[] {
  const keys = new Set(present.map(key));
  return wanted.filter((one) => !keys.has(key(one)));
}

function findDevice(
  { match, place }: WireWish,
  present: readonly Device[],
  report: Report,
): Device | undefined {
  const fits = present.filter((device) =>
    (match.name === undefined || device.name === match.name) &&
    (match.macaddress === undefined ||
      (device.mac !== undefined && formatMac(device.mac) === match.macaddress))
  );
  if (fits.length === 1) return fits[0];
  const wanted = [match.name, match.macaddress].filter((part) => part !== undefined).join(" with address ");
  if (fits.length > 1) {
    report(place, `${fits.length} devices match ${wanted}: ${fits.map((one) => one.name).join(", ")}`);
  } else {
    const names = present.filter((one) => one.mac !== undefined && one.name !== "lo").map((one) => one.name);
    const hint = names.length === 0
      ? "this machine has no network device"
      : `this machine has ${names.join(", ")}`;
    report(place, `there is no device ${wanted}`, { hints: [hint] });
  }
  return undefined;
}
