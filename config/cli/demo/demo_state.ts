import { isWithin } from "./address.ts";
import type { DemoHost } from "./host.ts";
import type { Network } from "./network.ts";
import type { Ipv6State } from "./roles/host.ts";
import type { DemoRouter } from "./router.ts";
import { type HostName, ROUTED_PREFIX } from "./settings.ts";

/** What the checks work on: the hosts, the router between them, and what became known on the way. */
export class Demo {
  readonly network: Network;
  readonly router: DemoRouter;
  readonly hosts: Record<HostName, DemoHost>;
  /** Prefixes that the router advertises on LAN. */
  readonly advertisedPrefixes: number;
  /** The LAN host's address in the routed /64; empty until it has one. */
  lanIpv6 = "";

  constructor(network: Network, router: DemoRouter, hosts: Record<HostName, DemoHost>, prefixes: number) {
    this.network = network;
    this.router = router;
    this.hosts = hosts;
    this.advertisedPrefixes = prefixes;
  }

  /** Waits until the LAN host made its addresses and its default route, at most `seconds`. */
  async waitForIpv6(seconds = 12): Promise<Ipv6State> {
    const until = performance.now() + seconds * 1000;
    for (;;) {
      const state = await this.hosts.lan.call("ipv6State", {});
      this.lanIpv6 = state.addresses.find((a) => isWithin(a, `${ROUTED_PREFIX}/64`)) ?? this.lanIpv6;
      const complete = state.gateway !== "" && state.addresses.length >= this.advertisedPrefixes;
      if (complete || performance.now() > until) return state;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
