import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { below, SeededRandom } from "../../random.ts";
import { features } from "../features.ts";
import { Nft } from "../nft.ts";
import { complete, type Surroundings } from "./complete.ts";
import { NAME_LISTINGS, namesOfListing } from "./names.ts";

function surroundings(): Surroundings {
  const nft = new Nft(undefined, { json: true, terse: true });
  const { ok, error } = new Nft(nft.store).run(`
    table inet filter {
      chain input { type filter hook input priority 0; }
      chain forward { }
      set admins { type ipv4_addr; elements = { 192.0.2.1 } }
      set states { type ct_state; }
      map ways { type ipv4_addr . inet_proto : verdict; }
      counter web { }
    }
    table ip nat {
      chain prerouting { }
    }`);
  assert.ok(ok, error);
  return { names: namesOfListing(nft.run(NAME_LISTINGS.join("\n")).output), interfaces: ["lan", "wan"] };
}

const known = surroundings(), golden = new URL("../golden/", import.meta.url);
const RULE = "add rule inet filter input ";
const words = (text: string): readonly string[] => complete(text, known).candidates;

test("every field, key and option is offered behind what it is of", () => {
  for (const { name, group } of features().fields) {
    const [first] = name.slice(group.length + 1).split(" ");
    // a directed key stands behind its direction, a numbered one has its number
    const places = group === "ct" ? ["ct ", "ct original "] : [`${group} `];
    assert.ok(places.some((place) => words(RULE + place).includes(first!)), name);
  }
});

test("every statement is offered where a statement may begin", () => {
  const offered = words(`${RULE}tcp dport 22 `);
  for (const { name, syntax } of features().statements) {
    const [first] = syntax.split(" ");
    if (/^[a-z|]+$/.test(first!)) {
      for (const word of first!.split("|")) assert.ok(offered.includes(word), `${name}: ${word}`);
    }
  }
});

for (
  const [text, expected] of [
    ["li", ["limit", "list"]],
    ["list ru", ["ruleset"]],
    ["list chain inet ", ["filter"]],
    ["list chain inet filter ", ["forward", "input"]],
    ["list chain ip filter ", []],
    ["list table nat; list ch", ["chain", "chains"]],
    ["delete counter inet filter ", ["web"]],
    ["delete rule inet filter input h", ["handle"]],
    ["add element inet filter states { new, est", ["established"]],
    ["add element inet filter ways { 192.0.2.1 . ud", ["udp", "udplite"]],
    ["add element inet filter ways { 192.0.2.1 . udp : ac", ["accept"]],
    ["add chain inet filter c { type ", ["filter", "nat", "route"]],
    ["add chain inet filter c { type filter hook pre", ["prerouting"]],
    ["add chain inet filter c { type filter hook input priority s", ["security", "srcnat"]],
    ["add set inet filter s { type ipv", ["ipv4_addr", "ipv6_addr"]],
    ["add set inet filter s { typeof ip sa", ["saddr"]],
    ["add set inet filter s { type mark; flags ", ["constant", "dynamic", "interval", "timeout"]],
    ["table inet filter {\n\tchain input {\n\t\ttcp dp", ["dport"]],
    ["define wide = 1\nadd rule ip nat prerouting meta mark $", ["wide"]],
    ["describe icmpx", ["icmpx_code"]],
    ["list nothing known ", []],
    ["\u0000{{{((", []],
  ] as const
) {
  test(`completes ${JSON.stringify(text)}`, () => assert.deepEqual(words(text), expected));
}

for (
  const [text, expected] of [
    ["tcp flags s", ["set", "syn"]],
    ["tcp flags syn,a", ["ack"]],
    ["tcp flags & (syn|ac", ["ack"]],
    ["tcp flags syn / f", ["fin"]],
    ["ct state { new, ", ["established", "invalid", "new", "related", "untracked"]],
    ["ct state e", ["established"]],
    ["meta pkttype . ct state { host . inv", ["invalid"]],
    ["ct state vmap { new : ", ["accept", "continue", "drop", "goto", "jump", "return"]],
    ["ct state new jump f", ["forward"]],
    ["ip saddr @", ["admins", "states", "ways"]],
    ["counter name w", ["web"]],
    ["iifname ", ["lan", "map", "set", "vmap", "wan"]],
    ["reject with icmpx type ", ["admin-prohibited", "host-unreachable", "no-route", "port-unreachable"]],
    ["limit rate 10/", ["day", "hour", "minute", "second", "week"]],
    ["log level e", ["emerg", "err"]],
    ["queue flags ", ["bypass", "fanout"]],
    ["ip saddr 19", []],
  ] as const
) {
  test(`completes the rule ${JSON.stringify(text)}`, () => {
    assert.deepEqual(words(RULE + text).filter((word) => word !== "add"), expected);
  });
}

test("the word begins where it is cut", () => {
  assert.equal(complete(`${RULE}tcp flags syn,a`, known).from, `${RULE}tcp flags syn,`.length);
  assert.equal(complete(`${RULE}ip saddr @ad`, known).from, `${RULE}ip saddr @`.length);
  assert.equal(complete("", known).from, 0);
});

test("no text makes it throw, and what it offers the parser takes", () => {
  const random = new SeededRandom(7),
    rules = readdirSync(golden).flatMap((name) =>
      readFileSync(new URL(name, golden), "utf8").split("\n").filter((line) => /;(ok|fail)/.test(line)).map((
        line,
      ) => line.split(";")[0]!)
    );
  for (let round = 0; round < 150; round++) {
    const rule = rules[below(random, rules.length)]!;
    const text = (below(random, 2) === 0 ? RULE : "") + rule.slice(0, below(random, rule.length + 1));
    const { from, candidates } = complete(text, known);
    assert.ok(from <= text.length && candidates.every((word) => word.startsWith(text.slice(from))), text);
  }
});

test("what is no listing names nothing", () => {
  assert.deepEqual(
    namesOfListing('junk\n{"nftables": [1, {"chain": 5}, {"set": {"name": 1}}]}\n[]\nnull'),
    [],
  );
});
