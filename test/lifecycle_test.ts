import assert from "node:assert/strict";
import { WAN } from "../config/cli/demo/settings.ts";
import { ask, ControlError } from "../config/control/client.ts";
import { machineState, settled } from "./machine_state.ts";
import { skip } from "./needs.ts";
import { textOf, type Topology, topology } from "./topology.ts";
import { pause, until } from "./waiting.ts";

/**
 * The life of the router's process: how it begins, how it is refused, how it ends, and what it leaves.
 */
const ignore = skip("test/lifecycle_test.ts", "ip", "nft", "setpriv");

/** `weir run` and what it says; resolves when it routes. */
async function start(t: Topology, ...args: string[]): Promise<Running> {
  const child = t.startWeir(["run", ...args], { stdout: "null", stderr: "piped" });
  const said = new Response(child.stderr).text();
  let ended = false;
  child.status.then(() => ended = true);
  await until("the router answers", async () => ended || await answers(t), 10);
  if (ended) throw new Error(`the router did not start: ${await said}`);
  return { child, said };
}

interface Running {
  readonly child: Deno.ChildProcess;
  readonly said: Promise<string>;
}

async function answers(t: Topology): Promise<boolean> {
  try {
    return await ask(t.socket, { command: "status" }, () => {}) === 0;
  } catch (error) {
    if (error instanceof ControlError) return false;
    throw error;
  }
}

/** Names in the topology's directory that weir made. */
const made = (t: Topology): string[] =>
  [...Deno.readDirSync(t.directory)].map(({ name }) => name).filter((name) =>
    !/^(demo|weir-rules)\./.test(name)
  );

/** A start that is refused: its exit status and the lines it said. */
async function refused(child: Deno.ChildProcess): Promise<{ code: number; lines: string[] }> {
  const { code, stderr, stdout } = textOf(await child.output());
  assert.equal(stdout, "");
  assert.doesNotMatch(stderr, /undefined|null|NaN|internal|\bat .*:\d+:\d+/);
  return { code, lines: stderr.trimEnd().split("\n") };
}

const piped = { stdout: "piped", stderr: "piped" } as const;

Deno.test({
  name: "SIGTERM and SIGINT: gone within 200 ms, nothing is left",
  ignore,
  async fn(test) {
    await using t = await topology({ router: "none" });
    await settled(t);
    const before = await machineState(t);
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      await test.step(signal, async () => {
        const { child, said } = await start(t);
        const running = await machineState(t);
        assert.match(running.rules, /hook ingress device "?wan0"? .*policy drop/);
        assert.notDeepEqual(running.parameters, before.parameters);
        const sent = performance.now();
        child.kill(signal);
        const { code } = await child.status;
        const took = performance.now() - sent;
        assert.equal(code, 0, await said);
        assert.ok(took < stopLimit(), `it took ${took.toFixed(0)} ms`);
        assert.deepEqual(await machineState(t), before);
        assert.deepEqual(made(t), ["lock"]);
      });
    }
  },
});

Deno.test({
  name: "SIGTERM in the middle of a transfer: gone within 200 ms too",
  ignore: ignore || skip("test/lifecycle_test.ts", "iperf3"),
  async fn() {
    await using t = await topology({ router: "weir" });
    const quiet = { stdin: "null", stdout: "null", stderr: "null" } as const;
    t.spawn("wan", "iperf3", { args: ["-s"], ...quiet });
    await pause(300);
    t.spawn("lan", "iperf3", { args: ["-c", WAN.ipv4, "-t", "20", "-P", "4"], ...quiet });
    await until("traffic flows", async () => (await t.weir.status()).forwarded > 1000);
    const { pid } = t.weir, sent = performance.now();
    Deno.kill(pid, "SIGTERM");
    await until("it is gone", () => !isAlive(pid), 2);
    const took = performance.now() - sent;
    assert.ok(took < stopLimit(), `it took ${took.toFixed(0)} ms`);
    await t.weir[Symbol.asyncDispose]();
    assert.equal(t.weir.ending!.code, 0, await t.weir.said);
    const { stdout } = await t.run("router", "ip", ["-br", "link"]);
    assert.deepEqual(stdout.match(/^\S+/gm)!.map((name) => name.replace(/@.*/, "")).sort(), WIRES);
  },
});
const WIRES = ["lan0", "lan1", "lo", "wan0"];

