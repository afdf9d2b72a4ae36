import { u16, u32 } from "../../packet/bytes.ts";
import { IPV6, NEXT_HOP_BY_HOP } from "../../packet/ipv6.ts";

/** Multicast listener discovery: version 1 RFC 2710, version 2 RFC 3810. Offsets from the ICMPv6 header. */
export const MLD = { maximumDelay: 4, group: 8, size: 24 } as const;
/** Query of version 2: S flag and robustness, interval code, number of sources. */
export const MLD2_QUERY = { robustness: 24, interval: 25, sources: 26, size: 28 } as const;
export const MLD2_REPORT = { records: 6, size: 8 } as const;
/** Record of a report: type, auxiliary length, number of sources, group. */
export const MLD2_RECORD = { type: 0, group: 4, size: 20 } as const;

export const MODE_IS_EXCLUDE = 2;
export const CHANGE_TO_INCLUDE = 3;
export const CHANGE_TO_EXCLUDE = 4;

/** What a query asks. Filled by `parseQuery`. */
export class MldQuery {
  version: 1 | 2 = 2;
  /** Milliseconds within which to answer. */
  maximumDelay = 0;
  /** Unspecified: all groups. */
  readonly group = new Uint32Array(4);
  /** 0: the querier does not say. */
  robustness = 0;

  /** False when the message is neither version's query. */
  parse(b: Uint8Array, at: number, end: number): boolean {
    const length = end - at;
    if (length !== MLD.size && length < MLD2_QUERY.size) return false;
    for (let i = 0; i < 4; i++) this.group[i] = u32(b, at + MLD.group + 4 * i);
    this.version = length === MLD.size ? 1 : 2;
    const code = u16(b, at + MLD.maximumDelay);
    this.robustness = 0;
    if (this.version === 1) {
      this.maximumDelay = code;
      return true;
    }
    // A floating-point code from 32768 on (RFC 3810 5.1.3).
    this.maximumDelay = code < 32768 ? code : ((code & 0xfff) | 0x1000) * 2 ** (((code >>> 12) & 7) + 3);
    this.robustness = b[at + MLD2_QUERY.robustness]! & 7;
    return at + MLD2_QUERY.size + 16 * u16(b, at + MLD2_QUERY.sources) <= end;
  }
}

/** Whether the packet carries the router alert of RFC 2711 with value 0, as every MLD message must. */
export function hasRouterAlert(b: Uint8Array, network: number, end: number): boolean {
  if (b[network + IPV6.nextHeader] !== NEXT_HOP_BY_HOP) return false;
  const header = network + IPV6.size;
  if (header + 8 > end) return false;
  const stop = Math.min(end, header + (b[header + 1]! + 1) * 8);
  for (let at = header + 2; at < stop;) {
    if (b[at] === 0) {
      at++;
      continue;
    }
    if (at + 2 > stop || at + 2 + b[at + 1]! > stop) return false;
    if (b[at] === 5) return b[at + 1] === 2 && u16(b, at + 2) === 0;
    at += 2 + b[at + 1]!;
  }
  return false;
}
