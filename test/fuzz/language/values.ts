import { below, type Random } from "../../../core/random.ts";
import { features, type FieldFeature, type TypeFeature } from "../../../core/nft/features.ts";

/** Values of a field, made from what the language's descriptors say of its type. */
const all = features();
/** A TCP option's kind is known from its name, addresses of routing headers are counted: no fields to write. */
const written = ({ name }: FieldFeature): boolean => !/^tcp option .* kind$|^rt0 addr$|^srh sid$/.test(name);
export const FIELDS: readonly FieldFeature[] = [...all.fields.filter(written), ...beside()];
const TYPES: ReadonlyMap<string, TypeFeature> = new Map(all.types.map((type) => [type.name, type]));

/** Operands that have no row of their own. */
function beside(): FieldFeature[] {
  const operand = (name: string, type: string, bits: number): FieldFeature => ({
    name,
    group: name.split(" ")[0]!,
    kind: "key",
    type,
    bits,
    help: name,
  });
  return [
    operand("ct original ip saddr", "ipv4_addr", 32),
    operand("ct reply ip6 daddr", "ipv6_addr", 128),
    operand("ct original proto-dst", "inet_service", 16),
    operand("ct reply packets", "integer", 64),
    operand("ct original l3proto", "nf_proto", 8),
    operand("fib saddr oif", "iface_index", 32),
    operand("fib saddr . iif oifname", "ifname", 128),
    operand("fib daddr type", "fib_addrtype", 32),
    operand("rt classid", "realm", 32),
    operand("rt ip nexthop", "ipv4_addr", 32),
    operand("rt ip6 nexthop", "ipv6_addr", 128),
    operand("rt nexthop", "ipv4_addr", 32),
    operand("rt mtu", "integer", 16),
    operand("rt ipsec", "boolean", 1),
    operand("socket transparent", "integer", 1),
    operand("socket mark", "mark", 32),
    operand("socket wildcard", "integer", 1),
    operand("osf name", "string", 128),
    operand("osf ttl skip version", "string", 128),
    operand("ipsec in reqid", "integer", 32),
    operand("ipsec out ip saddr", "ipv4_addr", 32),
    operand("ipsec in spi", "integer", 32),
    operand("numgen inc mod 4", "integer", 32),
    operand("numgen random mod 16 offset 3", "integer", 32),
    operand("jhash ip saddr mod 8", "integer", 32),
    operand("jhash ip saddr . tcp dport mod 8 seed 0x1 offset 2", "integer", 32),
    operand("symhash mod 2", "integer", 32),
    operand("@nh,96,32", "integer", 32),
    operand("@th,16,16", "integer", 16),
    operand("@ll,0,48", "integer", 48),
    operand("@th,3,5", "integer", 5),
    operand("@nh,0,4", "integer", 4),
    operand("tcp option @254,16,8", "integer", 8),
    operand("tcp option sack-perm", "boolean", 1),
    operand("exthdr hbh", "boolean", 1),
    operand("exthdr frag", "boolean", 1),
    operand("ip option ra", "boolean", 1),
    operand("sctp chunk data", "boolean", 1),
    operand("rt0 addr[1]", "ipv6_addr", 128),
    operand("srh sid[2]", "ipv6_addr", 128),
    operand("iifname", "ifname", 128),
    operand("oif", "iface_index", 32),
    operand("mark", "mark", 32),
  ];
}

export const pick = <T>(random: Random, from: readonly T[]): T => from[below(random, from.length)]!;
export const chance = (random: Random, percent: number): boolean => below(random, 100) < percent;

/** One value that fits, mostly. */
export function value(random: Random, field: Pick<FieldFeature, "type" | "bits">): string {
  const type = TYPES.get(field.type);
  if (type?.values !== undefined && type.values.length > 0 && chance(random, 75)) {
    return pick(random, type.values).name;
  }
  const byte = () => below(random, 256);
  switch (field.type) {
    case "ipv4_addr":
    case "invalid":
      return pick(random, [
        `192.0.2.${byte()}`,
        `198.51.100.${byte()}`,
        `10.${byte()}.0.${byte()}`,
        "0.0.0.0",
      ]);
    case "ipv6_addr":
      return pick(random, [
        "2001:db8::1",
        `2001:db8:${byte()}::${byte()}`,
        "::",
        "fe80::1",
        "::ffff:192.0.2.1",
      ]);
    case "ether_addr":
    case "ll_addr":
      return `00:11:22:33:44:${byte().toString(16).padStart(2, "0")}`;
    case "ifname":
      return pick(random, ['"lo"', "eth0", '"eth*"', "wan", '"dummy-0.12"']);
    case "iface_index":
      return pick(random, ['"lo"', "lo", "1", "lo"]);
    case "string":
      return pick(random, ['"Linux"', '"ftp"', "sip"]);
    case "time":
      return pick(random, ["30s", "1h", "2m10s", "1d2h", "50", '"30s"']);
    case "hour":
      return pick(random, ['"17:00"', '"02:30:10"', '"00:00"']);
    case "datetime":
      return pick(random, ['"2024-06-06 17:00"', '"2019-12-24 16:00:00"', "1600000000"]);
    case "classid":
      return pick(random, ["1:2", "none", "root", "ffff:abcd", "0x10002"]);
    case "uid":
    case "gid":
      return pick(random, ["0", "1000", "root"]);
  }
  return number(random, field.bits);
}

function number(random: Random, bits: number): string {
  const most = bits >= 31 || bits <= 0 ? 2 ** 31 : 2 ** bits;
  const found = pick(random, [0, 1, 2, 5, most - 1, most >> 1, below(random, most)]);
  return chance(random, 25) ? `0x${found.toString(16)}` : String(Math.min(found, most - 1));
}

/** Two values, the smaller first where that can be told. */
export function range(random: Random, field: Pick<FieldFeature, "type" | "bits">): string {
  const one = value(random, field), other = value(random, field);
  const a = Number(one), b = Number(other);
  return !Number.isNaN(a) && !Number.isNaN(b) && a > b ? `${other}-${one}` : `${one}-${other}`;
}

export function prefix(random: Random, field: Pick<FieldFeature, "type" | "bits">): string {
  const bits = Math.max(1, field.bits);
  const length = chance(random, 90) ? below(random, bits + 1) : bits + 1;
  return `${value(random, field)}/${length}`;
}
