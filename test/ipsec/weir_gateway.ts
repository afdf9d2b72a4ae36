import { childEnvironment, selfCommand } from "../../config/cli/demo/process.ts";
import { WeirRouter } from "../../config/cli/demo/weir_router.ts";
import { ask } from "../../config/control/client.ts";
import { spawnInNamespace } from "../../drivers/sys/namespace.ts";
import { textOf } from "../topology.ts";
import { type Keying, stateWords } from "./keying.ts";
import { type Gateway, otherOf, SITES } from "./network.ts";

/**
 * weir as a site's gateway: `weir run` in its namespace, asked by its own commands.
 *
 * Overview    its rules let between the sites only what goes into the tunnel and comes out of it: that packets pass at
 *             all shows that rules can tell. What goes to the gateways' own network is masqueraded.
 * Life-cycle  start -> take the tunnel's keys -> dispose.
 * Ownership   a directory with its files; the process.
 */
export class WeirGateway implements AsyncDisposable {
  readonly #namespace: string;
  readonly #gateway: Gateway;
  readonly #directory: string;
  readonly #router: WeirRouter;

  private constructor(namespace: string, gateway: Gateway, directory: string, router: WeirRouter) {
    this.#namespace = namespace;
    this.#gateway = gateway;
    this.#directory = directory;
    this.#router = router;
  }

  static async start(
    namespace: string,
    gateway: Gateway,
    more: readonly string[] = [],
  ): Promise<WeirGateway> {
    const directory = await Deno.makeTempDir({ prefix: "weir-ipsec-" });
    try {
      await Deno.writeTextFile(`${directory}/weir.yaml`, configuration(gateway));
      await Deno.writeTextFile(`${directory}/rules.nft`, RULES);
      const router = await WeirRouter.start({ router: namespace }, {
        configuration: `${directory}/weir.yaml`,
        socket: `${directory}/control.sock`,
        entry: ENTRY,
        more,
      });
      return new WeirGateway(namespace, gateway, directory, router);
    } catch (e) {
      await Deno.remove(directory, { recursive: true });
      throw e;
    }
  }

  get pid(): number {
    return this.#router.pid;
  }

