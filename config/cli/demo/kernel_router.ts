import { inNamespace, spawnInNamespace } from "../../../drivers/sys/namespace.ts";
import {
  addAddress,
  addRoute,
  createLink,
  linkByName,
  openRoute,
  setLink,
} from "../../../drivers/sys/rtnetlink.ts";
import { writeKernelFile } from "../../../drivers/sys/kernel_file.ts";
import { hostRoute, type Network, prefixOf } from "./network.ts";
import { policyDrops } from "./listing.ts";
import type { DemoRouter } from "./router.ts";
import { NARROW, ROUTER_LAN, ROUTER_WAN, WAN } from "./settings.ts";
import { namespaceLinks } from "./counters.ts";

/**
 * The kernel in weir's place: bridge, forwarding and, by nft(8), a ruleset. The oracle of tests and the other side
 * of the bench; never what the demo shows. It advertises nothing, so LAN hosts get their IPv6 by hand.
 */
export class KernelRouter implements DemoRouter {
  readonly kind = "kernel";
  readonly #network: Network;

  private constructor(network: Network) {
    this.#network = network;
  }

  /** `ruleset` is the text for nft. */
  static async start(network: Network, ruleset: string): Promise<KernelRouter> {
    inNamespace(network.router, () => {
      keepRulesOffBridge();
      const socket = openRoute();
      try {
        createLink(socket, "lan", "bridge");
        const bridge = linkByName(socket, "lan")!.index, wan = linkByName(socket, "wan0")!.index;
        for (const port of ["lan0", "lan1"]) setLink(socket, port, { master: bridge });
        setLink(socket, "lan", { up: true });
        for (const text of [`${ROUTER_LAN.ipv4}/24`, `${ROUTER_LAN.routed}/64`]) {
          addAddress(socket, bridge, prefixOf(text), { noDad: true });
        }
        for (const text of [`${ROUTER_WAN.ipv4}/24`, `${ROUTER_WAN.ipv6}/64`]) {
          addAddress(socket, wan, prefixOf(text), { noDad: true });
        }
        for (const [to, via] of [["0.0.0.0/0", WAN.ipv4], ["::/0", WAN.ipv6]] as const) {
          addRoute(socket, hostRoute({ to, via }, wan));
        }
        const mtu = NARROW.mtu;
        addRoute(socket, hostRoute({ to: `${NARROW.ipv4}/32`, via: WAN.ipv4, mtu }, wan));
        addRoute(socket, hostRoute({ to: `${NARROW.ipv6}/128`, via: WAN.ipv6, mtu }, wan));
      } finally {
        socket.close();
      }
      writeKernelFile("/proc/sys/net/ipv4/ip_forward", "1");
      writeKernelFile("/proc/sys/net/ipv6/conf/all/forwarding", "1");
    });
    const nft = spawnInNamespace(network.router, "nft", {
      args: ["-f", "-"],
      stdin: "piped",
      stderr: "piped",
    });
    const input = nft.stdin.getWriter();
    await input.write(new TextEncoder().encode(ruleset));
    await input.close();
    const { success, stderr } = await nft.output();
    if (!success) throw new Error(`nft refused the ruleset: ${new TextDecoder().decode(stderr)}`);
    return new KernelRouter(network);
  }

  ports() {
    return Promise.resolve(namespaceLinks(this.#network.router));
  }

  async dropped(): Promise<number> {
    const child = spawnInNamespace(this.#network.router, "nft", {
      args: ["list", "ruleset"],
      stdout: "piped",
    });
    const { stdout } = await child.output();
    return policyDrops(new TextDecoder().decode(stdout));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

/** With br_netfilter loaded, rules would see bridged frames, and a reset to a bridged port would miss the output hook. */
function keepRulesOffBridge(): void {
  for (const tables of ["iptables", "ip6tables", "arptables"]) {
    try {
      writeKernelFile(`/proc/sys/net/bridge/bridge-nf-call-${tables}`, "0");
    } catch {
      // not loaded
    }
  }
}
