import { formatIpv6, parseIpv4, parseIpv6 } from "./address_text.ts";
import { type DataType, integerType, parseNumber } from "../types.ts";

const FAMILY_MISMATCH = "Could not resolve hostname: Address family for hostname not supported";
const UNKNOWN_NAME = "Could not resolve hostname: Name or service not known";
const NO_NAMES = "names are not looked up; write the address";

/** inet_aton takes a plain number for the whole address. */
function number32(text: string): bigint | undefined {
  const value = parseNumber(text);
  return value === undefined || value > 0xffffffffn ? undefined : value;
}

export const ipv4Type: DataType = {
  name: "ipv4_addr",
  description: "IPv4 address",
  bits: 32,
  order: "big",
  base: integerType,
  parse: (text) => {
    const value = parseIpv4(text) ?? number32(text);
    if (value !== undefined) return value;
    return text.includes(":") && parseIpv6(text) !== undefined
      ? { error: FAMILY_MISMATCH }
      : { error: UNKNOWN_NAME, hint: NO_NAMES };
  },
  print: (value) => [24n, 16n, 8n, 0n].map((shift) => ((value >> shift) & 255n).toString()).join("."),
};

export const ipv6Type: DataType = {
  name: "ipv6_addr",
  description: "IPv6 address",
  bits: 128,
  order: "big",
  base: integerType,
  parse: (text) => {
    const value = parseIpv6(text);
    if (value !== undefined) return value;
    return parseIpv4(text) !== undefined
      ? { error: FAMILY_MISMATCH }
      : { error: UNKNOWN_NAME, hint: NO_NAMES };
  },
  print: formatIpv6,
};

export const linkLayerType: DataType = {
  name: "ll_addr",
  description: "link layer address",
  bits: 0,
  order: "big",
  base: integerType,
};

export const etherType: DataType = {
  name: "ether_addr",
  description: "Ethernet address",
  bits: 48,
  order: "big",
  base: linkLayerType,
  parse: (text) => {
    const parts = text.split(":");
    if (parts.length !== 6 || !parts.every((part) => /^[0-9a-fA-F]{1,2}$/.test(part))) {
      return {
        error: "Invalid LL address",
        hint: "six bytes in hexadecimal: 02:00:5e:00:53:01",
      };
    }
    return parts.reduce((value, part) => (value << 8n) | BigInt(parseInt(part, 16)), 0n);
  },
  print: (value) => value.toString(16).padStart(12, "0").replace(/(..)(?=.)/g, "$1:"),
};
