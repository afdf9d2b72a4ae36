/** Kinds of routes, numbered as the kernel's RTN_*. */
export const ROUTE_NONE = 0;
export const ROUTE_UNICAST = 1;
export const ROUTE_LOCAL = 2;
export const ROUTE_BROADCAST = 3;
export const ROUTE_MULTICAST = 5;
export const ROUTE_BLACKHOLE = 6;
export const ROUTE_UNREACHABLE = 7;
export const ROUTE_PROHIBIT = 8;
/** Only in tables: a lookup answers ROUTE_LOCAL and sets `anycast`. */
export const ROUTE_ANYCAST = 4;
