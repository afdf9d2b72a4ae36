import { MemoryPort, type MemoryPortOptions } from "../../core/port_memory.ts";
import type { DevicePort } from "./device_port.ts";

/** A port in memory (core/port_memory.ts) where the data plane wants a device: nothing to wait for, always there. */
export class MemoryDevicePort extends MemoryPort implements DevicePort {
  readonly fd = -1;
  readonly mac = undefined;
  readonly missing = false;

  refresh(): void {}

  reopen(): boolean {
    return true;
  }
}

export { type Faults, memoryPair, MemoryPort, type MemoryPortOptions } from "../../core/port_memory.ts";

const wires = new Map<string, MemoryDevicePort>();

/** The port at one end of a named wire of this thread: the first caller waits for the second, then the name is free. */
export function memoryPortOn(wire: string, options: MemoryPortOptions): MemoryDevicePort {
  const port = new MemoryDevicePort(options), other = wires.get(wire);
  if (other === undefined) wires.set(wire, port);
  else {
    wires.delete(wire);
    MemoryPort.join(port, other);
  }
  return port;
}
