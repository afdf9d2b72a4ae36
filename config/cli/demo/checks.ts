import { isWithin, urlHost } from "./address.ts";
import type { Demo } from "./demo_state.ts";
import {
  DOWNLOAD_BYTES,
  ECHO_PORT,
  FORWARDED_PORT,
  HTTP_PORT,
  LAN,
  LAN2,
  NARROW,
  PAGE_BYTES,
  ROUTED_PREFIX,
  ROUTER_LAN,
  ROUTER_WAN,
  WAN,
} from "./settings.ts";

/** One thing the demo tries: what it is called, and what a success proves. */
export interface Check {
  readonly name: string;
  readonly proves: string;
  run(demo: Demo): Promise<Outcome>;
}

export interface Outcome {
  readonly ok: boolean;
  /** What went through, as the two ends saw it. */
  readonly through: string;
}

export interface CheckResult extends Outcome {
  readonly name: string;
  readonly proves: string;
}

/** Tries one check; an error is a failure that says what happened. */
export async function tryCheck(check: Check, demo: Demo): Promise<CheckResult> {
  const { name, proves } = check;
  try {
    return { name, proves, ...await check.run(demo) };
  } catch (e) {
    return { name, proves, ok: false, through: e instanceof Error ? e.message : String(e) };
  }
}

const milliseconds = (times: readonly number[]): string =>
  times.length === 0 ? "no answer" : `best ${Math.min(...times).toFixed(2)} ms`;

function pingCheck(
  name: string,
  to: string,
  ttl: number,
  proves: string,
  source?: (demo: Demo) => string,
): Check {
  return {
    name,
    proves,
    async run(demo) {
      const { lan, wan } = demo.hosts;
      await wan.call("echoSources", {});
      const result = await lan.call("ping", { to, count: 5 });
      const wanted = source?.(demo);
      const sources = new Set<string>();
      // the far side's kernel answers before its client has read
      for (let attempt = 0; wanted !== undefined && sources.size === 0 && attempt < 10; attempt++) {
        const six = to.includes(":");
        for (const from of await wan.call("echoSources", {})) {
          if (from.includes(":") === six) sources.add(from);
        }
      }
      const seen = wanted === undefined ? "" : `, far side saw ${[...sources].join(" and ") || "nobody"}`;
      return {
        ok: result.received === result.sent && result.ttl === ttl &&
          (wanted === undefined || (sources.size === 1 && sources.has(wanted))),
        through: `${result.received} of ${result.sent} answers, ${
          milliseconds(result.times)
        }, ttl ${result.ttl}${seen}`,
      };
    },
  };
}

function httpCheck(
  name: string,
  to: string,
  proves: string,
  a: { bytes: number; upload?: boolean; source: (demo: Demo) => string },
): Check {
  return {
    name,
    proves,
    async run(demo) {
      const result = await demo.hosts.lan.call("fetchBody", {
        to,
        port: HTTP_PORT,
        bytes: a.bytes,
        upload: a.upload ?? false,
        timeout: 20_000,
      });
      const rate = result.bytes * 8 / result.milliseconds / 1000;
      const amount = a.bytes < 1e6
        ? `${result.bytes / 1000} kB`
        : `${result.bytes / 1e6} MB, ${rate.toFixed(0)} Mbit/s`;
      return {
        ok: result.intact && result.seenFrom === a.source(demo),
        through: `${amount}, SHA-256 ${result.intact ? "equal" : "differs"}, far side saw ${result.seenFrom}`,
      };
    },
  };
}

function echoCheck(name: string, to: string, proves: string, source: (demo: Demo) => string): Check {
  return {
    name,
    proves,
    async run(demo) {
      const result = await demo.hosts.lan.call("echo", { to, port: ECHO_PORT, count: 20, size: 512 });
      return {
        ok: result.received === result.sent && result.seenFrom === source(demo),
        through: `${result.received} of ${result.sent} came back, far side saw ${
          result.seenFrom || "nothing"
        }`,
      };
    },
  };
}

function traceCheck(name: string, to: string, router: string): Check {
  return {
    name,
    proves: "TTL is counted down, time-exceeded comes from the right address",
    async run(demo) {
      const hops = await demo.hosts.lan.call("trace", { to, hops: 4 });
      const path = hops.map((hop) => hop.from || "*");
      return { ok: path.length === 2 && path[0] === router && path[1] === to, through: path.join(" > ") };
    },
  };
}

function pathMtuCheck(name: string, to: string, router: string): Check {
  return {
    name,
    proves: `too big is said with the route's MTU; the sender obeys, TCP passes`,
    async run(demo) {
      const { lan } = demo.hosts;
      const path = await lan.call("pathMtu", { to, port: ECHO_PORT });
      const transfer = await lan.call("fetchBody", {
        to,
        port: HTTP_PORT,
        bytes: 2_000_000,
        upload: true,
        timeout: 10_000,
      });
      const said = path.told === 0 ? "nobody said a size" : `${path.from} said ${path.told}`;
      return {
        ok: path.told === NARROW.mtu && path.learnt === NARROW.mtu && path.from === router && transfer.intact,
        through: `${path.before} bytes sent, ${said}; then 2 MB over TCP ${
          transfer.intact ? "intact" : "damaged"
        }`,
      };
    },
  };
}

