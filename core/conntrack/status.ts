/** Flow status bits, IPS_* of linux/netfilter/nf_conntrack_common.h (`ct status`). */
export const IPS_EXPECTED = 1 << 0;
/** Packets were seen in both directions. */
export const IPS_SEEN_REPLY = 1 << 1;
/** Never dropped early. */
export const IPS_ASSURED = 1 << 2;
/** The first packet left the router: the flow is in the table for good. */
export const IPS_CONFIRMED = 1 << 3;
export const IPS_SRC_NAT = 1 << 4;
export const IPS_DST_NAT = 1 << 5;
export const IPS_NAT_MASK = IPS_SRC_NAT | IPS_DST_NAT;
export const IPS_SEQ_ADJUST = 1 << 6;
export const IPS_SRC_NAT_DONE = 1 << 7;
export const IPS_DST_NAT_DONE = 1 << 8;
export const IPS_NAT_DONE_MASK = IPS_SRC_NAT_DONE | IPS_DST_NAT_DONE;
/** Taken out of the index; the row is reused once no packet of the batch can name it. */
export const IPS_DYING = 1 << 9;
export const IPS_FIXED_TIMEOUT = 1 << 10;
export const IPS_HELPER = 1 << 13;

/** Directions, as `batch.direction`. */
export const ORIGINAL = 0;
export const REPLY = 1;
