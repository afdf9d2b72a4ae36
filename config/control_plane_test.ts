import assert from "node:assert/strict";
import { VirtualClock } from "../core/clock.ts";
import { formatPrefix } from "../core/packet/address.ts";
import type { RouterPlan } from "../core/plan.ts";
import type { DataPlaneOptions, DataPlaneStatus } from "../drivers/dataplane/data_plane.ts";
import type { NumberedPort } from "../drivers/dataplane/messages.ts";
import { ControlPlane, type DataPlaneHandle } from "./control_plane.ts";
import { FakeHost } from "./host/fake_host.ts";

/** Remembers plans; refuses those it is told to. */
class FakeDataPlane implements DataPlaneHandle {
  readonly plans: RouterPlan[];
  readonly ports: NumberedPort[];
  refuse = false;
  stopped = false;
  lostLines = 0;

  constructor({ plan, ports }: DataPlaneOptions) {
    this.plans = [plan];
    this.ports = [...ports];
  }
  apply(plan: RouterPlan, ports: readonly NumberedPort[] = []) {
    if (this.refuse) {
      return Promise.resolve({ ok: false, generation: this.plan.generation, error: "it would not" });
    }
    this.plans.push(plan);
    this.ports.push(...ports);
    return Promise.resolve({ ok: true, generation: plan.generation });
  }
  get plan(): RouterPlan {
    return this.plans.at(-1)!;
  }
  status(): DataPlaneStatus {
    return {
      generation: this.plan.generation,
      batches: 1,
      packets: 2,
      forwarded: 3,
      flows: 4,
      maximumFlows: this.plan.conntrack.flows,
      poolFree: 0,
      cpuNanoseconds: { total: 0, receive: 0, process: 0, transmit: 0 },
      heartbeat: 0,
      lostLines: this.lostLines,
      lostTraces: 0,
      deaths: 0,
      drops: {},
      ports: [],
    } as DataPlaneStatus;
  }
  flows = () => Promise.resolve([]);
  deleteFlows = () => Promise.resolve([]);
  query = () => Promise.resolve([]);
  listenToTraces(): () => void {
    return () => {};
  }
  drainLog = () => Promise.resolve();
  xfrm = () => Promise.resolve({ output: "" });
  stop() {
    this.stopped = true;
    return Promise.resolve();
  }
}

const YAML = `version: 1
ports:
  wan:
    match: { name: eth0 }
    addresses: [198.51.100.2/24]
    routes: [{ to: default, via: 198.51.100.1 }]
  lan: { match: { name: eth1 }, addresses: [192.168.1.1/24] }
ruleset: rules.nft
conntrack: { max: 4096 }
`;
const RULES = `table inet filter {
	chain forward {
		type filter hook forward priority filter; policy drop;
		iifname "lan" counter accept
	}
}
`;

interface Bench {
  readonly router: ControlPlane;
  readonly host: FakeHost;
  readonly log: string[];
  plane(): FakeDataPlane;
  write(name: "weir.yaml" | "rules.nft", text: string): void;
}

async function bench(use: (bench: Bench) => Promise<void>): Promise<void> {
  const directory = Deno.makeTempDirSync(), host = new FakeHost(3), log: string[] = [];
  const write = (name: string, text: string) => Deno.writeTextFileSync(`${directory}/${name}`, text);
  write("weir.yaml", YAML);
  write("rules.nft", RULES);
  let plane: FakeDataPlane | undefined;
  const router = new ControlPlane({
    path: `${directory}/weir.yaml`,
    host,
    clock: new VirtualClock(),
    log: (level, message) => log.push(`${level}: ${message}`),
    startDataPlane: (options) => Promise.resolve(plane = new FakeDataPlane(options)),
  });
  try {
    await use({ router, host, log, plane: () => plane!, write });
  } finally {
    await router.stop();
    Deno.removeSync(directory, { recursive: true });
  }
}

async function loaded(router: ControlPlane): Promise<void> {
  const outcome = await router.reload();
  assert.ok(outcome.ok, outcome.ok ? "" : outcome.error);
}

async function refused(router: ControlPlane): Promise<string> {
  const outcome = await router.reload();
  assert.ok(!outcome.ok, "the reload was taken on");
  return outcome.error;
}

Deno.test("a start gives the data plane ports and a plan", async () => {
  await bench(async ({ router, plane, host }) => {
    await loaded(router);
    const { plan, ports } = plane();
    assert.deepEqual(plan.interfaces.map(({ name, index, ports, local }) => [name, index, ports, local]), [
      ["wan", 2, [0], 2],
      ["lan", 3, [1], 3],
    ]);
    assert.deepEqual(ports.map(({ number, description }) => [number, description.kind]), [
      [0, "packet"],
      [1, "packet"],
      [2, "tun"],
      [3, "tun"],
    ]);
    assert.equal(plan.conntrack.flows, 4096);
    assert.equal(plan.program.hooks.length, 1);
    assert.equal(host.all.get("wan")!.addresses[0], "198.51.100.2/24");
  });
});

Deno.test("a reload: names keep their numbers, counters of `weir nft` go with the file's rules", async () => {
  await bench(async ({ router, plane, write }) => {
    await loaded(router);
    write(
      "weir.yaml",
      YAML.replace("  lan:", "  dmz: { match: { name: eth2 }, addresses: [192.168.2.1/24] }\n  lan:"),
    );
    await loaded(router);
    const { plan } = plane();
    assert.equal(plan.generation, 2);
    assert.deepEqual(plan.interfaces.map(({ name, index, ports }) => [name, index, ports]), [
      ["wan", 2, [0]],
      ["dmz", 4, [4]],
      ["lan", 3, [1]],
    ]);
  });
});

