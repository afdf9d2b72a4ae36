import { type DataType, integerType, parseNumber } from "../types.ts";
import { PROTOCOLS } from "./protocol_names.ts";
import { SERVICES } from "./service_names.ts";

const numbers = new Map<string, number>(PROTOCOLS.map(([name, number]) => [name, number]));
// Of two names the first is told.
const names = new Map<bigint, string>(
  PROTOCOLS.map(([name, number]) => [BigInt(number), name] as const).reverse(),
);
// The parser's own keywords, which netdb knows under other names.
numbers.set("icmpv6", 58).set("comp", 108);

export const inetProtocolType: DataType = {
  name: "inet_proto",
  description: "Internet protocol",
  bits: 8,
  order: "big",
  base: integerType,
  parse: (text) => {
    const number = parseNumber(text);
    if (number !== undefined) return number > 255n ? { error: "Protocol out of range" } : number;
    const known = numbers.get(text);
    return known === undefined ? { error: "Could not resolve protocol name" } : BigInt(known);
  },
  print: (value, _bits, context) =>
    (context.numericProtocol ? undefined : names.get(value)) ?? value.toString(),
};

const ports = new Map(SERVICES);
const services = new Map<bigint, string>();
for (const [name, port] of SERVICES) if (!services.has(BigInt(port))) services.set(BigInt(port), name);

export const inetServiceType: DataType = {
  name: "inet_service",
  description: "internet network service",
  bits: 16,
  order: "big",
  base: integerType,
  parse: (text) => {
    const number = parseNumber(text);
    if (number !== undefined) return number > 65535n ? { error: "Service out of range" } : number;
    const known = ports.get(text);
    return known === undefined
      ? { error: "Could not resolve service: Servname not supported for ai_socktype" }
      : BigInt(known);
  },
  print: (value, _bits, context) => {
    const name = context.serviceNames ? services.get(value) : undefined;
    return name === undefined ? value.toString() : `"${name}"`;
  },
};
