import assert from "node:assert/strict";
import { skip } from "./needs.ts";
import { type Topology, topology } from "./topology.ts";
import { pause, until } from "./waiting.ts";

/** `weir nft monitor` on a router at work: what is changed, reloads, and the way of a traced packet. */
Deno.test({
  name: "a monitor tells of commands, of a reload and of traced packets, until it is interrupted",
  ignore: skip("test/monitor_test.ts", "ping"),
  async fn(test) {
    await using t = await topology({ router: "weir" });
    await t.ready();
    await using events = await monitor(t, "monitor");
    await test.step("commands", async () => {
      await t.weir.nft('add table ip watched { comment "no more"; }');
      await events.says(/^add table ip watched\n# new generation \d+ by process \d+ \(.+\)$/m);
    });
    await test.step("a reload: what goes, then what comes", async () => {
      assert.equal((await t.weirCommand("reload")).code, 0);
      const said = await events.says(/ \(weir\)\n/);
      assert.ok(said.indexOf("\ndelete table ip watched\n") < said.indexOf("\nadd table inet "), said);
    });
    await test.step("a traced packet, from one hook to the next", async () => {
      await t.weir.nft(
        "add table inet seen; add chain inet seen c { type filter hook prerouting priority raw; }; " +
          "add rule inet seen c icmp type echo-request meta nftrace set 1",
      );
      await t.run("lan", "ping", ["-c", "1", "-W", "2", "198.51.100.1"]);
      await events.says(
        /^trace id (\w{8}) inet seen c packet: iif "\w+" ether saddr .* icmp type echo-request /m,
      );
      await events.says(
        /^trace id \w{8} inet seen c rule icmp type echo-request meta nftrace set 1 \(verdict continue\)$/m,
      );
      await events.says(/^trace id \w{8} inet seen c policy accept $/m);
      await events.says(/^trace id \w{8} inet \w+ \w+ packet: iif "\w+" oif "\w+" ether /m);
    });
    await test.step("a filter, as JSON", async () => {
      await using objects = await monitor(t, "-j", "monitor", "new", "chains");
      await t.weir.nft("add table ip j; add chain ip j c");
      const [line = ""] = (await objects.says(/\n/)).split("\n");
      assert.equal(JSON.parse(line).add.chain.name, "c");
    });
    await test.step("hooks, as packets meet them", async () => {
      const { stdout } = await t.weirCommand("nft", "list", "hooks", "ip");
      assert.match(
        stdout,
        /hook prerouting \{\n\t\t-0000000400 defragment \[weir\]\n\t\t-0000000300 chain inet seen c/,
      );
    });
    await test.step("what cannot be", async () => {
      const offline = await t.weirCommand("nft", "--offline", "monitor");
      assert.equal(offline.code, 1);
      assert.match(offline.stderr, /watches a running router\nmonitor\n\^+\nhint: .*--offline/);
      assert.match(
        (await t.weirCommand("nft", "monitor", "bogus")).stderr,
        /invalid event bogus\nmonitor bogus\n +\^/,
      );
    });
    await test.step("an interrupt ends it, and the router goes on", async () => {
      await events.interrupt();
      assert.equal((await t.weir.status()).deaths, 0);
    });
  },
});

/** `weir nft` with these words, once it listens. */
async function monitor(t: Topology, ...words: string[]) {
  const child = t.startWeir(["nft", ...words], { stdout: "piped" });
  let said = "", from = 0;
  const reading = (async () => {
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) said += text;
  })();
  const says = async (what: RegExp): Promise<string> => {
    await until(`${what}`, () => what.test(said.slice(from))).catch((error) => {
      throw new Error(`${error.message}; it said: ${said.slice(from)}`);
    });
    return said.slice(from);
  };
  // Nothing says when it listens: it does once it tells of a chain.
  const tells = async (name: string) => {
    await t.weir.nft(`add table ip ${name}; add chain ip ${name} c`);
    await pause(20);
    await t.weir.nft(`delete table ip ${name}`);
    return said.includes(name);
  };
  let asked = 0;
  await until("it listens", () => tells(`listens${++asked}`), 20);
  await t.weir.nft("add table ip heard; add chain ip heard c");
  await says(/heard[^]*\n$/);
  from = said.length;
  await t.weir.nft("delete table ip heard");
  const interrupt = async () => {
    child.kill("SIGINT");
    await child.status;
    await reading;
  };
  return { says, interrupt, [Symbol.asyncDispose]: async () => void (await interrupt().catch(() => {})) };
}
