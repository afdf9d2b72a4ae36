/** What the room saw and did. Plain cells: the data plane writes, anybody reads. Units: packets unless said. */
export interface NeighbourCounters {
  arpReceived: number;
  arpMalformed: number;
  arpReplied: number;
  ndReceived: number;
  /** Neighbour discovery with another hop limit than 255: it crossed a router (RFC 4861 6.1, 7.1). */
  ndHopLimit: number;
  ndChecksum: number;
  /** Wrong code, length, addresses or options. */
  ndMalformed: number;
  ndReplied: number;
  /** Redirects, and advertisements on interfaces that do not accept them. */
  ndIgnored: number;
  mldReceived: number;
  mldMalformed: number;
  /** Requests left unanswered because too many came in a second. */
  rateLimited: number;
  solicitations: number;
  /** Somebody else uses an address of ours. */
  conflicts: number;
  /** Messages not made because batch or pool had no room; timers make up for them. */
  noRoom: number;
  /** Neighbours not created because the table was full. */
  tableFull: number;
  /** Packets dropped from neighbour queues: too many waited, or no room in the pool. */
  queueDropped: number;
  /** Packets whose neighbour did not answer. */
  unreachable: number;
}

export const neighbourCounters = (): NeighbourCounters => ({
  arpReceived: 0,
  arpMalformed: 0,
  arpReplied: 0,
  ndReceived: 0,
  ndHopLimit: 0,
  ndChecksum: 0,
  ndMalformed: 0,
  ndReplied: 0,
  ndIgnored: 0,
  mldReceived: 0,
  mldMalformed: 0,
  rateLimited: 0,
  solicitations: 0,
  conflicts: 0,
  noRoom: 0,
  tableFull: 0,
  queueDropped: 0,
  unreachable: 0,
});
