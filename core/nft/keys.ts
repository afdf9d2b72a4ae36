import type { CtKey, MetaKey } from "../expr/expression.ts";
import { etherType, ipv4Type, ipv6Type } from "./datatype/address.ts";
import {
  ctDirectionType,
  ctEventType,
  ctLabelType,
  ctStateType,
  ctStatusType,
} from "./datatype/connection.ts";
import {
  deviceGroupType,
  groupType,
  interfaceIndexType,
  interfaceNameType,
  interfaceTypeType,
  userType,
} from "./datatype/interface.ts";
import { inetProtocolType, inetServiceType } from "./datatype/protocol.ts";
import * as symbolic from "./datatype/symbolic.ts";
import { dateType, hourType, timeType } from "./datatype/time.ts";
import { type ByteOrder, type DataType, integerType, invalidType, stringType } from "./types.ts";

/** A key of `meta`: its name in the language, in bytecode, and what it holds. */
export interface MetaRow {
  readonly name: string;
  readonly key: MetaKey;
  readonly type: DataType;
  readonly bits: number;
  readonly order: ByteOrder;
  /** Written without `meta`. */
  readonly bare: boolean;
  /** Came after nft 1.0.6. */
  readonly newest?: true;
}

const meta = (
  name: string,
  key: MetaKey,
  type: DataType,
  bits: number = type.bits,
  order: ByteOrder = type.order,
  bare = false,
): MetaRow => ({ name, key, type, bits, order, bare });
const bare = (name: string, key: MetaKey, type: DataType, bits: number = type.bits): MetaRow =>
  meta(name, key, type, bits, type.order, true);

const META_ROWS: readonly MetaRow[] = [
  meta("length", "len", integerType, 32),
  meta("protocol", "protocol", symbolic.etherTypeType),
  meta("priority", "priority", symbolic.classIdType),
  meta("mark", "mark", symbolic.markType),
  bare("iif", "iif", interfaceIndexType),
  bare("oif", "oif", interfaceIndexType),
  bare("iifname", "iifname", interfaceNameType),
  bare("oifname", "oifname", interfaceNameType),
  meta("iiftype", "iiftype", interfaceTypeType),
  meta("oiftype", "oiftype", interfaceTypeType),
  meta("skuid", "skuid", userType),
  meta("skgid", "skgid", groupType),
  meta("nftrace", "nftrace", integerType, 1),
  meta("rtclassid", "rtclassid", symbolic.realmType),
  meta("secmark", "secmark", integerType, 32),
  meta("nfproto", "nfproto", symbolic.netfilterProtocolType),
  meta("l4proto", "l4proto", inetProtocolType),
  meta("ibrname", "bri_iifname", interfaceNameType),
  meta("obrname", "bri_oifname", interfaceNameType),
  meta("pkttype", "pkttype", symbolic.packetTypeType),
  meta("cpu", "cpu", integerType, 32),
  bare("iifgroup", "iifgroup", deviceGroupType),
  bare("oifgroup", "oifgroup", deviceGroupType),
  meta("cgroup", "cgroup", integerType, 32),
  meta("random", "random", integerType, 32, "big"),
  meta("ipsec", "secpath", symbolic.booleanType, 1),
  meta("iifkind", "iifkind", interfaceNameType),
  meta("oifkind", "oifkind", interfaceNameType),
  meta("ibrpvid", "bri_iifpvid", integerType, 16),
  meta("ibrvproto", "bri_iifvproto", symbolic.etherTypeType),
  meta("time", "time", dateType),
  meta("day", "day", symbolic.dayType),
  meta("hour", "hour", hourType),
  meta("sdif", "sdif", interfaceIndexType),
  meta("sdifname", "sdifname", interfaceNameType),
  { ...meta("broute", "broute", integerType, 1), newest: true },
  { ...meta("ibrhwaddr", "ibrhwaddr", etherType), newest: true },
];

export const META_KEYS: ReadonlyMap<string, MetaRow> = new Map([
  ...META_ROWS.map((row) => [row.name, row] as const),
  ["secpath", META_ROWS.find((row) => row.name === "ipsec")!],
  ["ibriport", META_ROWS.find((row) => row.name === "ibrname")!],
  ["obriport", META_ROWS.find((row) => row.name === "obrname")!],
]);

/** Meta keys that may stand without `meta`. */
export const UNQUALIFIED_META: ReadonlySet<string> = new Set(
  ("mark iif iifname iiftype oif oifname oiftype skuid skgid nftrace rtclassid pkttype cpu iifgroup oifgroup " +
    "cgroup ipsec time day hour ibrname ibriport obrname obriport").split(" "),
);

export const metaByKey = (key: MetaKey): MetaRow | undefined => META_ROWS.find((row) => row.key === key);

/** A key of `ct`. */
export interface CtRow {
  readonly name: string;
  readonly key: CtKey;
  readonly type: DataType;
  readonly bits: number;
  readonly order: ByteOrder;
  /** May follow `original` or `reply`. */
  readonly directed: boolean;
}

const ct = (name: string, key: CtKey, type: DataType, bits = type.bits, directed = false): CtRow => ({
  name,
  key,
  type,
  bits,
  order: type.order,
  directed,
});

const CT_ROWS: readonly CtRow[] = [
  ct("state", "state", ctStateType),
  ct("direction", "direction", ctDirectionType),
  ct("status", "status", ctStatusType),
  ct("mark", "mark", symbolic.markType),
  ct("expiration", "expiration", timeType, 32),
  ct("helper", "helper", stringType, 128),
  ct("l3proto", "l3protocol", symbolic.netfilterProtocolType, 8, true),
  ct("saddr", "src", invalidType, 128, true),
  ct("daddr", "dst", invalidType, 128, true),
  ct("protocol", "protocol", inetProtocolType, 8, true),
  ct("proto-src", "proto_src", inetServiceType, 16, true),
  ct("proto-dst", "proto_dst", inetServiceType, 16, true),
  ct("label", "label", ctLabelType, 128),
  ct("packets", "packets", integerType, 64, true),
  ct("bytes", "bytes", integerType, 64, true),
  ct("avgpkt", "avgpkt", integerType, 64, true),
  ct("zone", "zone", integerType, 16, true),
  ct("event", "event", ctEventType),
  ct("secmark", "secmark", integerType, 32),
  { ...ct("id", "id", integerType, 32), order: "big" },
];

export const CT_KEYS: ReadonlyMap<string, CtRow> = new Map(CT_ROWS.map((row) => [row.name, row]));

const ADDRESS_ROWS: readonly CtRow[] = [
  ct("saddr", "src_ip", ipv4Type, 32, true),
  ct("daddr", "dst_ip", ipv4Type, 32, true),
  ct("saddr", "src_ip6", ipv6Type, 128, true),
  ct("daddr", "dst_ip6", ipv6Type, 128, true),
];

/** Address keys of a family. */
export const ctAddress = (name: string, family: "ip" | "ip6"): CtRow | undefined =>
  ADDRESS_ROWS.find((row) => row.name === name && row.type === (family === "ip" ? ipv4Type : ipv6Type));

export const ctByKey = (key: CtKey): CtRow | undefined =>
  CT_ROWS.find((row) => row.key === key) ?? ADDRESS_ROWS.find((row) => row.key === key);
