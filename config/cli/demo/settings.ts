/**
 * Names, addresses and sizes of the demo, in one place.
 *
 *   weir-lan  eth0 --- lan0 \                         / 198.51.100.1, 2001:db8:f::1
 *                            weir-router  wan0 --- eth0  weir-wan
 *   weir-lan2 eth0 --- lan1 /                         \ 203.0.113.1, 2001:db8:ffff::1 (behind a route of 1400 bytes)
 */

export const NAMESPACES = {
  lan: "weir-lan",
  lan2: "weir-lan2",
  wan: "weir-wan",
  router: "weir-router",
} as const;

/** The router's wire ports, and who is at the other end of each cable; there the device is `eth0`. */
export const CABLES = [
  { port: "lan0", host: "lan" },
  { port: "lan1", host: "lan2" },
  { port: "wan0", host: "wan" },
] as const;

export type HostName = (typeof CABLES)[number]["host"];

/** The router's own addresses on LAN as the shipped default has them, and the routed /64 beside. */
export const ROUTER_LAN = { ipv4: "192.168.1.1", routed: "2001:db8:1::1" } as const;
export const ROUTER_WAN = { ipv4: "198.51.100.2", ipv6: "2001:db8:f::2" } as const;
export const ROUTED_PREFIX = "2001:db8:1::";

export const LAN = { ipv4: "192.168.1.10" } as const;
export const LAN2 = { ipv4: "192.168.1.11" } as const;
export const WAN = { ipv4: "198.51.100.1", ipv6: "2001:db8:f::1" } as const;

/** Addresses of the WAN host that the router reaches by a route with a smaller MTU. */
export const NARROW = { ipv4: "203.0.113.1", ipv6: "2001:db8:ffff::1", mtu: 1400 } as const;

/** Prefixes advertised on LAN: the routed one and the site's own. */
export const ADVERTISED_PREFIXES = 2;

/** Services on the hosts. */
export const HTTP_PORT = 80, ECHO_PORT = 7, FORWARDED_PORT = 8080;

export const PAGE_BYTES = 100_000;
export const DOWNLOAD_BYTES = 50_000_000;

/** What each host is given by hand; IPv6 on LAN is never: it must come by router advertisement. */
export const HOSTS: Record<HostName, { addresses: readonly string[]; routes: readonly Route[] }> = {
  lan: { addresses: [`${LAN.ipv4}/24`], routes: [{ to: "0.0.0.0/0", via: ROUTER_LAN.ipv4 }] },
  lan2: { addresses: [`${LAN2.ipv4}/24`], routes: [{ to: "0.0.0.0/0", via: ROUTER_LAN.ipv4 }] },
  wan: {
    addresses: [`${WAN.ipv4}/24`, `${NARROW.ipv4}/32`, `${WAN.ipv6}/64`, `${NARROW.ipv6}/128`],
    routes: [{ to: `${ROUTED_PREFIX}/64`, via: ROUTER_WAN.ipv6 }],
  },
};

export interface Route {
  readonly to: string;
  readonly via: string;
  readonly mtu?: number;
}
