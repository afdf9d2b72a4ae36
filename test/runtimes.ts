/**
 * `deno task runtimes`: the tests of core/ under Node 22 and Bun, installed by npm into a folder of their own, and
 * core/mod.ts type-checked against Bun's types. Closes with one line a runtime; status 1 when one of them failed.
 */
const home = Deno.makeTempDirSync({ prefix: "weir-runtimes-" });
const tests = [...testFiles("core")];

function* testFiles(folder: string): Generator<string> {
  for (const entry of Deno.readDirSync(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* testFiles(path);
    else if (entry.name.endsWith("_test.ts")) yield path;
  }
}

function run(program: string, args: readonly string[]): { ok: boolean; text: string } {
  const { success, stdout, stderr } = new Deno.Command(program, { args: [...args], stdin: "null" })
    .outputSync();
  const text = new TextDecoder();
  return { ok: success, text: text.decode(stdout) + text.decode(stderr) };
}

let failed = false;
function report(name: string, result: { ok: boolean; text: string }, counts: RegExp): void {
  const found = [...result.text.matchAll(counts)].map((match) => match[0].replace(/^# /, "").trim());
  console.log(`${name}: ${result.ok ? "ok" : "FAILED"} ${found.join(", ")}`);
  if (result.ok) return;
  failed = true;
  console.log(result.text.split("\n").slice(-60).join("\n"));
}

try {
  const installed = run("npm", ["install", "--silent", "--prefix", home, "node@22", "@oven/bun-linux-x64"]);
  if (!installed.ok) throw new Error(`npm could not install the runtimes:\n${installed.text}`);
  const node = `${home}/node_modules/.bin/node`, bun = `${home}/node_modules/@oven/bun-linux-x64/bin/bun`;
  const strip = ["--experimental-strip-types", "--no-warnings", "--test"];
  report(
    `node ${run(node, ["--version"]).text.trim()}`,
    run(node, [...strip, ...tests]),
    /^# (pass|fail) \d+$/gm,
  );
  report(
    `bun ${run(bun, ["--version"]).text.trim()}`,
    run(bun, ["test", "--timeout", "60000", ...tests.map((t) => `./${t}`)]),
    /^ \d+ (pass|fail)$/gm,
  );
  const config = `${home}/bun-types.json`, types = ["npm:bun-types"];
  Deno.writeTextFileSync(
    config,
    JSON.stringify({ compilerOptions: { types, lib: ["esnext"], strict: true } }),
  );
  report("bun-types", run(Deno.execPath(), ["check", "--no-lock", "--config", config, "core/mod.ts"]), /^$/g);
} finally {
  Deno.removeSync(home, { recursive: true });
}
Deno.exit(failed ? 1 : 0);
