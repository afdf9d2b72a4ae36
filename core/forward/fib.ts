import { FIB_DADDR, FIB_IIF, FIB_MARK, FIB_OIF, FIB_RESULT_TYPE } from "../classify/opcodes.ts";
import type { PacketBatch } from "../packet/batch.ts";
import { PROTOCOL_ICMPV6 } from "../packet/ipv4.ts";
import { IPV6, isUnspecified6 } from "../packet/ipv6.ts";
import type { Adjacency } from "./neighbour/adjacency.ts";
import { LOCAL_NETWORK_CONTROL } from "./neighbour/groups.ts";
import { ROUTE_BROADCAST, ROUTE_LOCAL, ROUTE_MULTICAST, ROUTE_UNICAST, type Routes } from "./routes.ts";

/** Address types as linux/rtnetlink.h (RTN_*), which `fib ... type` compares with. */
const RTN_UNICAST = 1;
const RTN_LOCAL = 2;
const RTN_BROADCAST = 3;
const RTN_MULTICAST = 5;
const RTN_UNREACHABLE = 7;

/**
 * The `fib` expression (nft_fib4_eval, nft_fib6_eval): what the routing table says of a packet's source or
 * destination. Answers an interface index, or an RTN_* type; 0 when there is none.
 */
export function fib(
  routes: Routes,
  adjacency: Adjacency,
  batch: PacketBatch,
  row: number,
  flags: number,
  result: number,
): number {
  const lane = row * 4, words = (flags & FIB_DADDR) !== 0 ? batch.destination : batch.source;
  const bound = (flags & FIB_OIF) !== 0
    ? batch.outInterface[row]!
    : (flags & FIB_IIF) !== 0
    ? batch.inInterface[row]!
    : 0;
  if (result === FIB_RESULT_TYPE) {
    return addressType(routes, adjacency, batch.family[row]!, words, lane, bound);
  }
  if (speaksWithoutAddress(batch, row)) return batch.inInterface[row]!;
  const other = words === batch.source ? batch.destination : batch.source;
  const mark = (flags & FIB_MARK) !== 0 ? batch.mark[row]! : 0;
  const kind = routes.lookup(batch.family[row]!, words, lane, other, lane, mark, 0, bound);
  if (kind !== ROUTE_UNICAST) return 0;
  return bound === 0 || routes.interface === bound ? routes.interface : 0;
}

/**
 * A host that has no address yet: IPv4 to everybody or a local group (DHCP), IPv6 detecting duplicates. No route leads
 * back to it, so that the kernel answers the interface it came in by (nft_fib4_eval, nft_fib_v6_skip_icmpv6).
 */
function speaksWithoutAddress(batch: PacketBatch, row: number): boolean {
  const lane = row * 4, to = batch.destination[lane]!;
  if (batch.family[row] === 4) {
    return batch.source[lane]! >>> 24 === 0 && (to === 0xffffffff || to >>> 8 === LOCAL_NETWORK_CONTROL);
  }
  return isUnspecified6(batch.source, lane) && to >>> 16 === LINK_SCOPE_GROUP &&
    batch.bytes(row)[batch.network[row]! + IPV6.nextHeader] === PROTOCOL_ICMPV6;
}

function addressType(
  routes: Routes,
  adjacency: Adjacency,
  family: number,
  words: Uint32Array,
  lane: number,
  bound: number,
): number {
  switch (routes.addressType(family, words, lane)) {
    case ROUTE_LOCAL:
      return bound === 0 || adjacency.isLocalAddress(family, words, lane, bound) ? RTN_LOCAL : RTN_UNICAST;
    case ROUTE_BROADCAST:
      return RTN_BROADCAST;
    case ROUTE_MULTICAST:
      return RTN_MULTICAST;
  }
  // IPv4 asks the local table alone (0/8 counts as everybody: inet_addr_type), IPv6 the whole way
  if (family === 4) return words[lane]! >>> 24 === 0 ? RTN_BROADCAST : RTN_UNICAST;
  if (isUnspecified6(words, lane)) return RTN_UNREACHABLE;
  return routes.lookup(family, words, lane, words, lane, 0, 0, bound) === ROUTE_UNICAST
    ? RTN_UNICAST
    : RTN_UNREACHABLE;
}

/** First 16 bits of groups of link scope (RFC 4291 2.7). */
const LINK_SCOPE_GROUP = 0xff02;
