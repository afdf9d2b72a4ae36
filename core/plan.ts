import type { Address, Prefix } from "./packet/address.ts";
import type { Program } from "./classify/program.ts";
import type { XfrmPlan } from "./xfrm/plan.ts";

/**
 * What a router is to be: plain, clonable data that the control plane makes from `weir.yaml` and the data plane
 * applies. A reload is a new plan; what both plans name stays as it is.
 */
export interface RouterPlan {
  /** Grows with every plan; answers name it. */
  readonly generation: number;
  readonly hostname: string;
  readonly interfaces: readonly InterfacePlan[];
  readonly routes: readonly RoutePlan[];
  readonly policyRules: readonly PolicyRulePlan[];
  readonly conntrack: ConntrackPlan;
  /** States and policies of IPsec; without it those added while running stay alone. */
  readonly xfrm?: XfrmPlan;
  readonly program: Program;
}

/** One routed interface: a wire port of its own, or a bridge over several. */
export interface InterfacePlan {
  readonly name: string;
  /** `iif` index, 1..250, stable over reloads while the name stays. */
  readonly index: number;
  /** Six bytes; the link-layer address it answers for. */
  readonly mac: Uint8Array;
  readonly mtu: number;
  /** Wire port numbers; one, or a bridge's members. */
  readonly ports: readonly number[];
  /** Port number of the local device (TUN); undefined when there is none. */
  readonly local?: number;
  readonly bridge?: BridgePlan;
  /** Addresses with their on-link prefix; host bits are the router's own address. */
  readonly addresses: readonly Prefix[];
  /** Take addresses and routes from router advertisements (RFC 4862). */
  readonly acceptAdvertisements: boolean;
  readonly advertise?: AdvertisePlan;
}

export interface BridgePlan {
  /** Seconds after which an unseen address is forgotten. */
  readonly ageing: number;
  /** Whether frames to 01:80:c2:00:00:00 cross the bridge. */
  readonly stp: "pass" | "block";
  /** Its ports as devices of their own, which rules of families bridge and netdev name. */
  readonly members?: readonly MemberPlan[];
}

export interface MemberPlan {
  readonly name: string;
  /** `iif` index, from the same numbers as interfaces. */
  readonly index: number;
  readonly port: number;
}

/** Router advertisements sent on an interface, RFC 4861 6.2. */
export interface AdvertisePlan {
  /** Seconds the router offers itself as default router; 0: not at all. */
  readonly routerLifetime: number;
  /** Seconds between unsolicited advertisements, the longest. */
  readonly interval: number;
  readonly prefixes: readonly AdvertisedPrefix[];
  /** Recursive DNS servers, RFC 8106. */
  readonly dns: readonly Address[];
  readonly mtu?: number;
}

export interface AdvertisedPrefix extends Prefix {
  readonly validLifetime: number;
  readonly preferredLifetime: number;
}

export interface RoutePlan {
  readonly destination: Prefix;
  readonly type: "unicast" | "blackhole" | "unreachable" | "prohibit";
  /** Next hop; undefined: on link. */
  readonly via?: Address;
  /** Interface index; needed for unicast (the control plane resolves a bare `via`). */
  readonly interface?: number;
  readonly metric: number;
  readonly table: number;
  readonly mtu?: number;
}

/** Policy rule, as `ip rule`: the first matching rule whose table has a route decides. */
export interface PolicyRulePlan {
  readonly priority: number;
  readonly family: 4 | 6;
  readonly from?: Prefix;
  readonly to?: Prefix;
  readonly mark?: { readonly value: number; readonly mask: number };
  /** Incoming interface index. */
  readonly incoming?: number;
  readonly table: number;
}

export const TABLE_MAIN = 254;

export interface ConntrackPlan {
  /** Rows of the flow table; taken once at start, a reload does not change it. */
  readonly flows: number;
  /** TCP ports of the router's own addresses by which it is administered: some rows are kept for them alone. */
  readonly adminPorts?: readonly number[];
}