  /** Runs a command of weir: what it prints. Throws what it says when it fails. */
  async command(...args: string[]): Promise<string> {
    const self = selfCommand(args, ENTRY);
    const output = await spawnInNamespace(this.#namespace, self.command, {
      args: self.args,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      clearEnv: true,
      env: {
        ...childEnvironment(),
        WEIR_CONFIG: `${this.#directory}/weir.yaml`,
        WEIR_SOCKET: `${this.#directory}/control.sock`,
      },
    }).output();
    const { code, stdout, stderr } = textOf(output);
    if (code !== 0) throw new Error(`weir ${args.join(" ")}: ${stderr.trim()}`);
    return stdout;
  }

  /** A command of `weir xfrm` without the 0.4 s of a program's start. */
  async xfrm(...words: string[]): Promise<string> {
    let out = "", error = "";
    const request = { command: "xfrm", words, json: false } as const;
    const status = await ask(`${this.#directory}/control.sock`, request, (response) => {
      if ("out" in response) out += response.out;
      if ("err" in response) error += response.err;
    });
    if (status !== 0) throw new Error(`weir xfrm ${words.join(" ")}: ${error.trim()}`);
    return out;
  }

  /** Takes the states and policies of a tunnel to the other site; what it had is gone. */
  async takeTunnel(keying: Keying): Promise<void> {
    await this.xfrm("policy", "flush");
    await this.xfrm("state", "flush");
    for (const words of tunnelWords(this.#gateway, keying)) await this.xfrm(...words.split(" "));
  }

  /** What a state did: the tunnel's direction inward or outward. */
  async state(spi: number): Promise<StateCounts> {
    const listed = JSON.parse(await this.xfrm("--json", "state", "list")) as StateJson[];
    const found = listed.find((state) => state.spi === spi);
    if (found === undefined) throw new Error(`no state with SPI ${spi}`);
    return { ...found.current, ...found.stats };
  }

  /** Packets and bytes that the rules counted by their comments. */
  async counted(comment: string): Promise<number> {
    const listing = await this.#router.nft("list ruleset");
    const found = new RegExp(`counter packets (\\d+) bytes \\d+ .*comment "${comment}"`).exec(listing);
    if (found === null) throw new Error(`no rule "${comment}"`);
    return Number(found[1]);
  }

  /** Frames that a port's ring had no room for. */
  async missed(device: string): Promise<number> {
    return (await this.#router.ports())[device]!.rxDropped;
  }

  /** Packets dropped, by reason. */
  async drops(): Promise<Readonly<Record<string, number>>> {
    return (await this.#router.status()).drops;
  }

  /** Counters as of /proc/net/xfrm_stat, those that are not 0. */
  async statistics(): Promise<Record<string, number>> {
    const lines = (await this.xfrm("stat")).trim().split("\n").map((line) => line.split(/\s+/));
    return Object.fromEntries(
      lines.map(([name, count]) => [name!, Number(count)] as const).filter(([, n]) => n > 0),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#router[Symbol.asyncDispose]();
    await Deno.remove(this.#directory, { recursive: true });
  }
}

export interface StateCounts {
  readonly packets: number;
  readonly bytes: number;
  /** Replayed. */
  readonly replay: number;
  /** Older than the window. */
  readonly "replay-window": number;
  /** With an ICV that is none. */
  readonly failed: number;
}

interface StateJson {
  readonly spi: number;
  readonly current: Pick<StateCounts, "packets" | "bytes">;
  readonly stats: Omit<StateCounts, "packets" | "bytes">;
}

/** States and policies as `ip xfrm` has them, without that name. `keying` as `gateway` sees it. */
export function tunnelWords(gateway: Gateway, { inward, outward }: Keying): string[] {
  const own = SITES[gateway], other = SITES[otherOf(gateway)];
  const template = (from: string, to: string) =>
    `tmpl src ${from} dst ${to} proto esp reqid ${REQID} mode tunnel`;
  const inwards = `src ${other.network} dst ${own.network}`, through = template(other.wan, own.wan);
  return [
    `state add ${stateWords(inward, REQID)}`,
    `state add ${stateWords(outward, REQID)}`,
    `policy add src ${own.network} dst ${other.network} dir out ${template(own.wan, other.wan)}`,
    `policy add ${inwards} dir fwd ${through}`,
    `policy add ${inwards} dir in ${through}`,
  ];
}

const configuration = (gateway: Gateway): string => {
  const { wan, lan } = SITES[gateway];
  return `version: 1
hostname: ${gateway}
ports:
  wan:
    match: { name: wan0 }
    addresses: [${wan}/24]
    routes:
      - { to: default, via: ${SITES[otherOf(gateway)].wan} }
  lan:
    match: { name: lan0 }
    addresses: [${lan}/24]
ruleset: rules.nft
`;
};

/** Of all states of a tunnel. */
export const REQID = 7;

/** Comments of the rules that count what a tunnel carries. */
export const INTO = "into the tunnel", OUT_OF = "out of the tunnel";

const RULES = `table inet filter {
	chain input {
		type filter hook input priority filter; policy drop;
		ct state { established, related } accept
		meta l4proto icmp accept
		iifname wan udp dport { 500, 4500 } accept
	}

	chain forward {
		type filter hook forward priority filter; policy drop;
		iifname lan oifname wan ipsec out reqid ${REQID} counter accept comment "${INTO}"
		iifname wan oifname lan meta secpath exists ipsec in reqid ${REQID} counter accept comment "${OUT_OF}"
		iifname lan oifname wan rt ipsec missing ip daddr 198.51.100.0/24 accept
		iifname wan oifname lan ip saddr 198.51.100.0/24 ct state established accept
	}
}

table ip nat {
	chain postrouting {
		type nat hook postrouting priority srcnat; policy accept;
		oifname wan rt ipsec missing masquerade
	}
}
`;

const ENTRY = new URL("../../mod.ts", import.meta.url).href;
