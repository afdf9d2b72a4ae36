import type { Family } from "../ruleset/ruleset.ts";

/** Standard priorities: name, number, the hooks it makes sense in (none: all). linux/netfilter_ipv4.h. */
const INET: readonly (readonly [name: string, value: number, ...hooks: string[]])[] = [
  ["raw", -300],
  ["mangle", -150],
  ["dstnat", -100, "prerouting"],
  ["filter", 0],
  ["security", 50],
  ["srcnat", 100, "postrouting"],
];
const BRIDGE: typeof INET = [
  ["dstnat", -300, "prerouting"],
  ["filter", -200],
  ["out", 100, "output"],
  ["srcnat", 300, "postrouting"],
];
const NETDEV: typeof INET = [["filter", 0]];

const tableOf = (family: Family): typeof INET =>
  family === "bridge" ? BRIDGE : family === "netdev" || family === "arp" ? NETDEV : INET;

export const priorityNames = (family: Family): string[] => tableOf(family).map(([name]) => name);

/** The number of a name; undefined where the family or the hook has no such priority. */
export function priorityValue(family: Family, hook: string, name: string): number | undefined {
  const row = tableOf(family).find(([known]) => known === name);
  if (row === undefined) return undefined;
  const [, value, ...hooks] = row;
  return hooks.length === 0 || hooks.includes(hook) ? value : undefined;
}

/** Standard names come within this of their number: `filter + 10`. */
const NEAR = 10;

export function priorityText(family: Family, hook: string, priority: number, numeric: boolean): string {
  if (numeric) return priority.toString();
  for (const [name, value, ...hooks] of tableOf(family)) {
    if (hooks.length > 0 && !hooks.includes(hook)) continue;
    const distance = priority - value;
    if (distance === 0) return name;
    if (Math.abs(distance) <= NEAR) return `${name} ${distance < 0 ? "-" : "+"} ${Math.abs(distance)}`;
  }
  return priority.toString();
}