Deno.test({
  name: "SIGKILL: what was changed is put back by the next start",
  ignore,
  async fn() {
    await using t = await topology({ router: "none" });
    await settled(t);
    const before = await machineState(t);
    const { child, said } = await start(t);
    child.kill("SIGKILL");
    await child.status;
    await said;
    const dead = await machineState(t);
    // what the kernel takes back by itself: chains and local devices
    assert.deepEqual(dead.links, before.links);
    assert.equal(dead.rules, before.rules);
    assert.notDeepEqual(dead.parameters, before.parameters);
    assert.ok(made(t).includes("state.json"));

    const next = await start(t);
    next.child.kill("SIGTERM");
    assert.equal((await next.child.status).code, 0, await next.said);
    assert.deepEqual(await machineState(t), before);
    assert.deepEqual(made(t), ["lock"]);
  },
});

Deno.test({
  name: "it stops when its parent dies, and goes on with --detached",
  ignore,
  async fn() {
    await using t = await topology({ router: "none" });
    for (const [flags, survives] of [[[], false], [["--detached"], true]] as const) {
      const shell = t.spawn("router", "sh", {
        args: ["-c", '"$@" 2>/dev/null & echo $!; wait', "sh", ...t.weirArguments("run", ...flags)],
        env: t.environment,
        stdin: "null",
        stdout: "piped",
      });
      const reader = shell.stdout.getReader();
      const pid = Number(new TextDecoder().decode((await reader.read()).value));
      await until("the router answers", () => answers(t), 10);
      shell.kill("SIGKILL");
      await shell.status;
      try {
        if (survives) {
          await pause(600);
          assert.ok(await answers(t));
        } else {
          await until("the orphan is gone", () => !isAlive(pid), 2);
          assert.deepEqual(made(t), ["lock"]);
        }
      } finally {
        if (isAlive(pid)) Deno.kill(pid, "SIGTERM");
        await until("it is gone", () => !isAlive(pid), 3);
        await reader.cancel();
      }
    }
  },
});

Deno.test({
  name: "a second instance is refused in one line, the first goes on",
  ignore,
  async fn() {
    await using t = await topology({ router: "none" });
    const first = await start(t);
    const before = await machineState(t);
    const second = await refused(t.startWeir(["run"], piped));
    assert.equal(second.code, 1);
    assert.deepEqual(second.lines, [
      `weir: another weir is running (process ${first.child.pid}): it holds ${t.directory}/lock. Stop it first.`,
    ]);
    // with files of its own: the wires are taken
    const elsewhere = `${t.directory}/other`;
    const third = await refused(t.startWeir(["run", "--socket", `${elsewhere}/control.sock`], piped));
    assert.equal(third.code, 1);
    assert.equal(third.lines.length, 1, third.lines.join("\n"));
    assert.match(third.lines[0]!, /^weir: another weir is running in this network namespace/);
    assert.deepEqual(await machineState(t), before);
    assert.ok(await answers(t));
    first.child.kill("SIGTERM");
    assert.equal((await first.child.status).code, 0);
    await first.said;
  },
});

Deno.test({
  name: "without privileges it says so in one line",
  ignore,
  async fn(test) {
    await using t = await topology({ router: "none" });
    await settled(t);
    const before = await machineState(t);
    await Deno.chmod(t.directory, 0o755);
    const run = (...flags: string[]) =>
      refused(t.spawn("router", "setpriv", {
        args: [...flags, ...t.weirArguments("run")],
        env: t.environment,
        stdin: "null",
        ...piped,
      }));
    await test.step("as nobody", async () => {
      const { code, lines } = await refused(asNobody(t, "run"));
      assert.equal(code, 1);
      assert.deepEqual(lines, ["weir: a router needs root: it opens network devices"]);
    });
    await test.step("as root that may not administrate the network", async () => {
      const { code, lines } = await run("--bounding-set=-net_admin");
      assert.equal(code, 1);
      assert.equal(lines.length, 1, lines.join("\n"));
      assert.match(lines[0]!, /not permitted|CAP_NET_ADMIN/);
    });
    await test.step("as root that may not open raw sockets", async () => {
      const { code, lines } = await run("--bounding-set=-net_raw");
      assert.equal(code, 1);
      assert.equal(lines.length, 1, lines.join("\n"));
      assert.match(lines[0]!, /not permitted|CAP_NET_RAW/);
    });
    assert.deepEqual(await machineState(t), before);
    assert.deepEqual(made(t).filter((name) => !["lock", "cache", "checkout", "program"].includes(name)), []);
  },
});

