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
      'ct helper set "h"',
      "ipsec in reqid 1",
      "sctp chunk init exists",
      "add @s { ip saddr limit rate 5/second }",
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
    ]
  ) assert.equal(load(rule, { refuses: unsupported }).error, "", rule);
});
