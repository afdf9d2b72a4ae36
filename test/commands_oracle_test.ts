import assert from "node:assert/strict";
import { Nft } from "../core/nft/nft.ts";
import type { NftOptions } from "../core/nft/options.ts";
import { comparable, type OracleCommand } from "./commands/answer.ts";
import { KernelSide } from "./commands/kernel_side.ts";
import { skip } from "./needs.ts";

/**
 * nft(8) as oracle of commands: each line of `commands/commands.txt` goes to nft and to weir, both on the ruleset of
 * `commands/ruleset.nft`; the same answer, the same status, the same error with the same carets.
 *
 * A line may begin with options in brackets (`[-j -a]`: then it is given as an argument, not as a file), and hold
 * `; list ...` behind the command: that is asked afterwards. A line after `# differs: REASON` is expected to differ,
 * so that the reason goes when the difference does.
 */
const here = new URL("./commands/", import.meta.url);

Deno.test({
  name: "commands: weir answers what nft answers",
  ignore: skip("test/commands_oracle_test.ts", "nft", "ip"),
  async fn(test) {
    const ruleset = Deno.readTextFileSync(new URL("ruleset.nft", here));
    using kernel = new KernelSide();
    for (const { line, reason } of linesOf(Deno.readTextFileSync(new URL("commands.txt", here)))) {
      await test.step(line, async () => {
        const command = commandOf(line);
        const theirs = await kernel.answer(ruleset, command), ours = answer(ruleset, command);
        if (reason === undefined) assert.deepEqual(ours, theirs);
        else assert.notDeepEqual(ours, theirs, `no longer differs: ${reason}`);
      });
    }
  },
});

function* linesOf(text: string): Generator<{ line: string; reason?: string }> {
  let reason: string | undefined;
  for (const line of text.split("\n").filter((each) => each !== "")) {
    if (line.startsWith("# differs: ")) reason = line.slice("# differs: ".length);
    else if (!line.startsWith("#")) {
      yield { line, ...(reason === undefined ? {} : { reason }) };
      reason = undefined;
    }
  }
}

function commandOf(line: string): OracleCommand {
  const [, options, rest] = /^(?:\[([^\]]*)\] )?(.*)$/.exec(line)!;
  if (options !== undefined) return { options: options.split(" "), text: rest! };
  const [text, listing] = rest!.split("; list ");
  return { options: [], text: text!, ...(listing === undefined ? {} : { listing: `list ${listing}` }) };
}

const FLAGS: Readonly<Record<string, keyof NftOptions>> = {
  "-a": "handles",
  "-s": "stateless",
  "-t": "terse",
  "-n": "numeric",
  "-j": "json",
  "-e": "echo",
  "-y": "numericPriority",
  "-S": "service",
  "-p": "numericProtocol",
};

function answer(ruleset: string, { options, text, listing }: OracleCommand) {
  const surroundings: NftOptions = {
    interfaceIndex: (name) => (name === "lo" ? 1 : undefined),
    interfaceName: (index) => (index === 1 ? "lo" : undefined),
    dialect: "1.0.6",
  };
  const filled = new Nft(undefined, surroundings);
  const made = filled.run(ruleset, "ruleset.nft");
  assert.ok(made.ok, made.error);
  const flags = Object.fromEntries(options.map((option) => [FLAGS[option], true]));
  const nft = new Nft(filled.store, { ...surroundings, ...flags });
  const asked = options.length > 0 ? nft.run(text) : nft.run(`${text}\n`, "/dev/stdin");
  const result = asked.ok && listing !== undefined ? nft.run(`${listing}\n`, "/dev/stdin") : asked;
  return comparable(result.ok, result.output, result.error);
}
