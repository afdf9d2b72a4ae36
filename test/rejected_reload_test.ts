import assert from "node:assert/strict";
import { FILES } from "../config/cli/demo/files.ts";
import { WAN } from "../config/cli/demo/settings.ts";
import { skip } from "./needs.ts";
import { type Topology, topology } from "./topology.ts";
import { until } from "./waiting.ts";

/**
 * Promise P3: a rejected configuration changes nothing and says where and why.
 */
interface Mistake {
  readonly name: string;
  readonly file: "demo.yaml" | "demo.nft";
  /** The text that is changed, and into what. */
  readonly from: string;
  readonly to: string;
  /** Said, each of them. */
  readonly says: readonly RegExp[];
}

const MISTAKES: readonly Mistake[] = [
  {
    name: "no YAML",
    file: "demo.yaml",
    from: "hostname: weir-demo",
    to: "hostname: [weir-demo",
    says: [/demo\.yaml:\d+:\d+/],
  },
  {
    name: "unknown key",
    file: "demo.yaml",
    from: "hostname: weir-demo",
    to: "hostnam: weir-demo",
    says: [/demo\.yaml:3:1/, /hostnam/, /\^\^\^\^\^\^\^/, /hostname/],
  },
  {
    name: "an address that is none",
    file: "demo.yaml",
    from: "198.51.100.2/24",
    to: "198.51.100.300/24",
    says: [/demo\.yaml:8:17/, /198\.51\.100\.300\/24/, /\^\^\^/],
  },
  {
    name: "a next hop nobody reaches",
    file: "demo.yaml",
    from: 'via: 198.51.100.1 }\n      - { to: default, via: "2001',
    to: 'via: 203.0.113.9 }\n      - { to: default, via: "2001',
    says: [/demo\.yaml:10:\d+/, /203\.0\.113\.9/, /\^\^\^/],
  },
  {
    name: "a bridge over a port that is not there",
    file: "demo.yaml",
    from: "interfaces: [lan0, lan1]",
    to: "interfaces: [lan0, lan7]",
    says: [/demo\.yaml:20:\d+/, /lan7/, /\^\^\^\^/],
  },
  {
    name: "a device that is not there",
    file: "demo.yaml",
    from: "name: wan0",
    to: "name: wan9",
    says: [/demo\.yaml:8:\d+|demo\.yaml:7:\d+/, /wan9/, /\^\^\^\^/, /hint: this machine has .*wan0/],
  },
  {
    name: "dhcp4",
    file: "demo.yaml",
    from: "    routes:\n",
    to: "    dhcp4: true\n    routes:\n",
    says: [/demo\.yaml:9:\d+/, /dhcp4/, /\^\^\^\^/],
  },
  {
    name: "the ruleset's file is not there",
    file: "demo.yaml",
    from: "ruleset: demo.nft",
    to: "ruleset: none.nft",
    says: [/demo\.yaml:\d+:\d+/, /none\.nft/],
  },
  {
    name: "a rule with a wrong word",
    file: "demo.nft",
    from: "tcp dport 8080 dnat ip to",
    to: "tcp dprt 8080 dnat ip to",
    says: [/demo\.nft:17:37-40: Error: /, /dprt/, /\^\^\^\^/],
  },
  {
    name: "a jump to a chain that is not there",
    file: "demo.nft",
    from: "tcp dport 8080 dnat ip to 192.168.1.10:80",
    to: "jump nowhere",
    says: [/demo\.nft:17:\d+-44: Error: /, /\^\^/],
  },
  {
    name: "an include that is not there",
    file: "demo.nft",
    from: 'include "weir-rules.nft"',
    to: 'include "none.nft"',
    says: [/demo\.nft:\d+:\d+-\d+: Error: .*none\.nft/, /\^\^\^/],
  },
  {
    name: "half of it is good",
    file: "demo.nft",
    from: "# a port forward",
    to: "flush ruleset\nadd table inet half\nadd rule inet half nothing accept\n# a port forward",
    says: [/demo\.nft:\d+:\d+-\d+: Error: /, /\^\^\^/],
  },
];

