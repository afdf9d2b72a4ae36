/** IEEE 802.1Q tag: two bytes TCI, two bytes of the inner type. Ports move it into the row's `vlan` column. */
export const VLAN = { tci: 0, type: 2, size: 4 } as const;

/** VLAN identifier of a `vlan` column value or TCI, 0..4095. */
export const vlanId = (tag: number): number => tag & 0x0fff;
