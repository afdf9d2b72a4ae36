import assert from "node:assert/strict";
import { FILES } from "../config/cli/demo/files.ts";
import { ask } from "../config/control/client.ts";
import { skip } from "./needs.ts";
import { topology } from "./topology.ts";
import { pause, until } from "./waiting.ts";

/** `weir xfrm` on a router at work: commands, what is refused and where, events, reloads, and the death beneath. */
const KEY = `0x${"5a".repeat(20)}`, GCM = ["aead", "rfc4106(gcm(aes))", KEY, "128"];
const PAIR = ["src", "198.51.100.2", "dst", "203.0.113.9", "proto", "esp", "mode", "tunnel"];
const section = (reqid: number) => `
xfrm:
  states:
    - ${PAIR.join(" ")} spi 0x500 reqid ${reqid} aead rfc4106(gcm(aes)) file:sa.key 128
    - src: 203.0.113.9
      dst: 198.51.100.2
      proto: esp
      spi: 0x501
      mode: tunnel
      aead: { name: rfc4106(gcm(aes)), key-file: sa.key, bits: 128 }
  policies:
    - dst 10.77.0.0/16 dir out tmpl ${PAIR.join(" ")}
`;

Deno.test({
  name: "weir xfrm: states and policies of a running router, from commands and from its file",
  ignore: skip("test/xfrm_command_test.ts"),
  async fn(test) {
    await using t = await topology({ router: "weir", env: { WEIR_FAULTS: "1" } });
    await t.ready();
    const xfrm = (...words: string[]) => t.weirCommand("xfrm", ...words);
    const spis = async () => {
      const { stdout, stderr } = await xfrm("state", "list", "nokeys");
      assert.equal(stderr, "");
      return [...stdout.matchAll(/ spi 0x0*(\w+) /g)].map(([, spi]) => spi).sort();
    };
    await test.step("the file's are there", async () => {
      Deno.writeTextFileSync(`${t.directory}/sa.key`, `${KEY}\n`, { mode: 0o600 });
      Deno.writeTextFileSync(t.configuration, FILES["demo.yaml"]! + section(1));
      assert.equal((await t.weirCommand("reload")).stderr, "");
      assert.deepEqual(await spis(), ["500", "501"]);
      const { stdout } = await xfrm("--json", "policy");
      assert.deepEqual(JSON.parse(stdout).map((policy: { dst: string }) => policy.dst), ["10.77.0.0/16"]);
    });
    const child = t.startWeir(["xfrm", "monitor", "nokeys"], { stdout: "piped" });
    let said = "";
    const reading = (async () => {
      for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) said += text;
    })();
    let spi = 0x1000;
    await until("it listens", async () => {
      await xfrm("state", "add", ...PAIR, "spi", `${++spi}`, ...GCM);
      await pause(50);
      return said.includes(`spi 0x${spi.toString(16).padStart(8, "0")}`);
    }, 10);
    await test.step("commands, and what is told of them", async () => {
      assert.equal((await xfrm("state", "flush")).code, 0);
      assert.equal((await xfrm("s", "a", ...PAIR, "spi", "0x600", ...GCM)).code, 0);
      assert.equal((await xfrm("policy", "add", "dst", "10.78.0.0/16", "dir", "in")).code, 0);
      await until("both are told", () => /^src 0.0.0.0\/0 dst 10.78.0.0\/16 \n\tdir in/m.test(said));
      assert.match(said, /^Deleted src 203.0.113.9 dst 198.51.100.2\n\tproto esp spi 0x00000501/m);
      assert.match(
        said,
        /^src 198.51.100.2 dst 203.0.113.9\n\tproto esp spi 0x00000600 reqid 0 mode tunnel\n/m,
      );
      assert.doesNotMatch(said, /5a5a5a/);
      assert.deepEqual(await spis(), ["600"]);
    });
    await test.step("what is refused, where, and how it ends", async () => {
      const twice = await xfrm("state", "add", ...PAIR, "spi", "0x600", ...GCM);
      assert.deepEqual([twice.code, twice.stdout], [2, ""]);
      assert.equal(twice.stderr, "Error: there is a state for 203.0.113.9 spi 0x00000600\n");
      const short = await xfrm(
        "state",
        "add",
        ...PAIR,
        "spi",
        "0x601",
        "aead",
        GCM[1]!,
        KEY.slice(0, -2),
        "128",
      );
      assert.equal(short.code, 2);
      assert.match(
        short.stderr,
        /^Error: keys of .* this one has 152\nxfrm state add .* (?<!5a)0x\*{38} 128\n +\^{40}\n$/,
      );
      const word = await xfrm("state", "add", "src", "198.51.100.2", "dts", "203.0.113.9");
      assert.equal(word.code, 255);
      assert.equal(
        word.stderr,
        'Error: expected a word of a state, found "dts"\nxfrm state add src 198.51.100.2 dts 203.0.113.9\n' +
          `${" ".repeat("xfrm state add src 198.51.100.2 ".length)}^^^\n`,
      );
      assert.equal((await xfrm("monitor", "noise")).code, 255);
      assert.deepEqual(await spis(), ["600"]);
      assert.match((await xfrm("stat")).stdout, /^XfrmInError +\t0$/m);
    });
    await test.step("a reload brings the file's back beside them; one that is wrong changes nothing", async () => {
      Deno.writeTextFileSync(t.configuration, FILES["demo.yaml"]! + section(2));
      const reloaded = await t.weirCommand("reload");
      assert.equal(reloaded.code, 0, reloaded.stderr);
      assert.deepEqual(await spis(), ["500", "501", "600"]);
      Deno.chmodSync(`${t.directory}/sa.key`, 0o644);
      const refused = await t.weirCommand("reload");
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, /the key file .*sa.key is open to others\n[^]*\^+\nhint: chmod 600 /);
      assert.deepEqual(await spis(), ["500", "501", "600"]);
      Deno.chmodSync(`${t.directory}/sa.key`, 0o600);
    });
    await test.step("they outlive the data plane", async () => {
      const before = (await xfrm("policy")).stdout.split("\n").sort();
      await ask(t.socket, { command: "fault" }, () => {});
      await t.run("lan", "ping", ["-c", "1", "-W", "1", "192.168.1.1"]);
      await until("it died", async () => (await t.weir.status()).deaths === 1);
      assert.deepEqual(await spis(), ["500", "501", "600"]);
      assert.deepEqual((await xfrm("policy")).stdout.split("\n").sort(), before);
    });
    child.kill("SIGINT");
    await child.status;
    await reading;
  },
});
