import { inNamespace } from "../../../drivers/sys/namespace.ts";
import { type CheckResult, checks, tryCheck } from "./checks.ts";
import { Demo } from "./demo_state.ts";
import {
  DIRECTORY,
  FILES,
  filesWithoutLocal,
  hasLocalDevices,
  kernelRuleset,
  removeFiles,
  writeFiles,
} from "./files.ts";
import { DemoHost } from "./host.ts";
import { KernelRouter } from "./kernel_router.ts";
import { live } from "./live.ts";
import { DemoLock } from "./lock.ts";
import { Network } from "./network.ts";
import type { Report } from "./report.ts";
import type { DemoRouter } from "./router.ts";
import {
  ADVERTISED_PREFIXES,
  CABLES,
  ECHO_PORT,
  type HostName,
  HTTP_PORT,
  NAMESPACES,
  ROUTED_PREFIX,
  ROUTER_LAN,
  WAN,
} from "./settings.ts";
import { countersAgree, kernelKeptOut, leftBehind, quietTallies, stopped } from "./summary.ts";
import { WeirRouter } from "./weir_router.ts";

export interface NamespaceOptions {
  readonly once: boolean;
  readonly kernel: boolean;
}

/**
 * The demo between network namespaces.
 *
 * Life-cycle  lock -> files -> namespaces and cables -> router -> clients -> checks -> live counters -> everything in
 *             the other direction. Whatever throws or interrupts on the way, what was made so far is removed.
 */
export async function namespaceDemo(
  options: NamespaceOptions,
  report: Report,
  stop: AbortSignal,
): Promise<void> {
  let router: DemoRouter;
  {
    await using stack = new AsyncDisposableStack();
    stack.use(new DemoLock());
    const local = hasLocalDevices(), files = local ? FILES : filesWithoutLocal();
    stack.defer(removeFiles);
    writeFiles(files);
    const network = stack.use(new Network());
    const hosts = startHosts(network, stack, stop);
    router = stack.use(
      options.kernel
        ? await KernelRouter.start(network, kernelRuleset("wan0", "lan"))
        : await WeirRouter.start(network, {
          configuration: `${DIRECTORY}/demo.yaml`,
          socket: `${DIRECTORY}/control.sock`,
          stop,
        }),
    );
    introduce(options, files, report);
    if (!local) report.say(NO_LOCAL);
    plug(network, options.kernel);
    await startServices(hosts);
    const demo = new Demo(network, router, hosts, ADVERTISED_PREFIXES);
    if (options.kernel) demo.lanIpv6 = `${ROUTED_PREFIX}${BY_HAND.lan}`;
    const start = await quietTallies(demo);
    report.begin();
    for (const check of checks) {
      if (stop.aborted) return;
      // the kernel advertises nothing
      if (options.kernel && check === checks[0]) continue;
      const result = await tryCheck(check, demo);
      if (stop.aborted) return;
      report.add(result);
    }
    report.add(await countersAgree(demo, start));
    if (!options.kernel) report.add(kernelKeptOut(demo));
    report.complete = true;
    if (!options.once) {
      report.invite(INVITATION);
      await live(demo, stop);
      report.say("\n");
    }
  }
  const last: CheckResult[] = [...stopped(router), leftBehind()];
  for (const result of last) report.add(result);
}

/** Last digit of the IPv6 addresses on LAN where nobody advertises. */
const BY_HAND = { lan: "a", lan2: "b" } as const;

function startHosts(
  network: Network,
  stack: AsyncDisposableStack,
  stop: AbortSignal,
): Record<HostName, DemoHost> {
  const hosts = {} as Record<HostName, DemoHost>;
  for (const { host } of CABLES) {
    const name = network.nameOf(host);
    hosts[host] = stack.use(inNamespace(name, () => new DemoHost(name)));
    // what it is at is given up, and so is whoever waits for it
    stop.addEventListener("abort", () => hosts[host].kill());
  }
  return hosts;
}

function plug(network: Network, byHand: boolean): void {
  network.plug("wan");
  for (const host of ["lan", "lan2"] as const) {
    if (!byHand) network.plug(host);
    else {
      network.plug(host, {
        addresses: [`${ROUTED_PREFIX}${BY_HAND[host]}/64`],
        routes: [{ to: "::/0", via: ROUTER_LAN.routed }],
      });
    }
  }
}

async function startServices(hosts: Record<HostName, DemoHost>): Promise<void> {
  await Promise.all(CABLES.map(async ({ host }) => {
    await hosts[host].call("serveHttp", { port: HTTP_PORT });
    await hosts[host].call("serveEcho", { port: ECHO_PORT });
  }));
  await hosts.wan.call("watchEchoes", {});
}

const NO_LOCAL = "/dev/net/tun cannot be opened here, so the router has no local devices (local: none).\n";

function introduce(
  options: NamespaceOptions,
  files: Readonly<Record<string, string>>,
  report: Report,
): void {
  const who = options.kernel ? "the kernel routes" : "weir routes";
  report.say(
    `Namespaces ${NAMESPACES.lan}, ${NAMESPACES.lan2} and ${NAMESPACES.wan} round ${NAMESPACES.router}, where ${who}.`,
  );
  report.show(files);
}

const INVITATION = `Running until Ctrl-C. Try, as root:
  ip netns exec ${NAMESPACES.lan} ping ${WAN.ipv4}
  ip netns exec ${NAMESPACES.lan} curl -s http://[${WAN.ipv6}]/50000000 -o /dev/null -w '%{speed_download}\\n'
`;
