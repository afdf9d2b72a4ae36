import type { PacketBatch } from "../packet/batch.ts";
import {
  ICMPV6_ECHO_REQUEST,
  ICMPV6_MLD2_REPORT,
  ICMPV6_MLD_DONE,
  ICMPV6_MLD_QUERY,
  ICMPV6_MLD_REPORT,
  ICMPV6_NEIGHBOUR_ADVERT,
  ICMPV6_NEIGHBOUR_SOLICIT,
  ICMPV6_ROUTER_ADVERT,
  ICMPV6_ROUTER_SOLICIT,
} from "../packet/icmpv6.ts";
import { IPV6, isLinkLocal6 } from "../packet/ipv6.ts";
import { ICMPV6_NI_QUERY } from "./key.ts";

/** Messages between neighbours: UNTRACKED, so that no ruleset cuts the link by way of `ct state`. */
export const icmpv6Untracked = (type: number): boolean =>
  type === ICMPV6_MLD_QUERY || type === ICMPV6_MLD_REPORT || type === ICMPV6_MLD_DONE ||
  type === ICMPV6_ROUTER_SOLICIT || type === ICMPV6_ROUTER_ADVERT || type === ICMPV6_NEIGHBOUR_SOLICIT ||
  type === ICMPV6_NEIGHBOUR_ADVERT || type === ICMPV6_MLD2_REPORT;

/** Questions: the only messages that open a flow. */
export const icmpv6OpensFlow = (type: number): boolean =>
  type === ICMPV6_ECHO_REQUEST || type === ICMPV6_NI_QUERY;

const REDIRECT_SIZE = 40;
const OPTION_REDIRECTED_HEADER = 4;

/** `redirectedPacket`: a redirect no router may have sent. */
export const REDIRECT_INVALID = -1;
/** `redirectedPacket`: it quotes nothing. */
export const REDIRECT_BARE = 0;

/** Position of the packet a redirect quotes (RFC 4861 4.5), or one of the above. */
export function redirectedPacket(batch: PacketBatch, row: number): number {
  const b = batch.bytes(row), at = batch.transport[row]!, end = batch.end[row]!;
  if (at + REDIRECT_SIZE > end) return REDIRECT_INVALID;
  if (b[at + 1] !== 0) return REDIRECT_BARE;
  const hopLimit = b[batch.network[row]! + IPV6.hopLimit];
  if (hopLimit !== 255 || !isLinkLocal6(batch.source[row * 4]!)) return REDIRECT_INVALID;
  const option = at + REDIRECT_SIZE;
  if (option + 2 > end || b[option + 1] === 0) return REDIRECT_INVALID;
  return b[option] === OPTION_REDIRECTED_HEADER ? option + 8 : REDIRECT_BARE;
}
