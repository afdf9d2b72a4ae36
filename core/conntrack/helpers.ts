import { PROTOCOL_TCP, PROTOCOL_UDP } from "../packet/ipv4.ts";

/**
 * Helpers a rule can assign to a flow, by the kernel's names. A flow remembers its helper's place here, over restarts
 * too: only ever add at the end.
 */
const HELPERS: readonly (readonly [name: string, ...protocols: number[]])[] = [
  ["ftp", PROTOCOL_TCP],
  ["tftp", PROTOCOL_UDP],
  ["sip", PROTOCOL_TCP, PROTOCOL_UDP],
  ["irc", PROTOCOL_TCP],
  ["pptp", PROTOCOL_TCP],
  ["amanda", PROTOCOL_UDP],
  ["RAS", PROTOCOL_UDP],
  ["Q.931", PROTOCOL_TCP],
  ["netbios-ns", PROTOCOL_UDP],
  ["sane", PROTOCOL_TCP],
  ["snmp_trap", PROTOCOL_UDP],
];

/** A helper's slot, 1 and up; 0 when there is none of that name for the protocol. */
export const helperSlot = (name: string, protocol: number): number =>
  HELPERS.findIndex(([known, ...protocols]) => known === name && protocols.includes(protocol)) + 1;

/** Empty for slot 0. */
export const helperName = (slot: number): string => HELPERS[slot - 1]?.[0] ?? "";

export const HELPER_NAMES: readonly string[] = HELPERS.map(([name]) => name);
