import { spawnInNamespace } from "../../../drivers/sys/namespace.ts";
import { ask, askValue, ControlError } from "../../control/client.ts";
import type { RouterStatus } from "../../status.ts";
import type { LinkCounters } from "./counters.ts";
import { policyDrops } from "./listing.ts";
import type { Network } from "./network.ts";
import { childEnvironment, selfCommand } from "./process.ts";
import type { DemoRouter } from "./router.ts";

export interface WeirOptions {
  /** Path of the configuration. */
  readonly configuration: string;
  /** Path for the control socket. */
  readonly socket: string;
  readonly stop?: AbortSignal;
  /** Module that is weir's command line; the running program's unless told. */
  readonly entry?: string;
  /** Environment beside ours. */
  readonly env?: Readonly<Record<string, string>>;
  /** More arguments for `weir run`. */
  readonly more?: readonly string[];
}

/**
 * Weir itself: `weir run` as a child in the router's namespace, asked over its control socket.
 *
 * Life-cycle  start (until it answers with a plan applied) -> ... -> dispose: SIGTERM, SIGKILL after three seconds.
 * Failure     a router that ends before it answers is an error that carries what it said.
 */
export class WeirRouter implements DemoRouter {
  readonly kind = "weir";
  /** How it ended, once it has. */
  ending: { readonly code: number; readonly milliseconds: number } | undefined;
  readonly #child: Deno.ChildProcess;
  readonly #socket: string;
  readonly #said: Promise<string>;

  private constructor(child: Deno.ChildProcess, socket: string) {
    this.#child = child;
    this.#socket = socket;
    this.#said = new Response(child.stderr).text();
  }

  static async start(network: Pick<Network, "router">, options: WeirOptions): Promise<WeirRouter> {
    const { configuration, socket, stop, entry, more = [] } = options;
    const self = selfCommand(["run", "--config", configuration, "--socket", socket, ...more], entry);
    const child = spawnInNamespace(network.router, self.command, {
      args: self.args,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
      clearEnv: true,
      env: { ...childEnvironment(), ...options.env },
    });
    const router = new WeirRouter(child, socket);
    try {
      await router.#ready(stop);
    } catch (e) {
      await router[Symbol.asyncDispose]();
      throw e;
    }
    return router;
  }

  get pid(): number {
    return this.#child.pid;
  }

  async #ready(stop: AbortSignal | undefined): Promise<void> {
    let ended = false;
    this.#child.status.then(() => ended = true);
    for (const until = performance.now() + START_LIMIT; performance.now() < until;) {
      if (stop?.aborted) throw new Error("interrupted");
      if (ended) {
        throw new Error(`the router did not start: ${(await this.#said).trim() || "it said nothing"}`);
      }
      try {
        if ((await this.status()).generation > 0) return;
      } catch (e) {
        if (!(e instanceof ControlError)) throw e;
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`the router did not answer within ${START_LIMIT / 1000} s`);
  }

  status(): Promise<RouterStatus> {
    return askValue<RouterStatus>(this.#socket, { command: "status" });
  }

  async ports(): Promise<Record<string, LinkCounters>> {
    const { ports } = await this.status();
    const wires = ports.filter((port) => port.kind === "packet");
    return Object.fromEntries(wires.map(({ device, rxPackets, rxDropped, rxBytes, txPackets, txBytes }) => [
      device,
      { rxPackets, rxDropped, rxBytes, txPackets, txBytes },
    ]));
  }

  async dropped(): Promise<number> {
    return policyDrops(await this.nft("list ruleset"));
  }

  /** Runs a command of the rule language, in that of Debian's nft where `dialect` says so; its output. Throws what is wrong with it. */
  async nft(text: string, options: { readonly dialect?: "1.0.6" } = {}): Promise<string> {
    let output = "", error = "";
    const status = await ask(this.#socket, { command: "nft", text, name: "", ...options }, (response) => {
      if ("out" in response) output += response.out;
      if ("err" in response) error += response.err;
    });
    if (status !== 0) throw new Error(error.trim());
    return output;
  }

  /** What the router wrote to standard error; it must have ended. */
  get said(): Promise<string> {
    return this.#said;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.ending !== undefined) return;
    const start = performance.now();
    this.#kill("SIGTERM");
    const timer = setTimeout(() => this.#kill("SIGKILL"), STOP_LIMIT);
    const { code } = await this.#child.status;
    clearTimeout(timer);
    this.ending = { code, milliseconds: performance.now() - start };
    await this.#said;
  }

  #kill(signal: "SIGTERM" | "SIGKILL"): void {
    try {
      this.#child.kill(signal);
    } catch {
      // it has ended already
    }
  }
}

/** Milliseconds until it must answer, and until it must be gone. */
const START_LIMIT = 60_000, STOP_LIMIT = 3000;
