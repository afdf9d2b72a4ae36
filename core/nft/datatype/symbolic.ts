import { type DataType, integerType, parseNumber, type Symbolic } from "../types.ts";

const named = (
  name: string,
  description: string,
  bits: number,
  order: "big" | "host",
  symbols: readonly Symbolic[],
  hexDigits?: number,
  symbolDigits?: number,
): DataType => ({
  name,
  description,
  bits,
  order,
  base: integerType,
  symbols,
  ...(hexDigits === undefined ? {} : { hexDigits }),
  ...(symbolDigits === undefined ? {} : { symbolDigits }),
});

export const markType: DataType = {
  name: "mark",
  description: "packet mark",
  bits: 32,
  order: "host",
  base: integerType,
  hexDigits: 8,
};

export const booleanType: DataType = {
  name: "boolean",
  description: "boolean type",
  bits: 1,
  order: "host",
  base: integerType,
  symbols: [["exists", 1], ["missing", 0]],
};

/** NFPROTO_IPV4 and NFPROTO_IPV6. */
export const netfilterProtocolType = named("nf_proto", "netfilter protocol", 8, "host", [["ipv4", 2], [
  "ipv6",
  10,
]]);

export const packetTypeType = named("pkt_type", "packet type", 8, "host", [
  ["host", 0],
  ["unicast", 0],
  ["broadcast", 1],
  ["multicast", 2],
  ["other", 3],
]);

export const etherTypeType = named("ether_type", "Ethernet protocol", 16, "big", [
  ["ip", 0x0800],
  ["arp", 0x0806],
  ["ip6", 0x86dd],
  ["8021q", 0x8100],
  ["8021ad", 0x88a8],
  ["vlan", 0x8100],
], 4);

export const dscpType = named("dscp", "Differentiated Services Code Point", 6, "big", [
  ["cs0", 0x00],
  ["cs1", 0x08],
  ["cs2", 0x10],
  ["cs3", 0x18],
  ["cs4", 0x20],
  ["cs5", 0x28],
  ["cs6", 0x30],
  ["cs7", 0x38],
  ["df", 0x00],
  ["be", 0x00],
  ["lephb", 0x01],
  ["af11", 0x0a],
  ["af12", 0x0c],
  ["af13", 0x0e],
  ["af21", 0x12],
  ["af22", 0x14],
  ["af23", 0x16],
  ["af31", 0x1a],
  ["af32", 0x1c],
  ["af33", 0x1e],
  ["af41", 0x22],
  ["af42", 0x24],
  ["af43", 0x26],
  ["va", 0x2c],
  ["ef", 0x2e],
], 2);

export const ecnType = named("ecn", "Explicit Congestion Notification", 2, "big", [
  ["not-ect", 0],
  ["ect1", 1],
  ["ect0", 2],
  ["ce", 3],
]);

export const dayType: DataType = {
  ...named("day", "Day of week of packet reception", 8, "host", [
    ["Sunday", 0],
    ["Monday", 1],
    ["Tuesday", 2],
    ["Wednesday", 3],
    ["Thursday", 4],
    ["Friday", 5],
    ["Saturday", 6],
  ]),
  quoted: true,
  most: 6n,
};

export const fibTypeType = named("fib_addrtype", "fib address type", 32, "host", [
  ["unspec", 0],
  ["unicast", 1],
  ["local", 2],
  ["broadcast", 3],
  ["anycast", 4],
  ["multicast", 5],
  ["blackhole", 6],
  ["unreachable", 7],
  ["prohibit", 8],
]);

export const mobilityType = named("mh_type", "Mobility Header Type", 8, "big", [
  ["binding-refresh-request", 0],
  ["home-test-init", 1],
  ["careof-test-init", 2],
  ["home-test", 3],
  ["careof-test", 4],
  ["binding-update", 5],
  ["binding-acknowledgement", 6],
  ["binding-error", 7],
  ["fast-binding-update", 8],
  ["fast-binding-acknowledgement", 9],
  ["fast-binding-advertisement", 10],
  ["experimental-mobility-header", 11],
  ["home-agent-switch-message", 12],
]);

export const arpOperationType = named(
  "arp_op",
  "ARP operation",
  16,
  "big",
  [
    ["request", 1],
    ["reply", 2],
    ["rrequest", 3],
    ["rreply", 4],
    ["inrequest", 8],
    ["inreply", 9],
    ["nak", 10],
  ],
  undefined,
  4,
);

export const igmpType = named("igmp_type", "IGMP type", 8, "big", [
  ["membership-query", 17],
  ["membership-report-v1", 18],
  ["membership-report-v2", 22],
  ["membership-report-v3", 34],
  ["leave-group", 23],
]);

export const dccpType = named("dccp_pkttype", "DCCP packet type", 4, "big", [
  ["request", 0],
  ["response", 1],
  ["data", 2],
  ["ack", 3],
  ["dataack", 4],
  ["closereq", 5],
  ["close", 6],
  ["reset", 7],
  ["sync", 8],
  ["syncack", 9],
], 2);

export const realmType: DataType = {
  ...named("realm", "routing realm", 32, "host", [["cosmos", 0]]),
  quoted: true,
};

/** `major:minor` in hexadecimal, as tc writes handles. */
export const classIdType: DataType = {
  name: "classid",
  description: "TC classid",
  bits: 32,
  order: "host",
  base: integerType,
  parse: (text) => {
    if (text === "root") return 0xffffffffn;
    if (text === "none") return 0n;
    const pair = /^([0-9a-fA-F]{0,4}):([0-9a-fA-F]{0,4})$/.exec(text);
    if (pair !== null) return (BigInt("0x0" + pair[1]) << 16n) | BigInt("0x0" + pair[2]);
    return parseNumber(text) ?? { error: "Could not parse TC classid" };
  },
  print: (value) => {
    if (value === 0xffffffffn) return "root";
    if (value === 0n) return "none";
    return `${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
  },
};
