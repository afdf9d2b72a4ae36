/** UDP, RFC 768. Offsets from the start of the header. */
export const UDP = { sport: 0, dport: 2, length: 4, checksum: 6, size: 8 } as const;

/** True when every accessor of a UDP header at `at` stays inside `end`. Accessors do not check again. */
export const udpFits = (at: number, end: number): boolean => at + UDP.size <= end;
