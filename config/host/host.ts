import type { Prefix } from "../../core/packet/address.ts";
import type { PacketPortDescription, PacketPortOptions } from "../../drivers/port/packet.ts";
import type { TunPortDescription, TunPortOptions } from "../../drivers/port/tun.ts";

/** An open port, as plain data for the data plane's thread. */
export type PortDescription = PacketPortDescription | TunPortDescription;

/** What the control plane asks of the host's own stack. Every call may throw, with one clear line. */
export interface Host {
  devices(): readonly Device[];
  setDevice(name: string, change: { readonly up?: boolean; readonly mtu?: number }): void;
  deleteDevice(name: string): void;
  addAddress(device: string, address: Prefix): void;
  deleteAddress(device: string, address: Prefix): void;
  /** Routes of the host's own programs: to a local device, from where weir routes on. */
  addRoute(device: string, route: LocalRoute): void;
  deleteRoute(device: string, route: LocalRoute): void;
  /** Keeps the host's stack off a wire; the result lets it back. */
  quieten(device: string): () => void;
  /** Whether it is kept off still: a device that went and came back is a new one. */
  isQuiet(device: string): boolean;
  openWire(options: PacketPortOptions): PortDescription;
  openLocal(options: TunPortOptions): PortDescription;
  /** Closes a port that no data plane uses. */
  closePort(port: PortDescription): void;
}

export interface Device {
  readonly name: string;
  /** Six bytes; undefined where it has none. */
  readonly mac: Uint8Array | undefined;
  readonly mtu: number;
  /** Administratively up. */
  readonly up: boolean;
  /** Up and with carrier. */
  readonly running: boolean;
}

export interface LocalRoute {
  readonly destination: Prefix;
  readonly metric: number;
}
