import { contains, formatAddress, formatPrefix, network, type Prefix } from "../../core/packet/address.ts";
import { TABLE_MAIN } from "../../core/plan.ts";
import type { Config, InterfaceEntry } from "../config.ts";
import type { Report, Span } from "../diagnostic.ts";
import type { RouteConfig } from "../schema.ts";
import { isLinkLocal } from "./addresses.ts";
import type { Check } from "./check.ts";

/** A route as written, under an interface or at the top level. */
export interface WrittenRoute {
  readonly route: RouteConfig;
  readonly entry: InterfaceEntry | undefined;
}

/** All routes in the order of the file. */
export function writtenRoutes(config: Config): WrittenRoute[] {
  const routes: WrittenRoute[] = (config.document.routes ?? []).map((route) => ({ route, entry: undefined }));
  for (const entry of config.interfaces) {
    for (const route of entry.settings.routes ?? []) routes.push({ route, entry });
  }
  return routes.sort((a, b) => a.route.place.start - b.route.place.start);
}

/** The prefix a route leads to: `default` is that of the next hop's family. Undefined when none is known. */
export function destinationOf({ value }: RouteConfig): Prefix | undefined {
  if (value.to === undefined) return undefined;
  if (value.to.value !== "default") return value.to.value;
  const family = value.via?.value.family;
  return family && { family, words: [0, 0, 0, 0], length: 0 };
}

/** The interface a route leaves by: its own, or the one whose network holds the next hop. */
export function outgoing(config: Config, { route, entry }: WrittenRoute): InterfaceEntry | undefined {
  const via = route.value.via?.value;
  if (entry !== undefined || via === undefined) return entry;
  return config.interfaces.find(({ settings }) =>
    (settings.addresses ?? []).some(({ value }) =>
      value.family === via.family && contains(value, via.words, 0)
    )
  );
}

/** Destinations are networks, next hops are reachable, and no two routes are the same. */
export const checkRoutes: Check = (config, report) => {
  const seen = new Map<string, { place: Span; to: Prefix }>();
  for (const written of writtenRoutes(config)) {
    const { place, value: { to, via, type, metric, table } } = written.route;
    if (to === undefined) {
      if (!written.route.written.has("to")) {
        report(place, "a route needs its destination", { hints: ["to: default, or to: PREFIX"] });
      }
      continue;
    }
    const destination = destinationOf(written.route);
    if (destination === undefined) {
      if (!written.route.written.has("via")) {
        report(to.place, "default of which family?", { hints: ["add via, or write 0.0.0.0/0 or ::/0"] });
      }
      continue;
    }
    const net = formatPrefix(network(destination));
    if (net !== formatPrefix(destination)) {
      report(to.place, `${formatPrefix(destination)} has bits set behind its length`, {
        hints: [`write ${net}`],
      });
    }
    if (type === undefined || type.value === "unicast") checkUnicast(config, written, destination, report);
    else if (via !== undefined) report(via.place, `a ${type.value} route leads nowhere: it has no next hop`);
    const key = `${net} ${metric?.value ?? 0} ${table?.value ?? TABLE_MAIN}`;
    const also = seen.get(key);
    if (also === undefined) seen.set(key, { place: to.place, to: destination });
    else {
      const message = twice(destination, metric?.value ?? 0);
      report(to.place, message, { also: also.place, hints: [METRIC_HINT] });
    }
  }
};

const METRIC_HINT = "give one of them a metric: the lower one is used while it can be";

const twice = (to: Prefix, metric: number): string =>
  to.length === 0
    ? `two default routes of IPv${to.family} with metric ${metric}`
    : `two routes to ${formatPrefix(network(to))} with metric ${metric}`;

function checkUnicast(config: Config, written: WrittenRoute, to: Prefix, report: Report): void {
  const { route: { place, value: { via, onLink, mtu } }, entry } = written;
  if (mtu !== undefined && mtu.value < 1280 && to.family === 6) {
    report(mtu.place, "IPv6 needs an MTU of 1280 (RFC 8200 5)");
  }
  if (via === undefined) {
    if (entry === undefined && !written.route.written.has("via")) {
      report(place, "which way? this route has neither via nor an interface", {
        hints: ["add via: ADDRESS, or move the route under its port or bridge"],
      });
    }
    return;
  }
  if (via.value.family !== to.family) {
    report(via.place, `an IPv${via.value.family} next hop for an IPv${to.family} destination`);
    return;
  }
  for (const { name, settings } of config.interfaces) {
    const own = (settings.addresses ?? []).find(({ value }) =>
      value.family === via.value.family && value.words.every((w, i) => w === via.value.words[i])
    );
    if (own === undefined) continue;
    report(via.place, `the next hop is this router's own address on ${name.value}`, { also: own.place });
    return;
  }
  if (isLinkLocal(via.value)) {
    if (entry === undefined) {
      report(via.place, "a link-local next hop needs its interface", {
        hints: ["move the route under its port or bridge"],
      });
    }
    return;
  }
  if (onLink?.value === true && entry !== undefined) return;
  checkOnLink(config, written, report);
}

function checkOnLink(config: Config, { route, entry }: WrittenRoute, report: Report): void {
  const via = route.value.via!;
  const holder = outgoing(config, { route, entry: undefined });
  if (holder !== undefined && (entry === undefined || onLinkOf(entry, via.value))) return;
  const hints = holder !== undefined
    ? [`${holder.name.value} has that network: move the route there`]
    : entry?.settings.addresses?.length
    ? [`${entry.name.value} has ${entry.settings.addresses.map((a) => formatPrefix(a.value)).join(", ")}`]
    : [];
  if (entry !== undefined) hints.push("on-link: true takes the next hop for a neighbour all the same");
  const whose = entry === undefined ? "any interface" : entry.name.value;
  report(via.place, `the gateway ${formatAddress(via.value)} is in no network of ${whose}`, { hints });
}

const onLinkOf = ({ settings }: InterfaceEntry, via: Pick<Prefix, "family" | "words">): boolean =>
  (settings.addresses ?? []).some(({ value }) =>
    value.family === via.family && contains(value, via.words, 0)
  );
