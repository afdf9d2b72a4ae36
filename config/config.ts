import type { Located, Source, Span } from "./diagnostic.ts";
import type { BridgeConfig, DocumentConfig, PortConfig, RoutedConfig } from "./schema.ts";
import type { XfrmConfig } from "./xfrm.ts";

/** A configuration as it was read: every key of the right kind, the names resolved, places kept. */
export interface Config {
  readonly source: Source;
  readonly document: DocumentConfig;
  /** Keys that stand in the file at its top, right or wrong. */
  readonly written: ReadonlySet<string>;
  readonly ports: readonly PortEntry[];
  /** Routed interfaces: every bridge, and every port that is no bridge's member; in the order of the file. */
  readonly interfaces: readonly InterfaceEntry[];
  readonly xfrm?: XfrmConfig;
}

export interface PortEntry {
  readonly name: Located<string>;
  readonly settings: PortConfig;
  /** Place of all that stands under the name. */
  readonly place: Span;
}

export interface BridgeEntry {
  readonly name: Located<string>;
  readonly settings: BridgeConfig;
  readonly place: Span;
}

export interface InterfaceEntry {
  readonly name: Located<string>;
  readonly settings: RoutedConfig;
  /** Names of its wire ports; its own name for a port. */
  readonly members: readonly string[];
  readonly bridge?: BridgeEntry;
}

/** What rules may call a device: interfaces, then ports that are members of bridges. */
export const deviceNames = (config: Config): ReadonlySet<string> =>
  new Set([...config.interfaces, ...config.ports].map((entry) => entry.name.value));

/** What `match` says of a port's device; a port without one is named after its device, as in netplan. */
export interface DeviceMatch {
  readonly name?: string;
  readonly macaddress?: string;
}

export function deviceMatch(port: PortEntry): DeviceMatch {
  const match = port.settings.match?.value;
  const name = match?.name?.value, macaddress = match?.macaddress?.value;
  if (name === undefined && macaddress === undefined) return { name: port.name.value };
  return { ...(name === undefined ? {} : { name }), ...(macaddress === undefined ? {} : { macaddress }) };
}

export function bridgesOf(document: DocumentConfig): readonly BridgeEntry[] {
  return (document.bridges ?? []).map(({ name, value }) => ({
    name,
    settings: value.value,
    place: value.place,
  }));
}

/** Resolves who is a routed interface. Wrong member names are left to `validate/bridges.ts`. */
export function makeConfig(source: Source, document: DocumentConfig, written: ReadonlySet<string>): Config {
  const ports = (document.ports ?? []).map(({ name, value }) => ({
    name,
    settings: value.value,
    place: value.place,
  }));
  const bridges = bridgesOf(document);
  const members = new Set(bridges.flatMap((b) => (b.settings.interfaces ?? []).map((m) => m.value)));
  const interfaces: InterfaceEntry[] = [];
  for (const port of ports) {
    if (members.has(port.name.value)) continue;
    interfaces.push({ name: port.name, settings: port.settings, members: [port.name.value] });
  }
  for (const bridge of bridges) {
    const names = (bridge.settings.interfaces ?? []).map((m) => m.value);
    interfaces.push({ name: bridge.name, settings: bridge.settings, members: names, bridge });
  }
  return { source, document, written, ports, interfaces };
}

/** The name of an interface's local device in the host's stack: its own, or `NAME-l` where a device has that name. */
export function localName(config: Config, entry: InterfaceEntry): string {
  const name = entry.name.value;
  const taken = config.ports.some((port) => deviceMatch(port).name === name);
  return taken ? `${name}-l` : name;
}
