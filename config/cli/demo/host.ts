import { TextLineStream } from "./lines.ts";
import { childEnvironment, selfCommand } from "./process.ts";
import type { RoleArguments, RoleName, RoleResult } from "./roles/mod.ts";

/**
 * A host of the demo, seen from outside: the client process that runs in its namespace, and requests to it.
 *
 * Life-cycle  `close` ends its input, waits, and kills it when it has not gone after a second.
 * Limits      a request nobody answers within its time is an error of that request, not of the host.
 */
export class DemoHost implements AsyncDisposable {
  readonly name: string;
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #reading: Promise<void>;
  #last = 0;

  /** Starts the client. The calling thread must be in the host's network namespace; the child inherits it. */
  constructor(name: string, entry?: string) {
    this.name = name;
    const { command, args } = selfCommand(["demo-client", name], entry);
    this.#child = new Deno.Command(command, {
      args,
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
      clearEnv: true,
      env: childEnvironment(),
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#reading = this.#read();
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Asks the client to play a role; throws what it could not do, or that it did not answer in time. */
  async call<N extends RoleName>(role: N, given: RoleArguments<N>, seconds = 30): Promise<RoleResult<N>> {
    const id = ++this.#last, reply = Promise.withResolvers<unknown>();
    this.#waiting.set(id, reply);
    reply.promise.catch(() => {});
    const timer = setTimeout(
      () => reply.reject(new Error(`${this.name} did not finish "${role}" within ${seconds} s`)),
      seconds * 1000,
    );
    try {
      const line = JSON.stringify({ id, role, arguments: given }) + "\n";
      await this.#input.write(new TextEncoder().encode(line));
      return await reply.promise as RoleResult<N>;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(id);
    }
  }

  async #read(): Promise<void> {
    const lines = this.#child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
    for await (const line of lines) {
      const { id, value, error } = JSON.parse(line) as { id: number; value?: unknown; error?: string };
      if (error === undefined) this.#waiting.get(id)?.resolve(value);
      else this.#waiting.get(id)?.reject(new Error(`${this.name}: ${error}`));
    }
    for (const reply of this.#waiting.values()) reply.reject(new Error(`the client ${this.name} ended`));
  }

  /** Ends it at once. */
  kill(): void {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // it has ended already
    }
  }

  async close(): Promise<void> {
    await this.#input.close().catch(() => {});
    const timer = setTimeout(() => this.kill(), 1000);
    await this.#child.status;
    clearTimeout(timer);
    await this.#reading;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
