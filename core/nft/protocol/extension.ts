import { ipv6Type } from "../datatype/address.ts";
import { inetProtocolType } from "../datatype/protocol.ts";
import { mobilityType } from "../datatype/symbolic.ts";
import { type DataType, invalidType } from "../types.ts";
import { type Field, field, number } from "./protocol.ts";

export interface ExtensionField extends Field {
  /** An array: `sid[2]`, so many bits apart. */
  readonly indexed?: true;
}

/** An IPv6 extension header, RFC 8200: next-header number and fields. */
export interface ExtensionHeader {
  readonly name: string;
  readonly type: number;
  readonly fields: readonly ExtensionField[];
}

const common = [field("nexthdr", inetProtocolType, 0), number("hdrlength", 8, 8)];
const row = (name: string, type: number, ...fields: ExtensionField[]): ExtensionHeader => ({
  name,
  type,
  fields,
});
const untyped: DataType = { ...invalidType, parse: () => ({ error: "No symbol type information" }) };
const addresses = { ...field("addr", ipv6Type, 64), indexed: true as const };
const segments = { ...field("sid", ipv6Type, 64), indexed: true as const };

export const EXTENSIONS: ReadonlyMap<string, ExtensionHeader> = new Map(
  [
    row("hbh", 0, ...common),
    row("rt", 43, ...common, number("type", 16, 8), number("seg-left", 24, 8)),
    row("srh", 43, number("last-entry", 32, 8), number("flags", 40, 8), number("tag", 48, 16), segments),
    row("rt0", 43, addresses),
    // nft knows the word and no type for it.
    row("rt2", 43, field("addr", untyped, 64, 128)),
    row(
      "frag",
      44,
      field("nexthdr", inetProtocolType, 0),
      number("reserved", 8, 8),
      number("frag-off", 16, 13),
      number("reserved2", 29, 2),
      number("more-fragments", 31, 1),
      number("id", 32, 32),
    ),
    row("dst", 60, ...common),
    row(
      "mh",
      135,
      ...common,
      field("type", mobilityType, 16),
      number("reserved", 24, 8),
      number("checksum", 32, 16),
    ),
  ].map((header) => [header.name, header]),
);