Deno.test({
  name: "a rejected configuration changes nothing and says where and why",
  ignore: skip("test/rejected_reload_test.ts"),
  async fn(test) {
    await using t = await topology({ router: "weir" });
    await until("link-local addresses are in use", async () => {
      const { interfaces } = await t.weir.status();
      return interfaces.every(({ addresses }) => addresses.some((address) => address.startsWith("fe80:")));
    });
    const before = await observed(t);
    for (const mistake of MISTAKES) {
      await test.step(mistake.name, async () => {
        const right = FILES[mistake.file]!, wrong = right.replace(mistake.from, () => mistake.to);
        assert.notEqual(wrong, right);
        await Deno.writeTextFile(`${t.directory}/${mistake.file}`, wrong);
        try {
          const { code, stdout, stderr } = await t.weirCommand("reload");
          assert.equal(code, 1, stdout);
          for (const said of mistake.says) assert.match(stderr, said);
          assert.match(stderr, /Nothing applied\.\n$/);
          assert.doesNotMatch(stderr, /undefined|null|NaN|internal/);
          const check = await t.weirCommand("check");
          if (mistake.name !== "a device that is not there") {
            assert.equal(check.code, 1);
            assert.equal(check.stderr, stderr.replace(/Nothing applied\.\n$/, ""));
          }
          assert.equal((await t.weir.status()).config.error + "Nothing applied.\n", stderr);
          assert.deepEqual(await observed(t), before);
        } finally {
          await Deno.writeTextFile(`${t.directory}/${mistake.file}`, right);
        }
      });
    }
    await test.step("a device that cannot be taken: what was prepared before is undone", async () => {
      const extra = { args: ["link", "add", "extra0", "type", "veth", "peer", "name", "extra1"] };
      assert.ok((await t.spawn("router", "ip", extra).status).success);
      // the router must be the only one there: refused after its siblings were made ready
      t.within("router", () => Deno.writeTextFileSync("/proc/sys/net/ipv4/conf/extra0/forwarding", "1"));
      const wrong = FILES["demo.yaml"]!.replace(
        "  lan1: {}\n",
        "  lan1: {}\n  extra0: { addresses: [10.5.5.1/24] }\n",
      );
      await Deno.writeTextFile(`${t.directory}/demo.yaml`, wrong);
      const { code, stderr } = await t.weirCommand("reload");
      assert.equal(code, 1);
      assert.match(stderr, /the kernel forwards IPv4 on extra0: /);
      await Deno.writeTextFile(`${t.directory}/demo.yaml`, FILES["demo.yaml"]!);
      assert.deepEqual(await observed(t), before);
    });
    await test.step("then a good one is taken, and packets go", async () => {
      const { generation } = await t.weir.status();
      const { code, stderr } = await t.weirCommand("reload");
      assert.equal(code, 0, stderr);
      assert.equal((await t.weir.status()).config.error, "");
      assert.ok((await t.weir.status()).generation > generation);
      const client = t.client("lan");
      await until(
        "an answer from WAN",
        async () => (await client.call("ping", { to: WAN.ipv4, count: 1 })).received === 1,
      );
    });
  },
});

/** All that a reload could have changed. */
async function observed(t: Topology) {
  const { generation, ports, interfaces, hostname } = await t.weir.status();
  const { stdout: addresses } = await t.run("router", "ip", ["-br", "address", "show"]);
  const { stdout: routes } = await t.run("router", "ip", ["route", "show", "table", "all"]);
  return {
    generation,
    hostname,
    interfaces,
    ports: ports.map(({ name, device, kind }) => ({ name, device, kind })),
    listing: (await t.weir.nft("list ruleset")).replace(/packets \d+ bytes \d+/g, ""),
    addresses: addresses.split("\n").filter((line) => !line.startsWith("extra")),
    routes,
  };
}
