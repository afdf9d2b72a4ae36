import { etherTypeType } from "../datatype/symbolic.ts";
import { field, number, type Protocol } from "./protocol.ts";

/** A header that carries packets, which rules look into since nft 1.0.7 (nft_inner). */
export interface Tunnel {
  readonly name: string;
  /** Its number in bytecode. */
  readonly type: number;
  /** Bytes of its own header. */
  readonly headerSize: number;
  /** NFT_INNER_*: 1 it has a header, 2 then a link header, 4 network, 8 transport. */
  readonly flags: number;
  /** What must be known of the packet round it. */
  readonly over: "udp" | "gre";
  /** Fields of its own header. */
  readonly row: Protocol;
}

const row = (name: string, fields: Protocol["fields"]): Protocol => ({ name, base: "transport", fields });

/** RFC 2784. Of the transport layer where packets may be known to be GRE: nft 1.0.6 does not know it. */
export const greRow: Protocol = row("gre", [
  number("flags", 0, 5),
  number("version", 13, 3),
  field("protocol", etherTypeType, 16),
]);

const ROWS: readonly Tunnel[] = [
  // RFC 7348.
  {
    name: "vxlan",
    type: 1,
    headerSize: 8,
    flags: 15,
    over: "udp",
    row: row("vxlan", [number("flags", 0, 8), number("vni", 32, 24)]),
  },
  // RFC 8926.
  {
    name: "geneve",
    type: 2,
    headerSize: 8,
    flags: 15,
    over: "udp",
    row: row("geneve", [field("type", etherTypeType, 16), number("vni", 32, 24)]),
  },
  { name: "gre", type: 3, headerSize: 4, flags: 12, over: "gre", row: greRow },
  { name: "gretap", type: 4, headerSize: 4, flags: 14, over: "gre", row: row("gretap", []) },
];

export const TUNNELS: ReadonlyMap<string, Tunnel> = new Map(ROWS.map((tunnel) => [tunnel.name, tunnel]));

/** IPPROTO_GRE. */
export const GRE = 47;
