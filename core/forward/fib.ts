import { FIB_DADDR, FIB_IIF, FIB_MARK, FIB_OIF, FIB_RESULT_TYPE } from "../classify/opcodes.ts";
import type { PacketBatch } from "../packet/batch.ts";
import type { Adjacency } from "./neighbour/adjacency.ts";
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
  const other = words === batch.source ? batch.destination : batch.source;
  const mark = (flags & FIB_MARK) !== 0 ? batch.mark[row]! : 0;
  const kind = routes.lookup(batch.family[row]!, words, lane, other, lane, mark, 0, bound);
  if (kind !== ROUTE_UNICAST) return 0;
  return bound === 0 || routes.interface === bound ? routes.interface : 0;
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
  // IPv4 asks the local table alone, IPv6 the whole way
  if (family === 4) return RTN_UNICAST;
  return routes.lookup(family, words, lane, words, lane, 0, 0, bound) === ROUTE_UNICAST
    ? RTN_UNICAST
    : RTN_UNREACHABLE;
}
