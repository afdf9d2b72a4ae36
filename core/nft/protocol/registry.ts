import { arpRow } from "./arp.ts";
import { ethernetRow, vlanRow } from "./ethernet.ts";
import { icmpRow, icmpv6Row, igmpRow } from "./icmp.ts";
import { ipv4Row } from "./ipv4.ts";
import { ipv6Row } from "./ipv6.ts";
import type { Field, HeaderBase, Protocol } from "./protocol.ts";
import { dccpRow, sctpRow } from "./sctp.ts";
import { ahRow, compRow, espRow } from "./security.ts";
import { tcpRow } from "./tcp.ts";
import { portsRow, udpliteRow, udpRow } from "./udp.ts";

/** Every protocol the language knows: add a row here and its fields parse, check, list and print. */
const ROWS = [
  ethernetRow,
  vlanRow,
  arpRow,
  ipv4Row,
  ipv6Row,
  icmpRow,
  igmpRow,
  icmpv6Row,
  ahRow,
  espRow,
  compRow,
  udpRow,
  udpliteRow,
  tcpRow,
  dccpRow,
  sctpRow,
  portsRow,
] as const;

export const PROTOCOLS: ReadonlyMap<string, Protocol> = new Map(
  ROWS.map((row): [string, Protocol] => [row.name, row]),
);

/** Names of protocols and of their fields, as types: what programs write is checked before it runs. */
export type ProtocolName = typeof ROWS[number]["name"];
export type FieldName<P extends ProtocolName> = Extract<
  typeof ROWS[number],
  { readonly name: P }
>["fields"][number]["name"];

export const fieldOf = (protocol: Protocol, name: string): Field | undefined =>
  protocol.fields.find((field) => field.name === name);

/** The protocol a value of `protocol.nextField` announces. */
export function nextProtocol(protocol: Protocol, value: bigint): Protocol | undefined {
  const row = protocol.next?.find(([number]) => BigInt(number) === value);
  return row === undefined ? undefined : PROTOCOLS.get(row[1]);
}

/** The value of `protocol.nextField` that announces `upper`. */
export const nextNumber = (protocol: Protocol, upper: Protocol): number | undefined =>
  protocol.next?.find(([, name]) => name === upper.name)?.[0];

/** The first field that covers exactly these bits. */
export const fieldAt = (protocol: Protocol, offset: number, bits: number): Field | undefined =>
  protocol.fields.find((field) => field.offset === offset && field.bits === bits);

/** Protocols that may stand at a base. */
export const protocolsAt = (base: HeaderBase): Protocol[] =>
  [...PROTOCOLS.values()].filter((protocol) => protocol.base === base);
