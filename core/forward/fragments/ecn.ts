/**
 * ECN of a reassembled packet, RFC 3168 5.3 (kernel: ip_frag_ecn_table). `seen` has bit n set when a fragment had
 * code point n (0 not-ECT, 1 ECT(1), 2 ECT(0), 3 CE). Returns bits to set in the traffic class, or ECN_INVALID
 * when the fragments contradict each other.
 */
export function reassembledEcn(seen: number): number {
  if ((seen & 1) !== 0) return seen === 1 ? 0 : ECN_INVALID;
  return (seen & 8) !== 0 ? 3 : 0;
}

export const ECN_INVALID = 255;
