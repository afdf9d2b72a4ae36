import { type Address, formatAddress, formatPrefix } from "../packet/address.ts";
import { TABLE_MAIN } from "../plan.ts";
import type { TableRoute } from "./route_table.ts";

/** A route with what only listings tell. */
export interface ListedRoute extends TableRoute {
  readonly table: number;
  /** ORIGIN_*. */
  readonly origin: string;
  /** Preferred source address of a connected IPv4 prefix. */
  readonly source?: Address;
  /** Milliseconds left of a learned route. */
  readonly expires?: number;
}

export const ORIGIN_KERNEL = "kernel";
export const ORIGIN_STATIC = "static";
export const ORIGIN_RA = "ra";

/** One line in the words and order of iproute2's print_route. */
export function routeLine(route: ListedRoute, names: (index: number) => string, down: boolean): string {
  const six = route.destination.family === 6, words: string[] = [];
  const special = TYPE_NAMES[route.type];
  if (special !== undefined) words.push(special);
  words.push(destination(route));
  if (route.gateway !== undefined) {
    if (route.gateway.family !== route.destination.family) {
      words.push("via inet6", formatAddress(route.gateway));
    } else words.push("via", formatAddress(route.gateway));
  }
  if (special === undefined) words.push("dev", names(route.interface));
  else if (six) words.push("dev", "lo");
  if (route.table !== TABLE_MAIN) words.push("table", `${route.table}`);
  words.push("proto", route.origin);
  if (!six && special === undefined && route.gateway === undefined) words.push("scope link");
  if (route.source !== undefined) words.push("src", formatAddress(route.source));
  if (six || route.metric !== 0) words.push("metric", `${route.metric}`);
  if (down) words.push("linkdown");
  if (route.expires !== undefined && Number.isFinite(route.expires)) {
    words.push("expires", `${Math.max(0, Math.floor(route.expires / 1000))}sec`);
  }
  if (route.mtu !== 0) words.push("mtu", `${route.mtu}`);
  if (six) words.push("pref medium");
  return words.join(" ");
}

function destination(route: ListedRoute): string {
  const { destination: to } = route;
  if (to.length === 0) return "default";
  return to.length === (to.family === 4 ? 32 : 128) ? formatAddress(to) : formatPrefix(to);
}

/** RTN_* names; unicast is not written. */
const TYPE_NAMES: Readonly<Record<number, string>> = { 6: "blackhole", 7: "unreachable", 8: "prohibit" };
