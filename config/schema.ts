import { formatMac, parseAddress, parseMac, parsePrefix } from "../core/packet/address.ts";
import type { Located } from "./diagnostic.ts";
import {
  boolean,
  integer,
  list,
  type Mapping,
  mapping,
  named,
  notBuilt,
  parsed,
  type Reader,
  text,
  word,
} from "./read.ts";
import { xfrmEntry } from "./xfrm_entry.ts";

/**
 * The shape of `weir.yaml`: every key there is, what it takes, and nothing else. What keys mean together is
 * checked in `validate/`.
 */

const address = parsed("an IPv4 or IPv6 address", parseAddress);

const MASK_HINT = "write the length of the prefix: 192.168.1.1/24, fd00::1/64";
const withLength = (text: string) => (text.includes("/") ? parsePrefix(text) : undefined);
const interfaceAddress = parsed("an address with its prefix length", withLength, MASK_HINT);
const prefix = parsed("a prefix", parsePrefix);

const mac = parsed("six bytes like 02:00:00:00:00:01", (text) => {
  const bytes = parseMac(text);
  return bytes === undefined ? undefined : formatMac(bytes);
});

/** `default`, or a prefix. */
const destination = parsed(
  "default or a prefix",
  (text) => (text === "default" ? ("default" as const) : parsePrefix(text)),
);

const mark = parsed("a mark like 0x10 or 0x10/0xff", (text) => {
  const match = /^(0x[0-9a-fA-F]{1,8}|\d{1,10})(?:\/(0x[0-9a-fA-F]{1,8}|\d{1,10}))?$/.exec(text);
  if (match === null) return undefined;
  const value = Number(match[1]), mask = Number(match[2] ?? 0xffffffff);
  return value <= 0xffffffff && mask <= 0xffffffff ? { value, mask } : undefined;
});

const table = parsed("a table number of 1 to 4294967295, or main", (text) => {
  if (text === "main") return 254;
  const number = /^\d{1,10}$/.test(text) ? Number(text) : 0;
  return number >= 1 && number <= 0xffffffff ? number : undefined;
});

const mtu = integer(576, 65535, "bytes");
const lifetime = integer(0, 0xffffffff, "seconds");

const route = mapping({
  to: destination,
  via: address,
  metric: integer(0, 0xffffffff),
  table,
  type: word("unicast", "blackhole", "unreachable", "prohibit"),
  mtu,
  onLink: boolean,
}, { gateway: "write the next hop as via" });

const policyRule = mapping({
  from: prefix,
  to: prefix,
  mark,
  table,
  priority: integer(0, 0xffffffff),
  incoming: text,
});

const interfacePrefix = parsed("an IPv6 prefix with its length", withLength, "like fd00:1:2:3::/64");
const prefixAndLifetimes = mapping({
  prefix: interfacePrefix,
  validLifetime: lifetime,
  preferredLifetime: lifetime,
});

/** A prefix alone, or with its lifetimes. */
const advertisedPrefix: Reader<AdvertisedPrefixConfig> = (node, place, report) => {
  if (!("items" in (node ?? {}))) {
    const bare = interfacePrefix(node, place, report);
    return bare && { prefix: bare, validLifetime: undefined, preferredLifetime: undefined };
  }
  const full = prefixAndLifetimes(node, place, report);
  if (full === undefined) return undefined;
  const { prefix } = full.value;
  if (prefix !== undefined) return { ...full.value, prefix };
  if (!full.written.has("prefix")) {
    report(place, "an advertised prefix needs its prefix", { hints: ["prefix: fd00:1:2:3::/64"] });
  }
  return undefined;
};

const ra = mapping({
  prefixes: list(advertisedPrefix),
  dns: list(address),
  mtu: integer(1280, 65535, "bytes"),
  routerLifetime: integer(0, 9000, "seconds"),
  interval: integer(4, 1800, "seconds"),
});

const STATIC_HINT = "use static addresses: addresses: [198.51.100.2/24] and a default route";

/** What a port and a bridge have in common: the routed interface. */
const routed = {
  addresses: list(interfaceAddress),
  routes: list(route),
  routingPolicy: list(policyRule),
  acceptRa: boolean,
  ra,
  mtu,
  macaddress: mac,
  local: word("tun", "tap", "none"),
  dhcp4: notBuilt("a DHCP client", STATIC_HINT),
  dhcp6: notBuilt("a DHCPv6 client", STATIC_HINT),
};

const NETPLAN_KEYS = {
  gateway4: "write a route: routes: [{ to: default, via: ADDRESS }]",
  gateway6: "write a route: routes: [{ to: default, via: ADDRESS }]",
  nameservers: "weir resolves no names; what it tells hosts stands under ra: dns:",
};

const port = mapping({ ...routed, match: mapping({ name: text, macaddress: mac }) }, NETPLAN_KEYS);

const bridge = mapping({
  ...routed,
  interfaces: list(text),
  parameters: mapping({ ageingTime: integer(10, 1_000_000, "seconds"), stp: word("pass", "block") }),
}, { ...NETPLAN_KEYS, ports: "a bridge lists its members under interfaces:" });

const sectors = integer(0, 999_999_999_999_999, "sectors");
const volume = mapping({
  device: text,
  cipher: word("aes-xts-plain64", "aes-cbc-essiv:sha256"),
  keyFile: text,
  keySize: integer(128, 512, "bits"),
  offset: sectors,
  skip: sectors,
  size: integer(1, 999_999_999_999_999, "sectors"),
  sectorSize: parsed(
    "512",
    (text) => (text === "512" ? 512 : undefined),
    "larger encryption sectors are not built",
  ),
}, {
  hash: "a volume's key stands in its key-file; passphrases are for weir disk read --hash",
  key: "keys stand in files of their own: key-file: keys/NAME.key",
});

export const document = mapping({
  version: parsed("version 1", (text) => (text === "1" ? 1 : undefined)),
  hostname: text,
  ports: named(port),
  bridges: named(bridge),
  routes: list(route),
  routingPolicy: list(policyRule),
  ruleset: text,
  admin: mapping({ listen: list(address), port: integer(1, 65535), tokenFile: text }),
  conntrack: mapping({ max: integer(64, 1 << 24, "flows") }),
  flows: word("keep"),
  xfrm: mapping({ states: list(xfrmEntry), policies: list(xfrmEntry) }),
  volumes: named(volume),
  log: mapping({ level: word("debug", "info", "warning", "error") }),
}, {
  network: "weir.yaml has no network: level; its keys stand at the left",
  ethernets: "Ethernet devices stand under ports:",
  vlans: "VLAN interfaces are not built yet",
  wifis: "weir drives Ethernet ports only",
  renderer: "weir is its own renderer; leave the key out",
});

type Value<R> = R extends Reader<infer T> ? T : never;
type MappingValue<R> = Value<R> extends Located<infer T> ? T : never;

export type DocumentConfig = MappingValue<typeof document>;
export type RouteConfig = Value<typeof route>;
export type PolicyRuleConfig = Value<typeof policyRule>;
export type AdvertiseConfig = Value<typeof ra>;
export type RoutedConfig = Mapping<typeof routed>;
export type PortConfig = MappingValue<typeof port>;
export type BridgeConfig = MappingValue<typeof bridge>;
export type VolumeConfig = MappingValue<typeof volume>;
export interface AdvertisedPrefixConfig {
  readonly prefix: Value<typeof interfacePrefix>;
  readonly validLifetime: Located<number> | undefined;
  readonly preferredLifetime: Located<number> | undefined;
}
