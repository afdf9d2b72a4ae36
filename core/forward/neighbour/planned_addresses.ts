import type { Prefix } from "../../packet/address.ts";
import { IPV6_MINIMUM_MTU, isLinkLocal6 } from "../../packet/ipv6.ts";
import type { InterfacePlan } from "../../plan.ts";
import type { AddressOrigin } from "./events.ts";
import { eui64, LINK_LOCAL_PREFIX, withIdentifier } from "./interface_identifier.ts";

export interface PlannedAddress {
  readonly prefix: Prefix;
  readonly origin: AddressOrigin;
}

/**
 * Addresses an interface is to have by its plan: the static ones, and a link-local one made from its link-layer
 * address where the plan names none. No IPv6 on links that cannot carry it.
 */
export function plannedAddresses(plan: InterfacePlan): PlannedAddress[] {
  const six = plan.mtu >= IPV6_MINIMUM_MTU;
  const planned: PlannedAddress[] = plan.addresses
    .filter((prefix) => prefix.family === 4 || six)
    .map((prefix) => ({ prefix, origin: "static" }));
  const named = plan.addresses.some((prefix) => prefix.family === 6 && isLinkLocal6(prefix.words[0]));
  if (six && !named) {
    planned.push({ prefix: withIdentifier(LINK_LOCAL_PREFIX, eui64(plan.mac)), origin: "link-local" });
  }
  return planned;
}
