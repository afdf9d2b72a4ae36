import type { Family } from "../ruleset/ruleset.ts";

/** Whether chains of a family see frames rather than IP packets. */
export const isLinkFamily = (family: Family): boolean =>
  family === "arp" || family === "bridge" || family === "netdev";
