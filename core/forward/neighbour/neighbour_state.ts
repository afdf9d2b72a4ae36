/** Neighbour unreachability states as the kernel's NUD_* (linux/neighbour.h); RFC 4861 7.3.2 plus the kernel's extras. */
export const NUD_NONE = 0;
export const NUD_INCOMPLETE = 0x01;
export const NUD_REACHABLE = 0x02;
export const NUD_STALE = 0x04;
export const NUD_DELAY = 0x08;
export const NUD_PROBE = 0x10;
export const NUD_FAILED = 0x20;
export const NUD_NOARP = 0x40;
export const NUD_PERMANENT = 0x80;

/** States a timer drives. */
export const NUD_IN_TIMER = NUD_INCOMPLETE | NUD_REACHABLE | NUD_DELAY | NUD_PROBE;
/** States with a link-layer address to send to. */
export const NUD_VALID = NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY;
/** States that need no thought before sending. */
export const NUD_CONNECTED = NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE;

/** iproute2's word for a state. */
export const nudName = (state: number): string => NAMES.get(state) ?? "NONE";

const NAMES = new Map([
  [NUD_INCOMPLETE, "INCOMPLETE"],
  [NUD_REACHABLE, "REACHABLE"],
  [NUD_STALE, "STALE"],
  [NUD_DELAY, "DELAY"],
  [NUD_PROBE, "PROBE"],
  [NUD_FAILED, "FAILED"],
  [NUD_NOARP, "NOARP"],
  [NUD_PERMANENT, "PERMANENT"],
]);

/** Flags of `Neighbours.update`, as NEIGH_UPDATE_F_*. */
export const UPDATE_OVERRIDE = 1;
/** Another address for a connected neighbour makes it STALE and keeps the cached address. */
export const UPDATE_WEAK_OVERRIDE = 2;
/** The router flag is taken from UPDATE_IS_ROUTER. */
export const UPDATE_OVERRIDE_ROUTER = 4;
export const UPDATE_IS_ROUTER = 8;
/** The operator's word: changes PERMANENT entries too. */
export const UPDATE_ADMIN = 16;

/** Milliseconds; RFC 4861 section 10 and net.ipv4.neigh.default. */
export const DELAY_FIRST_PROBE_TIME = 5000;
export const RETRANS_TIMER = 1000;
export const REACHABLE_TIME = 30000;
export const GC_STALE_TIME = 60000;
export const GC_INTERVAL = 15000;
/** How often the randomised reachable time is drawn anew (RFC 4861 6.3.4 allows hours; the kernel takes 300 s). */
export const REACHABLE_REDRAW = 300000;
/** A changed ARP answer within this of the last change is ignored (kernel LOCKTIME). */
export const ARP_LOCK_TIME = 1000;
export const UNICAST_PROBES = 3;
export const MULTICAST_PROBES = 3;
/** Below this many entries nothing is collected (gc_thresh1). */
export const GC_THRESHOLD = 128;