function blockedCheck(name: string, target: (demo: Demo) => { to: string; port: number }): Check {
  return {
    name,
    proves: "what WAN starts is dropped by policy, and counted",
    async run(demo) {
      const { wan, lan } = demo.hosts, { to, port } = target(demo);
      await lan.call("served", {});
      const before = await demo.router.dropped();
      const outcome = await wan.call("probe", { to, port, timeout: 1500 });
      const rise = await demo.router.dropped() - before;
      const reached = (await lan.call("served", {})).length;
      return {
        ok: outcome !== "open" && reached === 0 && rise > 0,
        through: `${urlHost(to)}:${port} ${outcome}, drop counter +${rise}`,
      };
    },
  };
}

const masqueraded = () => ROUTER_WAN.ipv4, routed = (demo: Demo) => demo.lanIpv6;

export const checks: readonly Check[] = [
  {
    name: "IPv6 address and route for a LAN host",
    proves: "neighbour discovery and router advertisements speak to a real stack",
    async run(demo) {
      const state = await demo.waitForIpv6();
      const routedAddress = state.addresses.find((a) => isWithin(a, `${ROUTED_PREFIX}/64`));
      return {
        ok: state.automatic && routedAddress !== undefined &&
          state.addresses.length >= demo.advertisedPrefixes &&
          state.gateway !== "",
        through: `${state.addresses.join(", ") || "no address"}, default via ${state.gateway || "nobody"}`,
      };
    },
  },
  pingCheck("ping the router", ROUTER_LAN.ipv4, 64, "ARP, IPv4 and ICMP of the router itself"),
  pingCheck(
    "ping6 the router",
    ROUTER_LAN.routed,
    64,
    "neighbour discovery, IPv6 and ICMPv6 of the router itself",
  ),
  pingCheck("ping WAN", WAN.ipv4, 63, "forwarding, conntrack and masquerade of ICMP", masqueraded),
  pingCheck("ping6 WAN", WAN.ipv6, 63, "IPv6 routed, not translated", routed),
  httpCheck("HTTP", WAN.ipv4, "TCP through masquerade", { bytes: PAGE_BYTES, source: masqueraded }),
  httpCheck("HTTP over IPv6", WAN.ipv6, "TCP routed over IPv6", { bytes: PAGE_BYTES, source: routed }),
  echoCheck("UDP echo", WAN.ipv4, "UDP through masquerade, both directions", masqueraded),
  echoCheck("UDP echo over IPv6", WAN.ipv6, "UDP routed over IPv6", routed),
  httpCheck("50 MB download", WAN.ipv4, "super-packets and partial checksums stay right", {
    bytes: DOWNLOAD_BYTES,
    source: masqueraded,
  }),
  httpCheck("50 MB download over IPv6", WAN.ipv6, "the same for IPv6", {
    bytes: DOWNLOAD_BYTES,
    source: routed,
  }),
  httpCheck("50 MB upload", WAN.ipv4, "the same the other way", {
    bytes: DOWNLOAD_BYTES,
    upload: true,
    source: masqueraded,
  }),
  {
    name: "LAN to LAN",
    proves: "the bridge carries frames as they are: no hop counted, no translation",
    async run(demo) {
      const { lan } = demo.hosts;
      const ping = await lan.call("ping", { to: LAN2.ipv4, count: 3 });
      const echo = await lan.call("echo", { to: LAN2.ipv4, port: ECHO_PORT, count: 20, size: 512 });
      return {
        ok: ping.received === ping.sent && ping.ttl === 64 && echo.received === echo.sent &&
          echo.seenFrom === LAN.ipv4,
        through: `ttl ${ping.ttl}, ${echo.received} of ${echo.sent} datagrams back, other host saw ${
          echo.seenFrom || "nothing"
        }`,
      };
    },
  },
  {
    name: "port forward",
    proves: "destination NAT from WAN, the visitor's address kept",
    async run(demo) {
      const { lan, wan } = demo.hosts;
      await lan.call("served", {});
      const result = await wan.call("fetchBody", {
        to: ROUTER_WAN.ipv4,
        port: FORWARDED_PORT,
        bytes: PAGE_BYTES,
        timeout: 10_000,
      });
      const reached = await lan.call("served", {});
      return {
        ok: result.intact && result.seenFrom === WAN.ipv4 && reached.length === 1,
        through:
          `${ROUTER_WAN.ipv4}:${FORWARDED_PORT} answered by ${LAN.ipv4}:${HTTP_PORT}, which saw ${result.seenFrom}`,
      };
    },
  },
  blockedCheck("blocked: router from WAN", () => ({ to: ROUTER_WAN.ipv4, port: 22 })),
  blockedCheck("blocked: LAN host from WAN", (demo) => ({ to: demo.lanIpv6, port: HTTP_PORT })),
  traceCheck("traceroute", WAN.ipv4, ROUTER_LAN.ipv4),
  traceCheck("traceroute6", WAN.ipv6, ROUTER_LAN.routed),
  pathMtuCheck("path MTU", NARROW.ipv4, ROUTER_LAN.ipv4),
  pathMtuCheck("path MTU over IPv6", NARROW.ipv6, ROUTER_LAN.routed),
];
