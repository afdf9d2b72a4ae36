import { parseMac, type Prefix } from "../../core/packet/address.ts";
import { TABLE_MAIN } from "../../core/plan.ts";
import { type Config, type DeviceMatch, deviceMatch, type InterfaceEntry, localName } from "../config.ts";
import type { Span } from "../diagnostic.ts";
import { destinationOf, outgoing, writtenRoutes } from "../validate/routes.ts";
import type { LocalRoute } from "./host.ts";

/** The wire port a configuration wants. */
export interface WireWish {
  readonly name: string;
  readonly match: DeviceMatch;
  /** Hears frames for other addresses too: a bridge's member, or an interface with an address of its own. */
  readonly promiscuous: boolean;
  readonly mtu: number | undefined;
  /** For complaints. */
  readonly place: Span;
}

/** The local device an interface wants in the host's stack. */
export interface LocalWish {
  readonly interface: string;
  readonly device: string;
  readonly tap: boolean;
  readonly mac: Uint8Array | undefined;
  readonly mtu: number | undefined;
  /** Names of its wire ports. */
  readonly members: readonly string[];
  readonly addresses: readonly Prefix[];
  readonly routes: readonly LocalRoute[];
}

export function wireWishes(config: Config): WireWish[] {
  return config.ports.map((port) => {
    const { name, settings } = port;
    const match = settings.match?.value;
    const holder = config.interfaces.find((entry) => entry.members.includes(name.value));
    const bridged = holder?.bridge !== undefined;
    return {
      name: name.value,
      match: deviceMatch(port),
      promiscuous: bridged || holder?.settings.macaddress !== undefined,
      mtu: settings.mtu?.value ?? (bridged ? holder.settings.mtu?.value : undefined),
      place: match?.name?.place ?? match?.macaddress?.place ?? name.place,
    };
  });
}

export function localWishes(config: Config): LocalWish[] {
  return config.interfaces.filter((entry) => entry.settings.local?.value !== "none").map((entry) => {
    const { settings } = entry;
    const mac = settings.macaddress && parseMac(settings.macaddress.value);
    return {
      interface: entry.name.value,
      device: localName(config, entry),
      tap: settings.local?.value === "tap",
      mac,
      mtu: settings.mtu?.value,
      members: entry.members,
      addresses: (settings.addresses ?? []).map(({ value }) => value),
      routes: localRoutes(config, entry),
    };
  });
}

/** The main table's way out over an interface: the host's programs choose device and source address by it. */
function localRoutes(config: Config, entry: InterfaceEntry): LocalRoute[] {
  return writtenRoutes(config).flatMap((written) => {
    const { type, table, metric } = written.route.value;
    const unicast = type === undefined || type.value === "unicast";
    if (!unicast || (table?.value ?? TABLE_MAIN) !== TABLE_MAIN) return [];
    if (outgoing(config, written) !== entry) return [];
    return [{ destination: destinationOf(written.route)!, metric: metric?.value ?? 0 }];
  });
}
