/** ARP for IPv4 over Ethernet, RFC 826. Offsets from the start of the header. */
export const ARP = {
  hardwareType: 0,
  protocolType: 2,
  hardwareLength: 4,
  protocolLength: 5,
  operation: 6,
  senderMac: 8,
  senderAddress: 14,
  targetMac: 18,
  targetAddress: 24,
  size: 28,
} as const;

export const arpFits = (at: number, end: number): boolean => at + ARP.size <= end;

export const ARP_REQUEST = 1;
export const ARP_REPLY = 2;
