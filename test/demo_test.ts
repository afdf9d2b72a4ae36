import assert from "node:assert/strict";
import { canUnshare } from "../config/cli/demo/unshare.ts";
import { skip } from "./needs.ts";

/** The demo as a newcomer runs it: every row passes, and nothing of it is left. */
interface Row {
  readonly name: string;
  readonly ok: boolean;
  readonly through: string;
}

const ENTRY = new URL("../mod.ts", import.meta.url).pathname;
const demo = (...args: string[]) => ["run", "--quiet", "--allow-all", ENTRY, "demo", ...args];
const piped = { stdin: "null", stdout: "piped", stderr: "piped" } as const;
const command = (...args: string[]) => new Deno.Command(Deno.execPath(), { args: demo(...args), ...piped });
const skipped = skip("demo_test.ts");

/** Waits for another demo on this machine to end: they take turns. */
async function myTurn(): Promise<void> {
  try {
    using file = await Deno.open("/run/weir-demo.lock");
    await file.lock(true);
  } catch (e) {
    if (!(e instanceof Deno.errors.NotFound)) throw e;
  }
}

/** What a demo leaves lying about, were it to. */
function remains(): string[] {
  const found: string[] = [];
  for (const directory of ["/run", "/run/netns"]) {
    try {
      for (const { name } of Deno.readDirSync(directory)) {
        if (/^weir-(lan|lan2|wan|router|demo.*)$/.test(name)) found.push(`${directory}/${name}`);
      }
    } catch {
      // no such directory: nothing in it
    }
  }
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const line = Deno.readTextFileSync(`/proc/${name}/cmdline`).split("\0");
      const client = line.indexOf("demo-client") + 1;
      const ours = client > 0 && /^weir-(lan|lan2|wan)$/.test(line[client] ?? "");
      if (ours || line.includes("/run/weir-demo/demo.yaml")) found.push(line.join(" "));
    } catch {
      // ended meanwhile
    }
  }
  return found;
}

function allPassed({ code, stdout, stderr }: Deno.CommandOutput): void {
  const text = new TextDecoder(), said = text.decode(stderr);
  assert.notEqual(stdout.length, 0, said);
  const { ok, results } = JSON.parse(text.decode(stdout)) as { ok: boolean; results: Row[] };
  assert.deepEqual(results.filter((row) => !row.ok), [], said);
  assert.ok(ok);
  assert.equal(code, 0, said);
  assert.ok(results.length >= 20, `${results.length} rows`);
  const kernel = results.find((row) => row.name === "forwarded by the kernel");
  assert.equal(kernel?.through, "ForwDatagrams 0, Ip6OutForwDatagrams 0, ip_forward 0");
}

Deno.test({
  name: "weir demo --once: all rows pass, the kernel forwards nothing, nothing is left",
  ignore: skipped,
  async fn() {
    await myTurn();
    allPassed(await command("--once", "--json").output());
    assert.deepEqual(remains(), []);
  },
});

Deno.test({
  name: "weir demo, interrupted or killed: nothing is left, the next one starts clean",
  ignore: skipped,
  async fn() {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      await myTurn();
      const child = command("--json").spawn();
      await seen("/run/netns/weir-router");
      child.kill(signal);
      const { code } = await child.output();
      assert.equal(code, 130);
      assert.deepEqual(remains(), [], signal);
    }
    const child = command("--json").spawn();
    await seen("/run/netns/weir-router");
    await new Promise((resolve) => setTimeout(resolve, 700));
    child.kill("SIGKILL");
    await child.output();
    // the router and the clients notice that nobody holds them any more
    for (let attempt = 0; attempt < 40 && remains().some((name) => !name.startsWith("/")); attempt++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.deepEqual(remains().filter((name) => !name.startsWith("/")), []);
    const { code } = await command("--once", "--json").output();
    assert.equal(code, 0);
    assert.deepEqual(remains(), []);
  },
});

Deno.test({
  name: "weir demo without root's power over the machine: the same in a user namespace",
  ignore: skipped || !canUnshare(),
  async fn() {
    const args = ["--user", "--map-root-user", "--net", "--mount", "--", Deno.execPath()];
    const inside = demo("--once", "--json", "--inside");
    allPassed(await new Deno.Command("unshare", { args: [...args, ...inside], ...piped }).output());
    assert.deepEqual(remains().filter((name) => !name.startsWith("/")), []);
  },
});

async function seen(path: string): Promise<void> {
  for (let attempt = 0; attempt < 400; attempt++) {
    try {
      Deno.lstatSync(path);
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
  throw new Error(`${path} never came`);
}