Deno.test({
  name: "what cannot run says why and ends with 1: files, devices, arguments",
  ignore,
  async fn(test) {
    await using t = await topology({ router: "none" });
    await settled(t);
    const before = await machineState(t);
    const attempt = (...args: string[]) => refused(t.startWeir(args, piped));
    const right = await Deno.readTextFile(t.configuration);

    await test.step("no such file", async () => {
      const { code, lines } = await attempt("run", "--config", `${t.directory}/none.yaml`);
      assert.equal(code, 1);
      assert.equal(lines.length, 1, lines.join("\n"));
      assert.match(lines[0]!, /none\.yaml/);
    });
    await test.step("a missing device", async () => {
      await Deno.writeTextFile(t.configuration, right.replace("name: wan0", "name: eth9"));
      const { code, lines } = await attempt("run");
      assert.equal(code, 1);
      assert.match(lines[0]!, /demo\.yaml:7:20: error: there is no device eth9|there is no device eth9/);
      assert.ok(lines.some((line) => /\^{4}/.test(line)), lines.join("\n"));
      assert.ok(
        lines.some((line) => /^hint: this machine has lan0, lan1, wan0/.test(line)),
        lines.join("\n"),
      );
    });
    await test.step("a mistake in each file: all errors together", async () => {
      await Deno.writeTextFile(t.configuration, right.replace("version: 1", "version: 2"));
      const { code, lines } = await attempt("run");
      assert.equal(code, 1);
      assert.match(lines[0]!, /demo\.yaml:2:10/);
      await Deno.writeTextFile(t.configuration, right);
      const rules = await Deno.readTextFile(`${t.directory}/demo.nft`);
      await Deno.writeTextFile(
        `${t.directory}/demo.nft`,
        `${rules}add rule inet nat port_forwards tcp dport 70000 accept\n`,
      );
      const wrong = await attempt("run");
      assert.equal(wrong.code, 1);
      assert.match(wrong.lines[0]!, /demo\.nft:18:43-47: Error: /);
      await Deno.writeTextFile(`${t.directory}/demo.nft`, rules);
    });
    await test.step("the kernel forwards there", async () => {
      t.within("router", () => Deno.writeTextFileSync("/proc/sys/net/ipv4/conf/wan0/forwarding", "1"));
      const { code, lines } = await attempt("run");
      t.within("router", () => Deno.writeTextFileSync("/proc/sys/net/ipv4/conf/wan0/forwarding", "0"));
      assert.equal(code, 1);
      assert.equal(lines.length, 1, lines.join("\n"));
      assert.match(lines[0]!, /the kernel forwards IPv4 on wan0/);
    });
    await test.step("nobody to ask", async () => {
      for (
        const args of [["status"], ["reload"], ["nft", "list", "ruleset"], ["conntrack", "-L"], ["port"]]
      ) {
        const { code, lines } = await attempt(...args);
        assert.equal(code, 1);
        assert.deepEqual(lines, [`weir: no router answers at ${t.socket}: is weir run running?`]);
      }
    });
    await test.step("an unknown command, an unknown flag", async () => {
      for (const args of [["routte"], ["run", "--what"]]) assert.equal((await attempt(...args)).code, 2);
    });
    assert.deepEqual(await machineState(t), before);
  },
});

/**
 * A command of weir as nobody, who may not look into root's home: program, checkout and Deno's cache are mounted
 * where anybody may read them, for this process alone.
 */
function asNobody(t: Topology, ...command: string[]): Deno.ChildProcess {
  const [program, ...args] = t.weirArguments(...command);
  const checkout = new URL("..", import.meta.url).pathname;
  const cache = Deno.env.get("DENO_DIR") ??
    `${Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME")}/.cache`}/deno`;
  const script = `
    cd "$1" && shift && mkdir cache checkout && touch program
    mount --bind "$1" program && mount --bind "$2" checkout && mount --bind "$3" cache && shift 3
    export DENO_DIR="$PWD/cache" HOME="$PWD"
    cd checkout && exec setpriv --reuid=65534 --regid=65534 --clear-groups ../program "$@"`;
  const moved = args.map((word) =>
    word.replace(new URL("..", import.meta.url).href, `file://${t.directory}/checkout/`)
  );
  return t.spawn("router", "unshare", {
    args: ["--mount", "sh", "-ec", script, "sh", t.directory, program!, checkout, cache, ...moved],
    env: t.environment,
    stdin: "null",
    ...piped,
  });
}

function isAlive(pid: number): boolean {
  try {
    // a zombie is gone too: nobody may be there to bury it
    return !/^\d+ \(.*\) [ZX]/.test(Deno.readTextFileSync(`/proc/${pid}/stat`));
  } catch {
    return false;
  }
}

/** 200 ms on a machine with a processor to spare, as much longer as others crowd it. */
function stopLimit(): number {
  return 200 * Math.max(1, Deno.loadavg()[0]! / navigator.hardwareConcurrency);
}
