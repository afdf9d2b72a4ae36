import assert from "node:assert/strict";

/** The program that is bundled, from its modules. */
function nft(...args: string[]): { code: number; out: string; err: string } {
  const decoder = new TextDecoder();
  const { code, stdout, stderr } = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-lock", "-A", new URL("nft_main.ts", import.meta.url).pathname, "--offline", ...args],
    env: { NO_COLOR: "1" },
  }).outputSync();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

Deno.test("nft as a program of its own: all arguments are its own, exit status and streams are nft's", () => {
  const listed = nft("add table ip t; add chain ip t c; list ruleset");
  assert.deepEqual(listed, { code: 0, out: "table ip t {\n\tchain c {\n\t}\n}\n", err: "" });
  const refused = nft("-c", "add chain ip x c");
  assert.deepEqual([refused.code, refused.out], [1, ""]);
  assert.match(refused.err, /^Error: .*No such file or directory/);
});
