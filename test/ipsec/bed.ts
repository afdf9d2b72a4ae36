import { spawnInNamespace } from "../../drivers/sys/namespace.ts";
import { type Output, textOf } from "../topology.ts";
import { Charon } from "./charon.ts";
import { type Keying, keyingOf, reversed } from "./keying.ts";
import { type Gateway, otherOf, type Place, SITES, SitesNetwork } from "./network.ts";
import { WeirGateway } from "./weir_gateway.ts";

/**
 * Two sites with a tunnel between their gateways, each gateway weir or strongSwan.
 *
 * Overview    with strongSwan the kernel routes and charon's kernel-libipsec encrypts. Where the other gateway is weir, a
 *             charon on weir's own addresses negotiates for it by IKEv2, and strongSwan's log tells weir the keys.
 *             Between two weirs there is no charon, the keys are made up.
 * Life-cycle  `await using bed = await Bed.start({...})`; at the end programs started here are killed, daemons stopped,
 *             namespaces removed.
 * Limits      needs root, and with strongSwan what needs.ts names.
 */
export interface BedOptions {
  /** ESP proposal in strongSwan's words. */
  readonly proposal: Proposal;
  /** Who encrypts for the site `near`. */
  readonly near: Implementation;
  /** ... and for the other; strongSwan unless told. */
  readonly far?: Implementation;
  /** More arguments for `weir run`. */
  readonly run?: readonly string[];
}

export type Implementation = "weir" | "strongswan";
export type Proposal = "aes128gcm16" | "aes128-sha256";

export class Bed implements AsyncDisposable {
  readonly network: SitesNetwork;
  readonly #charons: Readonly<Partial<Record<Gateway, Charon>>>;
  readonly #weirs: Readonly<Partial<Record<Gateway, WeirGateway>>>;
  readonly #stack: AsyncDisposableStack;
  readonly #children = new Set<Deno.ChildProcess>();

  private constructor(
    network: SitesNetwork,
    charons: Readonly<Partial<Record<Gateway, Charon>>>,
    weirs: Readonly<Partial<Record<Gateway, WeirGateway>>>,
    stack: AsyncDisposableStack,
  ) {
    this.network = network;
    this.#charons = charons;
    this.#weirs = weirs;
    this.#stack = stack;
  }

  static async start({ proposal, near, far = "strongswan", run = [] }: BedOptions): Promise<Bed> {
    const stack = new AsyncDisposableStack();
    try {
      const network = stack.use(new SitesNetwork(`weir-${Deno.pid}-ipsec${++made}-`));
      const implementations = { near, far } as const;
      const charons: Partial<Record<Gateway, Charon>> = {}, weirs: Partial<Record<Gateway, WeirGateway>> = {};
      for (const gateway of GATEWAYS) {
        const name = network.nameOf(gateway);
        if (implementations[gateway] === "strongswan") network.route(gateway);
        else weirs[gateway] = stack.use(await WeirGateway.start(name, gateway, run));
      }
      if (near === "strongswan" || far === "strongswan") {
        for (const gateway of GATEWAYS) {
          const own = SITES[gateway], other = SITES[otherOf(gateway)];
          charons[gateway] = stack.use(
            await Charon.start(network.nameOf(gateway), {
              local: own.wan,
              remote: other.wan,
              localNetwork: own.network,
              remoteNetwork: other.network,
              proposal,
            }),
          );
        }
        await charons.near!.initiate();
      }
      const bed = new Bed(network, charons, weirs, stack);
      for (const gateway of GATEWAYS) {
        if (implementations[gateway] === "strongswan") network.routeInto(gateway, TUNNEL_DEVICE);
      }
      const keying = charons.near === undefined ? keyingOf(proposal) : bed.negotiated();
      await weirs.near?.takeTunnel(keying);
      await weirs.far?.takeTunnel(reversed(keying));
      return bed;
    } catch (e) {
      await stack.disposeAsync();
      throw e;
    }
  }

  /** Keys as `near` sees them, out of the log of the end that strongSwan encrypts at. */
  negotiated(): Keying {
    return this.#weirs.far === undefined
      ? reversed(this.charon("far").keying())
      : this.charon("near").keying();
  }

  /** Throws where there is none. */
  charon(gateway: Gateway): Charon {
    const charon = this.#charons[gateway];
    if (charon === undefined) throw new TypeError(`there is no charon at ${gateway}`);
    return charon;
  }

  /** Throws where strongSwan is in its place. */
  weir(gateway: Gateway): WeirGateway {
    const weir = this.#weirs[gateway];
    if (weir === undefined) throw new TypeError(`there is no weir at ${gateway}`);
    return weir;
  }

  /** Process that encrypts at a gateway. */
  pid(gateway: Gateway): number {
    return (this.#weirs[gateway] ?? this.charon(gateway)).pid;
  }

  /** Runs `run` with this thread in a place: one synchronous stretch. */
  within<T>(place: Place, run: () => T): T {
    return this.network.within(place, run);
  }

  /** Starts a program in a place; killed with the bed when it still runs then. */
  spawn(place: Place, program: string, options: Deno.CommandOptions = {}): Deno.ChildProcess {
    const child = spawnInNamespace(this.network.nameOf(place), program, options);
    this.#children.add(child);
    child.status.then(() => this.#children.delete(child));
    return child;
  }

  /** Runs a program in a place to its end, at most `seconds`. */
  async run(place: Place, program: string, args: readonly string[] = [], seconds = 15): Promise<Output> {
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

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) child.kill("SIGKILL");
    await Promise.all([...this.#children].map((child) => child.status));
    await this.#stack.disposeAsync();
  }
}

const GATEWAYS = ["near", "far"] as const;
/** Of the first charon in a namespace. */
export const TUNNEL_DEVICE = "ipsec0";
let made = 0;
