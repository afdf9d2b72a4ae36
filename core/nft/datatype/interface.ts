import { type DataType, integerType, parseNumber, stringType } from "../types.ts";

export const interfaceNameType: DataType = {
  name: "ifname",
  description: "network interface name",
  bits: 128,
  order: "host",
  base: stringType,
};

export const interfaceIndexType: DataType = {
  name: "iface_index",
  description: "network interface index",
  bits: 32,
  order: "host",
  base: integerType,
  parse: (text, context) => {
    const index = context.interfaceIndex(text);
    if (index !== undefined) return BigInt(index);
    const number = parseNumber(text);
    if (number !== undefined) return number;
    return {
      error: "Interface does not exist",
      hint: "iifname and oifname match names of interfaces that come later",
    };
  },
  print: (value, _bits, context) => {
    const name = context.interfaceName(Number(value));
    return name === undefined ? value.toString() : `"${name}"`;
  },
};

export const interfaceTypeType: DataType = {
  name: "iface_type",
  description: "network interface type",
  bits: 16,
  order: "host",
  base: integerType,
  symbols: [["ether", 1], ["ppp", 512], ["ipip", 768], ["ipip6", 769], ["loopback", 772], ["sit", 776], [
    "ipgre",
    778,
  ]],
};

export const deviceGroupType: DataType = {
  name: "devgroup",
  description: "devgroup name",
  bits: 32,
  order: "host",
  base: integerType,
  quoted: true,
  symbols: [["default", 0]],
};

const accountType = (kind: "user" | "group", name: string, missing: string): DataType => ({
  name,
  description: `${kind} ID`,
  bits: 32,
  order: "host",
  base: integerType,
  parse: (text, { accounts }) => {
    const known = parseNumber(text) ?? accounts?.number(kind, text) ?? ACCOUNTS.get(text);
    return known === undefined ? { error: missing, hint: "write the number" } : BigInt(known);
  },
  print: (value, _bits, { accounts, accountNames }) => {
    const name = accountNames === true ? accounts?.name(kind, Number(value)) : undefined;
    return name === undefined ? value.toString() : `"${name}"`;
  },
});

export const userType = accountType("user", "uid", "User does not exist");
export const groupType = accountType("group", "gid", "Group does not exist");

// The accounts every Debian has under the same numbers (base-passwd); others differ from machine to machine.
const ACCOUNTS = new Map([["root", 0n], ["daemon", 1n], ["bin", 2n], ["sys", 3n], ["nobody", 65534n]]);
