import { formatAddress } from "../core/packet/address.ts";
import { isWithin } from "../config/cli/demo/address.ts";
import { DemoHost } from "../config/cli/demo/host.ts";
import { FILES, kernelRuleset } from "../config/cli/demo/files.ts";
import { KernelRouter } from "../config/cli/demo/kernel_router.ts";
import { Network } from "../config/cli/demo/network.ts";
import { childEnvironment, selfCommand } from "../config/cli/demo/process.ts";
import type { DemoRouter } from "../config/cli/demo/router.ts";
import { WeirRouter } from "../config/cli/demo/weir_router.ts";
import { CABLES, type HostName, ROUTED_PREFIX, ROUTER_LAN } from "../config/cli/demo/settings.ts";
import { addresses, openRoute } from "../drivers/sys/rtnetlink.ts";
import { inNamespace, spawnInNamespace } from "../drivers/sys/namespace.ts";

/**
 * The demo's network for tests and benches: hosts `lan`, `lan2` and `wan` round a router, each in a network
 * namespace of its own, and programs run inside them.
 *
 * Overview    addresses are those of config/cli/demo/settings.ts. With `router: "kernel"` the same cables, addresses
 *             and ruleset are the kernel's; with `"none"` the router's namespace holds bare devices lan0, lan1, wan0.
 * Life-cycle  `await using t = await topology({ router: "weir" })`; at the end of the block the programs started
 *             here are killed, the router is stopped, the namespaces are removed.
 * Limits      needs root. Names hold this process's id and a number, so that topologies stand side by side.
 */
export interface TopologyOptions {
  readonly router: "weir" | "kernel" | "none";
  /** The text of weir.yaml, whose `ruleset:` is demo.nft; the demo's unless told. */
  readonly config?: string;
  /** Further files by name in its directory, beside demo.yaml, demo.nft and weir-rules.nft. */
  readonly files?: Readonly<Record<string, string>>;
  /** Ruleset: demo.nft for weir, nft(8)'s input for the kernel; the demo's unless told. */
  readonly ruleset?: string;
  /** Environment of weir beside ours. */
  readonly env?: Readonly<Record<string, string>>;
  /** More arguments for `weir run`. */
  readonly run?: readonly string[];
}

export interface Output {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where a program can run: a host's namespace or the router's. */
export type Place = HostName | "router";

export class Topology implements AsyncDisposable {
  readonly network: Network;
  /** Undefined with `router: "none"`. */
  readonly router: DemoRouter | undefined;
  /** Where weir's files are: demo.yaml, demo.nft, ... and the control socket; empty where the kernel routes. */
  readonly directory: string;
  readonly #stack: AsyncDisposableStack;
  readonly #children = new Set<Deno.ChildProcess>();

  constructor(
    network: Network,
    router: DemoRouter | undefined,
    directory: string,
    stack: AsyncDisposableStack,
  ) {
    this.network = network;
    this.router = router;
    this.directory = directory;
    this.#stack = stack;
  }

  /** The router when it is weir: its status, its pid, `nft`. Throws when it is another. */
  get weir(): WeirRouter {
    if (this.router instanceof WeirRouter) return this.router;
    throw new TypeError("this topology's router is not weir");
  }

  get configuration(): string {
    return `${this.directory}/demo.yaml`;
  }
  get socket(): string {
    return `${this.directory}/control.sock`;
  }

  /** Program and arguments of a command of weir, for who starts it in a way of its own; with `environment`. */
  weirArguments(...args: string[]): string[] {
    const self = selfCommand(args, ENTRY);
    return [self.command, ...self.args];
  }
  get environment(): Record<string, string> {
    return { ...childEnvironment(), WEIR_CONFIG: this.configuration, WEIR_SOCKET: this.socket };
  }

  /** Starts weir's command line in the router's namespace; its control socket is this topology's. */
  startWeir(args: readonly string[], options: Deno.CommandOptions = {}): Deno.ChildProcess {
    const [program, ...rest] = this.weirArguments(...args);
    return this.spawn("router", program!, {
      args: rest,
      stdin: "null",
      clearEnv: true,
      ...options,
      env: { ...this.environment, ...options.env },
    });
  }

  /** Runs a command of weir to its end, as an operator would: `weirCommand("conntrack", "-L")`. */
  async weirCommand(...args: string[]): Promise<Output> {
    return textOf(await this.startWeir(args, { stdout: "piped", stderr: "piped" }).output());
  }

  /** Name of the network namespace. */
  namespace(place: Place): string {
    return place === "router" ? this.network.router : this.network.nameOf(place);
  }

