import type { Answer, Question } from "./oracle.ts";

/** nft in a throw-away network namespace; started again where it dies. */
export class KernelNft implements AsyncDisposable {
  readonly #name = `weir-lang-${Deno.pid}`;
  #child: Deno.ChildProcess | undefined;
  #writer: WritableStreamDefaultWriter<Uint8Array> | undefined;
  #reader: ReadableStreamDefaultReader<string> | undefined;
  #rest = "";

  static async start(): Promise<KernelNft> {
    const nft = new KernelNft();
    await ip("netns", "add", nft.#name);
    nft.#spawn();
    return nft;
  }

  #spawn(): void {
    const oracle = new URL("oracle.ts", import.meta.url).pathname;
    this.#child = new Deno.Command("ip", {
      args: ["netns", "exec", this.#name, Deno.execPath(), "run", "--no-lock", "--allow-all", oracle],
      env: { TZ: "UTC" },
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#writer = this.#child.stdin.getWriter();
    this.#reader = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#rest = "";
  }

  /** Undefined where nft itself stopped. */
  async ask(question: Question): Promise<Answer | undefined> {
    await this.#writer!.write(new TextEncoder().encode(JSON.stringify(question) + "\n"));
    for (let end; (end = this.#rest.indexOf("\n")) < 0;) {
      const { done, value } = await this.#reader!.read();
      if (done) {
        await this.#writer!.abort().catch(() => {});
        await this.#child!.status;
        this.#spawn();
        return undefined;
      }
      this.#rest += value;
      void end;
    }
    const end = this.#rest.indexOf("\n");
    const line = this.#rest.slice(0, end);
    this.#rest = this.#rest.slice(end + 1);
    return JSON.parse(line) as Answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer!.close().catch(() => {});
    await this.#reader!.cancel().catch(() => {});
    await this.#child!.status;
    await ip("netns", "delete", this.#name);
  }
}

async function ip(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("ip", { args }).output();
  if (!success) throw new Error(`ip ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}
