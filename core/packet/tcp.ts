/** TCP, RFC 9293. Offsets from the start of the header. */
export const TCP = {
  sport: 0,
  dport: 2,
  sequence: 4,
  acknowledgement: 8,
  offset: 12,
  flags: 13,
  window: 14,
  checksum: 16,
  urgent: 18,
  size: 20,
} as const;

/** True when the fixed header is inside; options need `tcpHeaderLength` within `end` as well. */
export const tcpFits = (at: number, end: number): boolean => at + TCP.size <= end;

/** Header length in bytes, 0..60. */
export const tcpHeaderLength = (b: Uint8Array, at: number): number => (b[at + TCP.offset]! >>> 4) << 2;

export const TCP_FIN = 1;
export const TCP_SYN = 2;
export const TCP_RST = 4;
export const TCP_PSH = 8;
export const TCP_ACK = 16;
export const TCP_URG = 32;
export const TCP_ECE = 64;
export const TCP_CWR = 128;

export const TCP_OPTION_END = 0;
export const TCP_OPTION_NOP = 1;
export const TCP_OPTION_MSS = 2;
export const TCP_OPTION_WINDOW_SCALE = 3;
export const TCP_OPTION_SACK_PERMITTED = 4;
export const TCP_OPTION_SACK = 5;
export const TCP_OPTION_TIMESTAMP = 8;
