import type { CaptureTime } from "../../core/packet/pcap.ts";
import type { DevicePort } from "./device_port.ts";
import { memoryPortOn } from "./memory.ts";
import { openPacketPort, PacketPort, type PacketPortDescription, type PacketPortOptions } from "./packet.ts";
import { PcapPort, readPcapFile } from "./pcap.ts";
import { openTunPort, TunPort, type TunPortDescription, type TunPortOptions } from "./tun.ts";

/**
 * Port kinds. A driver opens a port (main thread, in the right namespace) into a description, plain data that can be
 * posted, and adopts a description into a port (data plane). A new kind is a driver of its own and a line here.
 */
export interface PortDriver<Options, Description> {
  /** Throws an error whose message is one clear line. */
  open(options: Options): Description;
  adopt(description: Description): DevicePort;
}

/** What each kind is opened with, and the description it opens into. */
export interface PortKinds {
  packet: { options: PacketPortOptions; description: PacketPortDescription };
  tun: { options: TunPortOptions; description: TunPortDescription };
  tap: { options: TunPortOptions; description: TunPortDescription };
  memory: { options: MemoryWire; description: MemoryWire & { readonly kind: "memory" } };
  pcap: { options: PcapFiles; description: PcapFiles & { readonly kind: "pcap" } };
}

/** Two memory ports with the same `wire`, adopted in one thread, are joined. */
export interface MemoryWire {
  readonly name: string;
  readonly wire: string;
  readonly link?: "ethernet" | "ip";
  readonly offload?: boolean;
}

export interface PcapFiles {
  readonly name: string;
  readonly link?: "ethernet" | "ip";
  /** Path of the capture that comes in. */
  readonly input?: string;
  readonly epoch: CaptureTime;
}

export type PortKind = keyof PortKinds;
export type PortOptions = {
  [Kind in PortKind]: { readonly kind: Kind } & PortKinds[Kind]["options"];
}[PortKind];
export type PortDescription = PortKinds[PortKind]["description"];

const drivers: {
  [Kind in PortKind]: PortDriver<PortKinds[Kind]["options"], PortKinds[Kind]["description"]>;
} = {
  packet: { open: openPacketPort, adopt: (description) => new PacketPort(description) },
  tun: { open: (options) => openTunPort({ ...options, tap: false }), adopt: (d) => new TunPort(d) },
  tap: { open: (options) => openTunPort({ ...options, tap: true }), adopt: (d) => new TunPort(d) },
  memory: { open: (options) => ({ ...options, kind: "memory" }), adopt: (d) => memoryPortOn(d.wire, d) },
  pcap: {
    open: (options) => ({ ...options, kind: "pcap" }),
    adopt: ({ input, ...options }) =>
      new PcapPort(input === undefined ? options : { ...options, input: readPcapFile(input, options.link) }),
  },
};

export const PORT_KINDS = Object.keys(drivers) as PortKind[];

/** Opens a port in the namespace of the calling thread. */
export function openPort(options: PortOptions): PortDescription {
  const driver = drivers[options.kind] as PortDriver<PortOptions, PortDescription>;
  return driver.open(options);
}

/** The port of a description, in the thread that will use it. */
export function adoptPort(description: PortDescription): DevicePort {
  const driver = drivers[description.kind] as PortDriver<PortOptions, PortDescription>;
  return driver.adopt(description);
}
