import assert from "node:assert/strict";
import { formatPrefix, type Prefix } from "../../core/packet/address.ts";
import type { PacketPortOptions } from "../../drivers/port/packet.ts";
import type { TunPortOptions } from "../../drivers/port/tun.ts";
import type { Host, LocalRoute, PortDescription } from "./host.ts";

interface FakeDevice {
  name: string;
  mac: Uint8Array | undefined;
  mtu: number;
  up: boolean;
  quiet: boolean;
  open: number;
  addresses: string[];
  routes: string[];
}

/** A host of plain objects; the call numbered `failAt` throws. */
export class FakeHost implements Host {
  readonly all = new Map<string, FakeDevice>();
  calls = 0;
  failAt = Infinity;

  /** Devices eth0, eth1...: those with an even number are up. */
  constructor(devices: number) {
    for (let i = 0; i < devices; i++) this.add(`eth${i}`, i + 1, i % 2 === 0);
  }

  add(name: string, last: number, up = false): void {
    const mac = Uint8Array.of(2, 0, 0, 0, 0, last);
    this.all.set(name, { name, mac, mtu: 1500, up, quiet: false, open: 0, addresses: [], routes: [] });
  }
  #call(): void {
    if (++this.calls === this.failAt) throw new Error("the kernel said no");
  }
  #at(name: string): FakeDevice {
    const device = this.all.get(name);
    assert.ok(device, `no device ${name}`);
    return device;
  }
  devices() {
    return [...this.all.values()].map((device) => ({ ...device, running: device.up }));
  }
  setDevice(name: string, change: { up?: boolean; mtu?: number }): void {
    this.#call();
    Object.assign(this.#at(name), change);
  }
  deleteDevice(name: string): void {
    this.#call();
    this.all.delete(name);
  }
  addAddress(device: string, address: Prefix): void {
    this.#call();
    this.#at(device).addresses.push(formatPrefix(address));
  }
  deleteAddress(device: string, address: Prefix): void {
    this.#call();
    const entry = this.#at(device);
    entry.addresses = entry.addresses.filter((one) => one !== formatPrefix(address));
  }
  addRoute(device: string, route: LocalRoute): void {
    this.#call();
    this.#at(device).routes.push(formatPrefix(route.destination));
  }
  deleteRoute(device: string, route: LocalRoute): void {
    this.#call();
    const entry = this.#at(device);
    entry.routes = entry.routes.filter((one) => one !== formatPrefix(route.destination));
  }
  quieten(device: string): () => void {
    this.#call();
    this.#at(device).quiet = true;
    return () => this.#at(device).quiet = false;
  }
  isQuiet(device: string): boolean {
    return this.#at(device).quiet;
  }
  openWire(options: PacketPortOptions): PortDescription {
    this.#call();
    const device = this.#at(options.device);
    device.open++;
    return { kind: "packet", ...options, mac: device.mac } as PortDescription;
  }
  openLocal(options: TunPortOptions): PortDescription {
    this.#call();
    const name = options.device!;
    this.all.set(name, {
      name,
      mac: undefined,
      mtu: options.mtu!,
      up: true,
      quiet: false,
      open: 1,
      addresses: options.addresses!.map(formatPrefix),
      routes: [],
    });
    return { kind: "tun", ...options } as PortDescription;
  }
  closePort(port: PortDescription): void {
    if (port.kind === "packet") this.#at(port.device).open--;
    else this.all.delete(port.device);
  }
  state(): unknown {
    const sorted = this.devices().sort((a, b) => (a.name < b.name ? -1 : 1));
    return sorted.map((one) => ({
      ...one,
      addresses: [...one.addresses].sort(),
      routes: [...one.routes].sort(),
    }));
  }
}
