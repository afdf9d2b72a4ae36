/** Why packets were INVALID: plain counters, one for each of the kernel's nf_conntrack_log_invalid lines. */
export interface InvalidReasons {
  /** Truncated headers, lying lengths. */
  malformed: number;
  checksum: number;
  /** A protocol that cannot open a flow with this message (ICMP replies, unknown types). */
  unsolicited: number;
  /** Reply of a flow whose first packet has not passed yet. */
  early: number;
  tcp_flags: number;
  /** TCP packet its state does not allow. */
  tcp_state: number;
  /** Beyond the receiver's window. */
  tcp_sequence: number;
  /** Acknowledges data nobody sent. */
  tcp_acknowledgement: number;
  tcp_reset: number;
  icmp_type: number;
  /** Error about a packet of no known flow. */
  icmp_unrelated: number;
  /** Error sent to another than the sender of the packet it quotes. */
  icmp_address: number;
}

export const invalidReasons = (): InvalidReasons => ({
  malformed: 0,
  checksum: 0,
  unsolicited: 0,
  early: 0,
  tcp_flags: 0,
  tcp_state: 0,
  tcp_sequence: 0,
  tcp_acknowledgement: 0,
  tcp_reset: 0,
  icmp_type: 0,
  icmp_unrelated: 0,
  icmp_address: 0,
});
