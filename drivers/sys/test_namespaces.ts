import { parsePrefix, type Prefix } from "../../core/packet/address.ts";
import { openRoute } from "./rtnetlink.ts";
import { createVeth, linkByName, setLink } from "./link.ts";
import { addAddress } from "./address.ts";
import { libc, O_RDWR, openFile } from "./libc.ts";
import { createNamespace, deleteNamespace, inNamespace, openNamespace } from "./namespace.ts";
import { Waiter } from "./waiter.ts";
import type { NetlinkSocket } from "./netlink.ts";

/**
 * Throwaway network namespaces for tests. Names carry the process id, so that runs side by side do not meet.
 *
 *     Deno.test({ name: "…", ignore: lacks("namespaces"), fn() { using net = new TestNetwork("a", "b"); … } });
 */
export class TestNetwork implements Disposable {
  readonly #names: string[] = [];
  #index = 10;

  constructor(...names: string[]) {
    for (const name of names) {
      createNamespace(this.name(name));
      this.#names.push(name);
    }
  }
  /** Full name of a namespace, for `inNamespace`. */
  name(short: string): string {
    return `weir-${libc.getpid()}-${short}`;
  }
  /** Runs synchronously inside. */
  inside<T>(short: string, run: () => T): T {
    return inNamespace(this.name(short), run);
  }
  /** Runs with a netlink socket of that namespace. */
  route<T>(short: string, run: (socket: NetlinkSocket) => T): T {
    const socket = this.inside(short, openRoute);
    try {
      return run(socket);
    } finally {
      socket.close();
    }
  }
  /** A veth pair between two namespaces, both ends up. */
  veth(a: string, device: string, b: string, peer: string): void {
    const there = openNamespace(this.name(b));
    try {
      const near = { name: device, index: this.#index++ };
      const far = { name: peer, index: this.#index++, namespace: there };
      this.route(a, (socket) => createVeth(socket, near, far));
    } finally {
      libc.close(there);
    }
    this.route(a, (socket) => setLink(socket, device, { up: true }));
    this.route(b, (socket) => setLink(socket, peer, { up: true }));
    this.settle(a, device);
    this.settle(b, peer);
  }
  /**
   * Waits until the kernel has noticed the device's carrier: what is sent before is lost. It tells so a moment before
   * it puts the queue in place, under a lock that a change of any interface waits for.
   */
  settle(short: string, device: string): void {
    const pause = new Waiter();
    this.route(short, (socket) => {
      for (let tries = 0; tries < 2000 && linkByName(socket, device)?.operState !== 6; tries++) pause.wait(1);
      setLink(socket, "lo", { up: true });
    });
  }
  /** Gives a device addresses, usable at once. */
  address(short: string, device: string, ...prefixes: string[]): void {
    this.route(short, (socket) => {
      const index = linkByName(socket, device)!.index;
      for (const text of prefixes) addAddress(socket, index, parsePrefix(text) as Prefix, { noDad: true });
    });
  }
  /** Output of a program run inside, to its end. */
  run(short: string, program: string, ...args: string[]): string {
    const output = this.inside(
      short,
      () => new Deno.Command(program, { args, stderr: "piped" }).outputSync(),
    );
    return new TextDecoder().decode(output.stdout) + new TextDecoder().decode(output.stderr);
  }
  /** Starts a program inside. */
  spawn(short: string, program: string, ...args: string[]): Deno.ChildProcess {
    const options = { args, stdout: "piped", stderr: "inherit" } as const;
    return this.inside(short, () => new Deno.Command(program, options).spawn());
  }
  [Symbol.dispose](): void {
    for (const name of this.#names) deleteNamespace(this.name(name));
  }
}

type Need = "namespaces" | "tun" | "nft" | "ping";

const reasons = new Map<Need, string | undefined>();

/** Whether a test must be skipped for lack of something; says so once. */
export function lacks(...needs: Need[]): boolean {
  let missing = false;
  for (const need of needs) {
    if (!reasons.has(need)) {
      reasons.set(need, probe(need));
      const reason = reasons.get(need);
      if (reason !== undefined) console.log(`skipping tests that need ${need}: ${reason}`);
    }
    missing ||= reasons.get(need) !== undefined;
  }
  return missing;
}

function probe(need: Need): string | undefined {
  try {
    if (need === "namespaces") {
      const name = `weir-${libc.getpid()}-probe`;
      createNamespace(name);
      deleteNamespace(name);
    } else if (need === "tun") libc.close(openFile("/dev/net/tun", O_RDWR));
    else new Deno.Command(need, { args: need === "nft" ? ["--version"] : ["-V"] }).outputSync();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
