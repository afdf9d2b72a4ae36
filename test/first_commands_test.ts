import assert from "node:assert/strict";
import { ask } from "../config/control/client.ts";
import type { Request } from "../config/control/request.ts";
import { ROUTER_LAN, WAN } from "../config/cli/demo/settings.ts";
import { skip } from "./needs.ts";
import { type Topology, topology } from "./topology.ts";

/**
 * What is asked of a router right after its start, while frames of devices that come up arrive: every command is
 * answered, and packets go on their way once each.
 */
const COMMANDS = 10, PATIENCE = 5000;

/** The exit status; throws when nobody answers. */
async function answered(t: Topology, request: Request): Promise<number> {
  const status = await ask(t.socket, request, () => {}, AbortSignal.timeout(PATIENCE));
  assert.notEqual(status, 130, `no answer within ${PATIENCE / 1000} s: ${JSON.stringify(request)}`);
  return status;
}

const add = (
  name: string,
): Request => ({ command: "nft", text: `add table ip ${name}`, name: "" } as Request);
const reload = { command: "reload" } as Request;
const numbered = (name: string) => Array.from({ length: COMMANDS }, (_, i) => `${name}${i}`);

/** One client: a command when the one before is answered. */
async function oneByOne(t: Topology, name: string): Promise<void> {
  for (const table of numbered(name)) assert.equal(await answered(t, add(table)), 0);
}

Deno.test({
  name: "commands and reloads right after the start are answered, and no port is read twice",
  ignore: skip("test/first_commands_test.ts", "ping"),
  async fn(test) {
    await using t = await topology({ router: "weir" });
    const { length: ports } = (await t.weir.status()).ports;
    await test.step("one after the other, from two clients", async () => {
      await Promise.all([oneByOne(t, "a"), oneByOne(t, "b")]);
    });
    await test.step("all at once, a reload amid them", async () => {
      const requests = [...numbered("c").map(add), reload, ...numbered("d").map(add)];
      const statuses = await Promise.all(requests.map((request) => answered(t, request)));
      assert.deepEqual(new Set(statuses), new Set([0]));
    });
    await test.step("the same ports, and packets pass once", async () => {
      const status = await t.weir.status();
      assert.equal(status.ports.length, ports);
      assert.equal(status.deaths, 0);
      assert.equal(status.generation, 1 + 4 * COMMANDS + 1);
      for (const address of [ROUTER_LAN.ipv4, WAN.ipv4]) {
        const { code, stdout } = await t.run("lan", "ping", ["-c", "5", "-i", "0.05", "-W", "2", address]);
        assert.equal(code, 0, stdout);
        assert.doesNotMatch(stdout, /DUP|duplicates/);
      }
    });
  },
});

Deno.test({
  name: "a reload is the first thing a router is asked",
  ignore: skip("test/first_commands_test.ts"),
  async fn() {
    await using t = await topology({ router: "weir" });
    assert.equal(await answered(t, reload), 0);
    await oneByOne(t, "a");
    assert.equal(await answered(t, reload), 0);
    assert.equal((await t.weir.status()).generation, COMMANDS + 3);
  },
});
