import { type Address, formatWords } from "../../packet/address.ts";

/** One neighbour as `ip neigh` shows it. */
export interface NeighbourEntry {
  readonly interface: number;
  readonly address: Address;
  /** Absent while unknown. */
  readonly mac: string | undefined;
  readonly router: boolean;
  /** iproute2's word. */
  readonly state: string;
}

/** A line as iproute2's `ip neigh` prints it, without its trailing space. */
export function formatNeighbour(entry: NeighbourEntry, interfaceName: string): string {
  const mac = entry.mac === undefined ? "" : ` lladdr ${entry.mac}`;
  const address = formatWords(entry.address.family, entry.address.words, 0);
  return `${address} dev ${interfaceName}${mac}${entry.router ? " router" : ""} ${entry.state}`;
}
