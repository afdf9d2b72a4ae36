import { type Address, formatPrefix, type Prefix } from "../../core/packet/address.ts";
import { type Fill, NetlinkError, type NetlinkSocket } from "./netlink.ts";
import { Attributes, type Message, NLM_F_CREATE, NLM_F_REPLACE } from "./netlink_message.ts";
import { ESRCH } from "./errno.ts";
import { addressBytes, AF_INET, AF_INET6, familyNumber, prefixFrom } from "./socket_address.ts";

/** Routes of the host's own stack over rtnetlink (RTM_*ROUTE). All throw `NetlinkError`. */
export interface HostRoute {
  readonly destination: Prefix;
  readonly via?: Address;
  /** Interface index; 0 for a route without one. */
  readonly index: number;
  /** 0 is the kernel's default: 0 for IPv4, 1024 for IPv6. */
  readonly metric?: number;
  /** 254, the main table, unless told. */
  readonly table?: number;
  readonly type?: "unicast" | "blackhole" | "unreachable" | "prohibit";
  /** Source address for packets made by the host. */
  readonly source?: Address;
  /** Largest packet for this way, bytes; the interface's MTU unless told. Written, not read back. */
  readonly mtu?: number;
}

/** Routes of the main table, or of another one. */
export function routes(socket: NetlinkSocket, table = MAIN): HostRoute[] {
  const result: HostRoute[] = [];
  for (const message of socket.dump("list routes", RTM_GETROUTE, new Uint8Array(12))) {
    const route = readRoute(message);
    if (route !== undefined && route.table === table) result.push(route);
  }
  return result;
}

function readRoute(message: Message): HostRoute | undefined {
  const { payload } = message, attributes = new Attributes(payload, 12);
  const family = payload[0]!, type = TYPES.find(([, number]) => number === payload[7])?.[0];
  if (type === undefined || (family !== AF_INET && family !== AF_INET6)) return undefined;
  const nothing = new Uint8Array(family === AF_INET ? 4 : 16);
  const destination = prefixFrom(family, attributes.bytes(RTA_DST) ?? nothing, payload[1]!);
  if (destination === undefined) return undefined;
  const gateway = attributes.bytes(RTA_GATEWAY), source = attributes.bytes(RTA_PREFSRC);
  const via = gateway && prefixFrom(family, gateway, 0), from = source && prefixFrom(family, source, 0);
  return {
    destination,
    type,
    index: attributes.u32(RTA_OIF) ?? 0,
    metric: attributes.u32(RTA_PRIORITY) ?? 0,
    table: attributes.u32(RTA_TABLE) ?? payload[4]!,
    ...(via === undefined ? {} : { via: { family: via.family, words: via.words } }),
    ...(from === undefined ? {} : { source: { family: from.family, words: from.words } }),
  };
}

/** Adds a route, or replaces the one with the same destination, metric and table. */
export const addRoute = (socket: NetlinkSocket, route: HostRoute): void =>
  socket.transact(
    `add route ${formatPrefix(route.destination)}`,
    RTM_NEWROUTE,
    NLM_F_CREATE | NLM_F_REPLACE,
    header(route),
    fill(route),
  );

/** Removes a route; one that is not there is no error. */
export function deleteRoute(socket: NetlinkSocket, route: HostRoute): void {
  try {
    socket.transact(
      `delete route ${formatPrefix(route.destination)}`,
      RTM_DELROUTE,
      0,
      header(route),
      fill(route),
    );
  } catch (error) {
    if (!(error instanceof NetlinkError && error.errno === ESRCH)) throw error;
  }
}

/** `struct rtmsg`. */
function header(route: HostRoute): Uint8Array {
  const b = new Uint8Array(12);
  b[0] = familyNumber(route.destination.family);
  b[1] = route.destination.length;
  b[5] = RTPROT_STATIC;
  const unicast = (route.type ?? "unicast") === "unicast";
  b[6] = unicast && route.via === undefined && route.destination.family === 4 ? RT_SCOPE_LINK : 0;
  b[7] = TYPES.find(([name]) => name === (route.type ?? "unicast"))![1];
  return b;
}

const fill = (route: HostRoute): Fill => (message) => {
  if (route.destination.length > 0) message.bytes(RTA_DST, addressBytes(route.destination));
  if (route.via !== undefined) message.bytes(RTA_GATEWAY, addressBytes(route.via));
  if (route.source !== undefined) message.bytes(RTA_PREFSRC, addressBytes(route.source));
  if (route.index !== 0) message.u32(RTA_OIF, route.index);
  if (route.metric !== undefined && route.metric !== 0) message.u32(RTA_PRIORITY, route.metric);
  const { mtu } = route;
  if (mtu !== undefined) message.nest(RTA_METRICS, (metrics) => metrics.u32(RTAX_MTU, mtu));
  message.u32(RTA_TABLE, route.table ?? MAIN);
};

const MAIN = 254;
const TYPES = [["unicast", 1], ["blackhole", 6], ["unreachable", 7], ["prohibit", 8]] as const;
const RTM_NEWROUTE = 24, RTM_DELROUTE = 25, RTM_GETROUTE = 26;
const RTA_DST = 1,
  RTA_OIF = 4,
  RTA_GATEWAY = 5,
  RTA_PRIORITY = 6,
  RTA_PREFSRC = 7,
  RTA_METRICS = 8,
  RTA_TABLE = 15;
const RTAX_MTU = 2;
const RTPROT_STATIC = 4, RT_SCOPE_LINK = 253;