  /** Starts a program in a namespace; killed with the topology when it still runs then. */
  spawn(place: Place, program: string, options: Deno.CommandOptions = {}): Deno.ChildProcess {
    const child = spawnInNamespace(this.namespace(place), program, options);
    this.#children.add(child);
    child.status.then(() => this.#children.delete(child));
    return child;
  }

  /** Runs a program in a namespace to its end, at most `seconds`. */
  async run(place: Place, program: string, args: readonly string[] = [], seconds = 30): Promise<Output> {
    const child = this.spawn(place, program, {
      args: [...args],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    });
    const timer = setTimeout(() => child.kill("SIGKILL"), seconds * 1000);
    const output = await child.output();
    clearTimeout(timer);
    return textOf(output);
  }

  /** One of weir's own clients inside a namespace, for its roles (config/cli/demo/roles). */
  client(host: Place): DemoHost {
    const name = this.namespace(host);
    return this.#stack.use(inNamespace(name, () => new DemoHost(name, ENTRY)));
  }

  /**
   * Waits until LAN hosts can speak IPv6: by weir's advertisements, where it routes. Their addresses in the routed
   * /64.
   */
  async ready(seconds = 15): Promise<{ readonly lan: string; readonly lan2: string }> {
    const [lan, lan2] = await Promise.all(
      (["lan", "lan2"] as const).map((host) => routedAddress(this.namespace(host), seconds)),
    );
    return { lan: lan!, lan2: lan2! };
  }

  /** Runs `run` with this thread in a namespace: one synchronous stretch. */
  within<T>(place: Place, run: () => T): T {
    return inNamespace(this.namespace(place), run);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) child.kill("SIGKILL");
    await Promise.all([...this.#children].map((child) => child.status));
    await this.#stack.disposeAsync();
  }
}

export function textOf({ code, stdout, stderr }: Deno.CommandOutput): Output {
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}

/** Whether namespaces can be made here; tests that need them are ignored otherwise. */
export const root = Deno.uid() === 0;

const ENTRY = new URL("../mod.ts", import.meta.url).href;
let made = 0;

export async function topology(options: TopologyOptions): Promise<Topology> {
  const stack = new AsyncDisposableStack();
  try {
    const network = stack.use(new Network(`weir-${Deno.pid}-${++made}-`));
    let router: DemoRouter | undefined, directory = "";
    if (options.router === "kernel") {
      router = stack.use(await KernelRouter.start(network, options.ruleset ?? kernelRuleset("wan0", "lan")));
    } else {
      directory = await Deno.makeTempDir({ prefix: "weir-test-" });
      stack.defer(() => Deno.remove(directory, { recursive: true }));
      const files = {
        ...FILES,
        ...(options.config === undefined ? {} : { "demo.yaml": options.config }),
        ...(options.ruleset === undefined ? {} : { "demo.nft": options.ruleset }),
        ...options.files,
      };
      for (const [name, text] of Object.entries(files)) {
        await Deno.writeTextFile(`${directory}/${name}`, text);
      }
    }
    if (options.router === "weir") {
      const configuration = `${directory}/demo.yaml`, socket = `${directory}/control.sock`;
      const { env } = options;
      router = stack.use(
        await WeirRouter.start(network, {
          configuration,
          socket,
          entry: ENTRY,
          ...(env === undefined ? {} : { env }),
          more: options.run ?? [],
        }),
      );
    }
    for (const { host } of CABLES) {
      // Weir advertises; where nobody does, hosts get by hand what they would have made.
      const digit = host === "lan" ? "a" : "b";
      const byHand = options.router === "weir" || host === "wan"
        ? {}
        : { addresses: [`${ROUTED_PREFIX}${digit}/64`], routes: [{ to: "::/0", via: ROUTER_LAN.routed }] };
      network.plug(host, byHand);
    }
    return new Topology(network, router, directory, stack);
  } catch (e) {
    await stack.disposeAsync();
    throw e;
  }
}

/** The address in the routed /64 that a host has once duplicate address detection let it pass. */
async function routedAddress(namespace: string, seconds: number): Promise<string> {
  for (const until = performance.now() + seconds * 1000; performance.now() < until;) {
    const found = inNamespace(namespace, ipv6Addresses).find((a) => isWithin(a, `${ROUTED_PREFIX}/64`));
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${namespace} got no IPv6 address within ${seconds} s`);
}

/** Usable global addresses of the thread's namespace. */
function ipv6Addresses(): string[] {
  const socket = openRoute();
  try {
    return addresses(socket).filter(({ prefix, flags }) => prefix.family === 6 && (flags & TENTATIVE) === 0)
      .map(({ prefix }) => formatAddress(prefix));
  } finally {
    socket.close();
  }
}
const TENTATIVE = 0x40;
