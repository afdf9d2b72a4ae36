import { strict as assert } from "node:assert";
import { test } from "node:test";
import { unsupported } from "../classify/unsupported.ts";
import { Nft } from "./nft.ts";
import { lo } from "./test_options.ts";

const HEAD = "table inet t {\n" +
  '  ct helper h { type "ftp" protocol tcp; }\n' +
  "  set s { type ipv4_addr; flags dynamic; }\n" +
  "  chain c {\n    type filter hook prerouting priority 0;\n";

const load = (rule: string, options = {}) =>
  new Nft(undefined, { ...lo, ...options }).run(`${HEAD}    ${rule}\n  }\n}\n`, "rules.nft");

test("what the data plane cannot do is refused at its statement, and read all the same without one", () => {
  for (
    const rule of [
      "queue to 1-3",
      "meta l4proto tcp tproxy ip to 192.0.2.1:80",
      "synproxy mss 1460 wscale 7",
      'ct helper set tcp dport map { 21 : "h" }',
      "meta skuid 0",
      "meta cgroup 1",
      "socket transparent 1",
      'osf name "Linux"',
    ]
  ) {
    assert.equal(load(rule).error, "", rule);
    const { ok, error } = load(rule, { refuses: unsupported });
    assert.equal(ok, false, rule);
    assert.match(error, /^rules\.nft:6:\d+-\d+: Error: not supported by this data plane\n/, rule);
  }
});

test("numbers made up, hashes, queues with bypass and flow offload are carried out", () => {
  for (
    const rule of [
      "numgen inc mod 2 vmap { 0 : accept, 1 : drop }",
      "meta mark set jhash ip saddr . ip daddr mod 4 seed 1",
      "meta mark set symhash mod 4",
      "queue flags bypass to 1",
      "meter m { ip saddr counter }",
      'ct helper set "h"',
      "ct zone set 1",
      "ct label set 1",
    ]
  ) assert.equal(load(rule, { refuses: unsupported }).error, "", rule);
});

test("so is what frames have not, and what only the network layer can, in tables below it", () => {
  for (
    const [family, hook, rule, advice] of [
      ["bridge", "forward", "ct state new", "tables of family bridge"],
      ["netdev", "ingress device lo", "ct mark set 1", "tables of family netdev"],
      ["netdev", "ingress device lo", 'fwd ip to 192.0.2.1 device "lo"', "name the device alone"],
      ["bridge", "prerouting", "fib daddr type local", "tables of family bridge"],
      ["arp", "input", "rt classid 1", "tables of family arp"],
      ["ip", "prerouting", "dup to 192.0.2.1", "family netdev"],
      ["inet", "forward", "flow add @f", "in hardware"],
    ]
  ) {
    const offload = " flowtable f { hook ingress priority 0; devices = { lo }; flags offload; };";
    const text = `table ${family} t {${family === "inet" ? offload : ""}
  chain c {\n    type filter hook ${hook} priority 0;\n    ${rule}\n  }\n}\n`;
    assert.equal(new Nft(undefined, lo).run(text, "r").error, "", rule);
    const { error } = new Nft(undefined, { ...lo, refuses: unsupported }).run(text, "r");
    assert.match(error!, /^r:4:\d+-\d+: Error: not supported by this data plane\n/, rule);
    assert.ok(error.includes(advice!), error);
  }
});

test("a chain on a device that is not there waits for it, and says so at its name", () => {
  const text =
    "table netdev t {\n  chain c {\n    type filter hook ingress devices = { lo, wan } priority 0;\n  }\n}\n";
  const missingDevice = (name: string) => name === "lo" ? undefined : `nothing is called ${name}`;
  assert.equal(new Nft(undefined, lo).run(text, "r").error, "");
  const { ok, error } = new Nft(undefined, { ...lo, missingDevice }).run(text, "r");
  assert.ok(ok);
  assert.match(
    error,
    /^r:3:\d+-\d+: Warning: the chain sees nothing until there is a device wan\n[^]*nothing is called wan/,
  );
});
