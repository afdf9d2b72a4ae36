import assert from "node:assert/strict";
import { createNamespace, deleteNamespace } from "../../drivers/sys/namespace.ts";
import { comparable, type OracleCommand } from "./answer.ts";

/** nft(8) in a network namespace of its own, whose ruleset is made anew for every command. */
export class KernelSide implements Disposable {
  readonly #namespace = `weir-commands-${Deno.pid}`;

  constructor() {
    createNamespace(this.#namespace);
  }

  async answer(ruleset: string, { options, text, listing }: OracleCommand) {
    const made = await this.#nft(["-f", "-"], `flush ruleset\n${ruleset}`);
    assert.ok(made.ok, made.error);
    const asked = options.length > 0
      ? await this.#nft([...options, text], "")
      : await this.#nft(["-f", "-"], `${text}\n`);
    const last = asked.ok && listing !== undefined ? await this.#nft(["-f", "-"], `${listing}\n`) : asked;
    return comparable(last.ok, last.output, last.error);
  }

  async #nft(args: readonly string[], input: string) {
    const child = new Deno.Command("ip", {
      args: ["netns", "exec", this.#namespace, "nft", ...args],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(input));
    await writer.close();
    const { success, stdout, stderr } = await child.output();
    const decoder = new TextDecoder();
    return { ok: success, output: decoder.decode(stdout), error: decoder.decode(stderr) };
  }

  [Symbol.dispose](): void {
    deleteNamespace(this.#namespace);
  }
}
