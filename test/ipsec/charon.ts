import { spawnInNamespace } from "../../drivers/sys/namespace.ts";
import { childEnvironment } from "../../config/cli/demo/process.ts";
import { until } from "../waiting.ts";
import { type Keying, parseKeying } from "./keying.ts";
import {
  CHILD,
  type ChildSa,
  type Connection,
  daemonConfiguration,
  parseChildSa,
  swanctlConfiguration,
} from "./swanctl.ts";

/**
 * strongSwan's IKE daemon in a network namespace, with ESP in user space (kernel-libipsec).
 *
 * Overview    its files are in a directory of its own: several stand side by side. What the operator of this machine
 *             configured is not read. ESP goes through its TUN device `ipsec0` for who puts a route there; a daemon
 *             without such a route only talks IKE.
 * Life-cycle  start (answers, connection loaded) -> initiate at one end -> keying, sa -> dispose: SIGTERM, SIGKILL
 *             after two seconds.
 * Ownership   the child process and the directory.
 */
export class Charon implements AsyncDisposable {
  readonly #namespace: string;
  readonly #directory: string;
  readonly #child: Deno.ChildProcess;
  #ended = false;

  private constructor(namespace: string, directory: string) {
    this.#namespace = namespace;
    this.#directory = directory;
    this.#child = spawnInNamespace(namespace, "charon-systemd", {
      stdin: "null",
      stdout: "null",
      stderr: "null",
      clearEnv: true,
      env: this.#environment,
    });
    this.#child.status.then(() => this.#ended = true);
  }

  static async start(namespace: string, connection: Connection): Promise<Charon> {
    const directory = await Deno.makeTempDir({ prefix: "weir-charon-" });
    await Deno.writeTextFile(`${directory}/strongswan.conf`, daemonConfiguration(directory));
    await Deno.writeTextFile(`${directory}/swanctl.conf`, swanctlConfiguration(connection));
    const charon = new Charon(namespace, directory);
    try {
      const file = `${directory}/swanctl.conf`;
      await until("charon takes its connection", async () => {
        if (charon.#ended) throw new Error(`charon did not start:\n${charon.log.slice(-1000)}`);
        return (await charon.#swanctl("--load-all", "--file", file)).success;
      });
    } catch (e) {
      await charon[Symbol.asyncDispose]();
      throw e;
    }
    return charon;
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** What it wrote so far, keys and all; empty before the first line. */
  get log(): string {
    try {
      return Deno.readTextFileSync(`${this.#directory}/log`);
    } catch {
      return "";
    }
  }

  get #environment(): Record<string, string> {
    const { [SETTINGS]: _, ...rest } = childEnvironment();
    return { ...rest, [SETTINGS]: `${this.#directory}/strongswan.conf`, SWANCTL_DIR: this.#directory };
  }

  async #swanctl(...args: string[]): Promise<{ readonly success: boolean; readonly text: string }> {
    const child = spawnInNamespace(this.#namespace, "swanctl", {
      args: [...args, "--uri", `unix://${this.#directory}/vici`],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      clearEnv: true,
      env: this.#environment,
    });
    const timer = setTimeout(() => child.kill("SIGKILL"), ANSWER_LIMIT);
    const { success, stdout, stderr } = await child.output();
    clearTimeout(timer);
    const text = new TextDecoder();
    return { success, text: text.decode(stdout) + text.decode(stderr) };
  }

  /** Asks the other end for the tunnel. Throws what was said when it is not there within five seconds. */
  async initiate(): Promise<void> {
    const { success, text } = await this.#swanctl("--initiate", "--child", CHILD, "--timeout", "5");
    if (!success) throw new Error(`the tunnel was refused:\n${text}`);
  }

  /** Makes new keys for the tunnel, which is to be there. */
  async rekey(): Promise<void> {
    const before = (await this.sa())?.spiOut;
    const { success, text } = await this.#swanctl("--rekey", "--child", CHILD);
    if (!success) throw new Error(`the tunnel was not rekeyed:\n${text}`);
    await until("the tunnel has new keys", async () => {
      const now = (await this.sa())?.spiOut;
      return now !== undefined && now !== before;
    });
  }

  /** Its end of the tunnel with counts of packets; undefined while there is none. */
  async sa(): Promise<ChildSa | undefined> {
    return parseChildSa((await this.#swanctl("--list-sas", "--raw")).text);
  }

  /** Keys of the newest tunnel, as this daemon wrote them down. Throws when there is none. */
  keying(): Keying {
    return parseKeying(this.log);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#kill("SIGTERM");
    const timer = setTimeout(() => this.#kill("SIGKILL"), STOP_LIMIT);
    await this.#child.status;
    clearTimeout(timer);
    await Deno.remove(this.#directory, { recursive: true }).catch(() => {});
  }

  #kill(signal: "SIGTERM" | "SIGKILL"): void {
    if (!this.#ended) this.#child.kill(signal);
  }
}

const SETTINGS = "STRONGSWAN_CONF";
/** Milliseconds until it must have answered, and until it must be gone. */
const ANSWER_LIMIT = 8000, STOP_LIMIT = 2000;
