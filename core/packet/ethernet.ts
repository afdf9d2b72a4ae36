/** Ethernet II, IEEE 802.3 clause 3. Offsets from the start of the header. */
export const ETHERNET = { destination: 0, source: 6, type: 12, size: 14 } as const;

export const ethernetFits = (at: number, end: number): boolean => at + ETHERNET.size <= end;

export const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_ARP = 0x0806;
export const ETHERTYPE_VLAN = 0x8100;
export const ETHERTYPE_IPV6 = 0x86dd;
export const ETHERTYPE_QINQ = 0x88a8;

/** Group bit: broadcast or multicast. */
export const isGroup = (b: Uint8Array, at: number): boolean => (b[at]! & 1) !== 0;

export const isBroadcast = (b: Uint8Array, at: number): boolean =>
  (b[at]! & b[at + 1]! & b[at + 2]! & b[at + 3]! & b[at + 4]! & b[at + 5]!) === 255;

export const sameMac = (a: Uint8Array, at: number, b: Uint8Array, from: number): boolean =>
  a[at] === b[from] && a[at + 1] === b[from + 1] && a[at + 2] === b[from + 2] && a[at + 3] === b[from + 3] &&
  a[at + 4] === b[from + 4] && a[at + 5] === b[from + 5];

export function copyMac(to: Uint8Array, at: number, from: Uint8Array, start: number): void {
  for (let i = 0; i < 6; i++) to[at + i] = from[start + i]!;
}
