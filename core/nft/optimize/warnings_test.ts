import { strict as assert } from "node:assert";
import { test } from "node:test";
import { Nft } from "../nft.ts";
import { optimized } from "./test_chain.ts";

const told = (...rules: string[]): string => optimized(rules).error;

test("rules never reached are told with both places, and only these", () => {
  const never: string[][] = [
    ["tcp dport 1 accept", "ip saddr 192.0.2.1 tcp dport 1 drop"],
    ["counter accept", "tcp dport 1 drop"],
    ["ip saddr 192.0.2.0/24 drop", "ip saddr 192.0.2.7 accept"],
    ["tcp dport 1-100 drop", "tcp dport { 5, 7-9 } counter accept"],
    ["tcp dport { 5, 7-9 } drop", "tcp dport 8 accept"],
    ["tcp dport != 5 drop", "tcp dport 8 accept"],
    ["th dport 53 drop", "udp dport 53 accept"],
    ["ip saddr . tcp dport { 192.0.2.1 . 5, 192.0.2.2 . 6 } drop", "ip saddr 192.0.2.2 tcp dport 6 accept"],
    ["tcp sport @s drop", "tcp sport @s tcp dport 1 accept"],
    ["ct state established accept", "ct state established tcp dport 1 drop"],
    ["tcp dport vmap { 1 : drop, 2-9 : accept }", "tcp dport 4 counter"],
    ["meta l4proto tcp goto d", "tcp dport 4 counter"],
    ["meta l4proto tcp reject with tcp reset", "tcp dport 4 counter"],
    ['iifname "a*" drop', 'iifname "ab" accept'],
    ["meta mark 1 accept", "tcp dport 5 jump d", "tcp dport 9 counter", "meta mark 1 drop"],
    ["tcp dport 1-5 drop", "tcp dport 6-9 accept", "tcp dport 2-8 counter"],
  ];
  for (const rules of never) {
    const line = 5 + rules.length;
    assert.match(
      told(...rules),
      new RegExp(
        `^r.nft:${line}:3-\\d+: Warning: rule is never reached\\n.*\\n\\t\\t\\^+\\nhint: .*\\nr.nft:\\d:3-\\d+:\\n\\t\\t.*\\n\\t\\t~+\\n`,
        "m",
      ),
      rules.join("; "),
    );
  }
  const reached: string[][] = [
    ["tcp dport 1 ip saddr 192.0.2.1 accept", "tcp dport 1 drop"],
    ["meta mark 1 accept", "jump w", "meta mark 1 drop"],
    ["meta mark 1 accept", "meta mark set 1", "meta mark 1 drop"],
    ["tcp sport @s accept", "tcp dport 1 add @s { tcp sport }", "tcp sport @s drop"],
    ["limit rate 1/second drop", "drop"],
    ["limit rate 1/second tcp dport 5 drop", "tcp dport 5 drop"],
    ["udp dport 53 drop", "th dport 53 drop"],
    ["tcp flags syn accept", "tcp flags syn,ack drop"],
    ["meta random 5 drop", "meta random 5 drop"],
    ["tcp dport 1-5 drop", "tcp dport 7-9 drop", "tcp dport 2-8 drop"],
    ["tcp dport vmap { 1 : continue, 2 : jump d }", "tcp dport 1 drop"],
    ["meta mark set tcp dport map { 1 : 2 } drop", "tcp dport 5 drop"],
  ];
  for (const rules of reached) assert.doesNotMatch(told(...rules), /never reached/, rules.join("; "));
});

test("rules that change nothing", () => {
  const policy = (rules: string[], of: string) =>
    optimized(rules, `type filter hook forward priority 0; policy ${of};`).error;
  assert.match(
    policy(["tcp dport 1 accept", "tcp dport 2 drop", "drop"], "drop"),
    /^r.nft:7:3-18: Warning: rule changes nothing\n.*\n.*\^\nhint: policy drop decides the same:\nr.nft:5:\d+-\d+:\n.*\n\s+~{4}\n/m,
  );
  assert.match(policy(["tcp dport 1 accept", "tcp dport 2 drop"], "accept"), /r.nft:6:.*changes nothing/);
  assert.doesNotMatch(policy(["tcp dport 1 accept", "drop"], "accept"), /changes nothing/);
  assert.doesNotMatch(policy(["counter drop"], "drop"), /changes nothing/);
  assert.doesNotMatch(policy(["tcp dport 1 drop", "ip saddr 192.0.2.1 counter"], "drop"), /changes nothing/);
  assert.match(told("tcp dport 1"), /rule does nothing/);
  assert.match(
    told("tcp dport 1 counter", "udp dport 1 drop", "tcp dport 1 counter"),
    /stands here twice[^]*r.nft:6:3/,
  );
});

test("rules that can never match, with a caret under one match and a wave under the other", () => {
  assert.match(
    told("tcp dport 22 tcp dport 23-25 accept"),
    /never match\n\t\ttcp dport 22 tcp dport 23-25 accept\n\t\t~{12} \^{15}\n/,
  );
  for (const rule of ["ip saddr 192.0.2.0/24 ip saddr != 192.0.0.0/16 drop", "tcp dport < 0 drop"]) {
    assert.match(told(rule), /never match/, rule);
  }
  assert.doesNotMatch(
    told("tcp dport 22 tcp sport 23 drop"),
    /never match/,
  );
});

test("chains nothing goes to", () => {
  const nft = new Nft(undefined, { optimize: true });
  const { error } = nft.run(
    `table ip t {
	map m { type inet_service : verdict; elements = { 1 : jump b } }
	chain a { counter; }
	chain b { jump e; }
	chain e { counter; }
	chain f { jump a; }
	chain c { type filter hook input priority 0; tcp dport vmap @m; }
}`,
    "r.nft",
  );
  assert.deepEqual(error.match(/chain \w+ is never gone to/g), [
    "chain a is never gone to",
    "chain f is never gone to",
  ]);
});

test("an existing chain's rules are asked too", () => {
  const nft = new Nft(undefined, { optimize: true });
  nft.run(
    "add table ip t; add chain ip t c { type filter hook input priority 0; }; add rule ip t c tcp dport 1-9 drop",
  );
  const { error } = nft.run("add rule ip t c tcp dport 5 accept", "r.nft");
  assert.match(error, /r.nft:1:17-34: Warning: rule is never reached[^]*tcp dport 1-9 drop/);
});
