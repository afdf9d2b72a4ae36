import {
  ICMP_ADDRESS_MASK_REQUEST,
  ICMP_ECHO_REQUEST,
  ICMP_INFO_REQUEST,
  ICMP_TIMESTAMP,
} from "../packet/icmp.ts";

/** Highest type the kernel knows (NR_ICMP_TYPES); anything above is INVALID. */
export const ICMP_HIGHEST_TYPE = 18;

/** Questions: the only messages that open a flow. */
export const icmpOpensFlow = (type: number): boolean =>
  type === ICMP_ECHO_REQUEST || type === ICMP_TIMESTAMP || type === ICMP_INFO_REQUEST ||
  type === ICMP_ADDRESS_MASK_REQUEST;
