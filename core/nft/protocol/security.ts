import { inetProtocolType } from "../datatype/protocol.ts";
import { type DataType, integerType } from "../types.ts";
import { field, number, type Protocol } from "./protocol.ts";
import { TRANSPORTS } from "./transports.ts";

/** RFC 4302. */
export const ahRow = {
  name: "ah",
  base: "transport",
  fields: [
    field("nexthdr", inetProtocolType, 0),
    number("hdrlength", 8, 8),
    number("reserved", 16, 16),
    number("spi", 32, 32),
    number("sequence", 64, 32),
  ],
  nextField: "nexthdr",
  next: TRANSPORTS,
} as const satisfies Protocol;

/** RFC 4303. */
export const espRow = {
  name: "esp",
  base: "transport",
  fields: [number("spi", 0, 32), number("sequence", 32, 32)],
} as const satisfies Protocol;

const hexadecimal: DataType = {
  name: "bitmask",
  description: "bitmask",
  bits: 8,
  order: "big",
  base: integerType,
  hexDigits: 0,
};

/** RFC 3173. */
export const compRow = {
  name: "comp",
  base: "transport",
  fields: [field("nexthdr", inetProtocolType, 0), field("flags", hexadecimal, 8, 8), number("cpi", 16, 16)],
  nextField: "nexthdr",
  next: TRANSPORTS,
} as const satisfies Protocol;
