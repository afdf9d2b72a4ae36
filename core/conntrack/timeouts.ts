/**
 * Timeouts in seconds, named and defaulted as the kernel's sysctls net.netfilter.nf_conntrack_*_timeout*, and the
 * few switches beside them.
 */
export interface Timeouts {
  tcpSynSent: number;
  tcpSynRecv: number;
  tcpEstablished: number;
  tcpFinWait: number;
  tcpCloseWait: number;
  tcpLastAck: number;
  tcpTimeWait: number;
  tcpClose: number;
  /** After `tcpMaxRetrans` retransmissions without an answer, and while the window is 0. */
  tcpMaxRetransmission: number;
  /** While data is not acknowledged, and for flows picked up in the middle until the other side answers. */
  tcpUnacknowledged: number;
  udp: number;
  udpStream: number;
  icmp: number;
  icmpv6: number;
  gre: number;
  greStream: number;
  generic: number;
}

export const DEFAULT_TIMEOUTS: Timeouts = {
  tcpSynSent: 120,
  tcpSynRecv: 60,
  tcpEstablished: 432000,
  tcpFinWait: 120,
  tcpCloseWait: 60,
  tcpLastAck: 30,
  tcpTimeWait: 120,
  tcpClose: 10,
  tcpMaxRetransmission: 300,
  tcpUnacknowledged: 300,
  udp: 30,
  udpStream: 120,
  icmp: 30,
  icmpv6: 30,
  gre: 30,
  greStream: 180,
  generic: 600,
};

/** nf_conntrack_checksum, _tcp_loose, _tcp_be_liberal, _tcp_max_retrans, _tcp_ignore_invalid_rst. */
export interface Switches {
  /** Verify checksums in prerouting; a wrong one makes the packet INVALID. */
  checksum: boolean;
  /** Pick up connections whose opening was not seen. */
  tcpLoose: boolean;
  /** Only resets outside the window are INVALID. */
  tcpLiberal: boolean;
  tcpMaxRetrans: number;
  tcpIgnoreInvalidRst: boolean;
}

export const DEFAULT_SWITCHES: Switches = {
  checksum: true,
  tcpLoose: true,
  tcpLiberal: false,
  tcpMaxRetrans: 3,
  tcpIgnoreInvalidRst: false,
};

/** Deadlines are compared on a 32-bit millisecond clock: nothing may lie further ahead than half of it. */
const MOST_SECONDS = 2_000_000;

/** Milliseconds of a timeout, clamped to 0..2,000,000 s (23 days). */
export const milliseconds = (seconds: number): number =>
  Math.floor(Math.min(Math.max(seconds, 0), MOST_SECONDS) * 1000);
