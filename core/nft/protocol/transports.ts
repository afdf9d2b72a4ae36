/** Protocol numbers whose headers the table knows (IANA protocol numbers). */
export const TRANSPORTS = [
  [1, "icmp"],
  [2, "igmp"],
  [58, "icmpv6"],
  [50, "esp"],
  [51, "ah"],
  [108, "comp"],
  [17, "udp"],
  [136, "udplite"],
  [6, "tcp"],
  [33, "dccp"],
  [132, "sctp"],
] as const;
