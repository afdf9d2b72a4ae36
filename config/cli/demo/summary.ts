import type { CheckResult } from "./checks.ts";
import { forwardedByKernel, type LinkCounters, namespaceLinks } from "./counters.ts";
import type { Demo } from "./demo_state.ts";
import { DIRECTORY } from "./files.ts";
import { FAR_END } from "./network.ts";
import type { DemoRouter } from "./router.ts";
import { CABLES, NAMESPACES } from "./settings.ts";

/**
 * What is counted at both ends of every cable. The router's `rx` is the far end's `tx`: a frame that either side
 * counts and the other does not is lost or invented.
 */
export interface Tally {
  readonly port: string;
  readonly router: LinkCounters;
  readonly far: LinkCounters;
}

export async function tallies(demo: Demo): Promise<readonly Tally[]> {
  const ports = await demo.router.ports();
  return CABLES.map(({ port, host }) => {
    const none = { rxPackets: 0, rxDropped: 0, rxBytes: 0, txPackets: 0, txBytes: 0 };
    const far = namespaceLinks(demo.network.nameOf(host))[FAR_END] ?? none;
    return { port, router: ports[port] ?? none, far };
  });
}

/** Counters while nothing moves: two readings that agree. Frames on their way are in one count and not in the other. */
export async function quietTallies(demo: Demo): Promise<readonly Tally[]> {
  let last = await tallies(demo);
  for (let attempt = 0; attempt < 60; attempt++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    const now = await tallies(demo);
    if (JSON.stringify(now) === JSON.stringify(last)) return now;
    last = now;
  }
  return last;
}

/** Compares what was counted since `start`; counters move while frames fly, so it looks again for two seconds. */
export async function countersAgree(demo: Demo, start: readonly Tally[]): Promise<CheckResult> {
  let seen = "", ok = false;
  for (let attempt = 0; attempt < 40 && !ok; attempt++) {
    if (attempt > 0) await new Promise((resolve) => setTimeout(resolve, 50));
    const now = await tallies(demo);
    const differences = now.map((end, i) => {
      const begin = start[i]!;
      return {
        port: end.port,
        rx: end.router.rxPackets - begin.router.rxPackets,
        lost: end.router.rxDropped - begin.router.rxDropped,
        sent: end.far.txPackets - begin.far.txPackets,
        tx: end.router.txPackets - begin.router.txPackets,
        received: end.far.rxPackets - begin.far.rxPackets,
      };
    });
    ok = differences.every((d) => d.rx + d.lost === d.sent && d.tx === d.received && d.rx > 0);
    seen = differences.map((d) =>
      `${d.port} in ${taken(d.rx, d.lost, d.sent)}, out ${against(d.tx, d.received)}`
    )
      .join("; ");
  }
  return {
    name: "counters of both ends",
    proves: "no frame went uncounted between router and host, none was invented",
    ok,
    through: seen,
  };
}

/** Under load a ring may overflow: such frames are counted as well. */
const taken = (rx: number, lost: number, sent: number): string =>
  lost === 0 ? against(rx, sent) : `${against(rx + lost, sent)} (${lost} of them lost to a full ring)`;
const against = (ours: number, theirs: number): string =>
  ours === theirs ? `${ours}` : `${ours} against ${theirs}`;

export function kernelKeptOut(demo: Demo): CheckResult {
  const { ipv4, ipv6, enabled } = forwardedByKernel(demo.network.router);
  return {
    name: "forwarded by the kernel",
    proves: "every packet above went through weir's own code",
    ok: ipv4 === 0 && ipv6 === 0 && !enabled,
    through: `ForwDatagrams ${ipv4}, Ip6OutForwDatagrams ${ipv6}, ip_forward ${enabled ? 1 : 0}`,
  };
}

/** How the router's process went, when it was one. */
export function stopped(router: DemoRouter): CheckResult[] {
  if (router.ending === undefined) return [];
  const { code, milliseconds } = router.ending;
  // where others hold the processors, the wall clock is theirs too
  const crowd = Math.max(1, Deno.loadavg()[0]! / navigator.hardwareConcurrency);
  const shared = crowd === 1 ? "" : `, ${crowd.toFixed(1)} processes for each processor`;
  return [{
    name: "clean stop",
    proves: "one signal ends the router in order, within 200 ms",
    ok: code === 0 && milliseconds <= STOP_LIMIT * crowd,
    through: `exit status ${code} after ${milliseconds.toFixed(0)} ms${shared}`,
  }];
}
const STOP_LIMIT = 200;

export function leftBehind(): CheckResult {
  const left = [DIRECTORY, ...Object.values(NAMESPACES).map((name) => `/run/netns/${name}`)].filter(exists);
  return {
    name: "nothing left behind",
    proves: "namespaces, cables, processes and files are gone",
    ok: left.length === 0,
    through: left.length === 0 ? "no namespace, no file" : `still there: ${left.join(", ")}`,
  };
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}