Deno.test("rules may name the loopback device, as those of most hosts do", async () => {
  await bench(async ({ router }) => {
    await loaded(router);
    const rules =
      "table ip t { chain c { type filter hook input priority 0; iif lo accept; oif != lo drop; }; }";
    assert.equal((await router.run(rules, "")).error, "");
    const { output } = await router.run("list chain ip t c", "");
    assert.match(output, /iif "lo" accept\n\t\toif != "lo" drop\n/);
  });
});

Deno.test("each port is given to the data plane once, whatever commands and reloads come after", async () => {
  await bench(async ({ router, plane, write }) => {
    await loaded(router);
    await router.run("add table ip a", "");
    write(
      "weir.yaml",
      YAML.replace("  lan:", "  dmz: { match: { name: eth2 }, addresses: [192.168.2.1/24] }\n  lan:"),
    );
    await loaded(router);
    await router.run("add table ip b", "");
    await loaded(router);
    assert.deepEqual(plane().ports.map(({ number }) => number), [0, 1, 2, 3, 4, 5]);
    assert.equal(plane().plans.length, 5);
  });
});

for (
  const [name, file, text, complaint] of [
    [
      "a mistake in weir.yaml",
      "weir.yaml",
      YAML.replace("match", "mach"),
      /:4:5-8: Error: unknown key mach\n/,
    ],
    ["a mistake in the ruleset", "rules.nft", RULES.replace("accept\n", "acept\n"), /rules.nft:4:/],
    [
      "a missing ruleset",
      "weir.yaml",
      YAML.replace("rules.nft", "none.nft"),
      /none.nft: there is no such file/,
    ],
    ["a missing device", "weir.yaml", YAML.replace("eth1", "eth9"), /there is no device eth9/],
    [
      "a token file that cannot be",
      "weir.yaml",
      `${YAML}admin: { listen: [127.0.0.1], token-file: /x/y }\n`,
      /token/,
    ],
  ] as const
) {
  Deno.test(`${name}: nothing applied`, async () => {
    await bench(async ({ router, plane, host, write }) => {
      await loaded(router);
      const before = host.state(), rules = (await router.run("list ruleset", "")).output;
      write(file, text);
      assert.match(await refused(router), complaint);
      assert.equal(plane().plans.length, 1);
      assert.deepEqual(host.state(), before);
      assert.equal((await router.run("list ruleset", "")).output, rules);
      assert.match(router.status().config.error, complaint);
    });
  });
}

Deno.test("a plan the data plane refuses leaves host and ruleset as they were", async () => {
  await bench(async ({ router, plane, host, write }) => {
    await loaded(router);
    await router.run("add rule inet filter forward counter packets 7 bytes 99", "");
    const before = host.state(), rules = (await router.run("list ruleset", "")).output;
    assert.match(rules, /packets 7 bytes 99/);
    write("weir.yaml", YAML.replace("192.168.1.1", "192.168.7.1"));
    plane().refuse = true;
    assert.equal(await refused(router), "weir: it would not\n");
    assert.deepEqual(host.state(), before);
    assert.equal((await router.run("list ruleset", "")).output, rules);
  });
});

Deno.test("a host that says no at any call of a reload keeps the running router", async () => {
  for (let n = 1;; n++) {
    let over = false;
    await bench(async ({ router, plane, host, write }) => {
      await loaded(router);
      const before = host.state();
      write("weir.yaml", YAML.replaceAll("198.51.100", "203.0.113").replace("eth1", "eth2"));
      [host.calls, host.failAt] = [0, n];
      const outcome = await router.reload();
      host.failAt = Infinity;
      over = outcome.ok;
      if (outcome.ok) return;
      assert.equal(outcome.error, "weir: the kernel said no\n");
      assert.equal(plane().plans.length, 1);
      assert.deepEqual(host.state(), before, `after call ${n}`);
    });
    if (over) return assert.ok(n > 4, `only ${n} calls`);
  }
});

Deno.test("commands of the rule language are in force when they are answered; listing makes no plan", async () => {
  await bench(async ({ router, plane }) => {
    await loaded(router);
    const added = await router.run("add chain inet filter extra", "");
    assert.ok(added.ok, added.error);
    assert.equal(plane().plans.length, 2);
    await router.run("list ruleset", "");
    assert.equal(plane().plans.length, 2);
    const wrong = await router.run("add rule inet filter nowhere accept", "");
    assert.ok(!wrong.ok);
    assert.match(wrong.error, /^Error: /);
    assert.equal(plane().plans.length, 2);
  });
});

Deno.test("the status names what is configured, and stop gives the host back", async () => {
  await bench(async ({ router, plane, host }) => {
    await loaded(router);
    const status = router.status();
    assert.deepEqual(status.interfaces.map(({ name, addresses }) => [name, addresses]), [
      ["wan", ["198.51.100.2/24"]],
      ["lan", ["192.168.1.1/24"]],
    ]);
    assert.deepEqual([status.packets, status.flows], [2, { count: 4, max: 4096 }]);
    await router.stop();
    assert.ok(plane().stopped);
    for (const name of ["eth0", "eth1"]) assert.ok(!host.all.get(name)!.quiet, name);
    assert.equal(formatPrefix(plane().plan.interfaces[0]!.addresses[0]!), "198.51.100.2/24");
  });
});

Deno.test("lines of rules that log do not get lost without a word", async () => {
  await bench(async ({ router, log, plane }) => {
    await loaded(router);
    for (const lost of [0, 7, 7, 9]) {
      plane().lostLines = lost;
      router.tend();
    }
    const told = log.filter((line) => line.includes("lost"));
    assert.deepEqual(told.map((line) => line.split(" ").slice(0, 2)), [["warning:", "7"], ["warning:", "2"]]);
  });
});
