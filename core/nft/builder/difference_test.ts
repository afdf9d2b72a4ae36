import { strict as assert } from "node:assert";
import { test } from "node:test";
import type { JsonObject } from "../json/json.ts";
import { Nft } from "../nft.ts";
import { lo } from "../test_options.ts";
import { field, match, table, type TableBuilder } from "./builder.ts";
import type { RuleSource } from "./chain.ts";
import { listed } from "./document.ts";
import { commonSequence } from "./sequence.ts";

const seed = 20081006;
let state = seed;
const random = (below: number): number => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
};
const some = <T>(values: readonly T[], most: number): T[] =>
  Array.from({ length: random(most + 1) }, () => values[random(values.length)]!);

const RULES: readonly RuleSource[] = [
  "tcp dport 22 counter accept",
  "tcp dport { 80, 443 } accept",
  "ip saddr @admins counter accept",
  'iifname "lo" accept comment "loop"',
  "ct state vmap { established : accept, invalid : drop }",
  "jump other",
  "meta mark set 5",
  "limit rate 5/second counter",
  "ip saddr vmap @verdicts",
  'log prefix "x" drop',
  { expr: [match(field("udp", "dport"), "==", 53), { counter: null }, { accept: null }] },
  { expr: [match(field("ip", "ttl"), "<", 5), { drop: null }], comment: "near" },
];
const PORTS = [1, 2, 3, 4, 5, 6].map((last) => `192.0.2.${last}`);

function anyTable(): TableBuilder {
  const result = table("inet", "filter");
  result.set("admins", { type: "ipv4_addr" }, [...new Set(some(PORTS, 6))]);
  const verdict = (): JsonObject => (random(2) === 0 ? { accept: null } : { jump: { target: "other" } });
  result.set(
    "verdicts",
    { type: "ipv4_addr", map: "verdict" },
    [...new Set(some(PORTS, 4))].map((key) => [key, verdict()]),
  );
  if (random(2) === 0) {
    const ranges = [...new Set(some([10, 20, 30, 40], 3))].map((from) => ({
      range: [from, from + 1 + random(9)],
    }));
    result.set("ports", { type: "inet_service", flags: ["interval"] }, ranges);
  }
  if (random(2) === 0) result.object("counter", "web");
  const policy = random(2) === 0 ? "accept" : "drop";
  const input = result.chain("input", { type: "filter", hook: "input", priority: random(2), policy });
  const other = result.chain("other"),
    plain = RULES.filter((rule) => rule !== "jump other" && rule !== "ip saddr vmap @verdicts");
  for (const rule of some(RULES, 12)) input.addRule(rule);
  for (const rule of some(plain, 5)) other.addRule(rule);
  if (random(3) === 0) result.chain("third").addRule("jump other");
  return result;
}

/** Objects by name, rules in the order of their chain. */
function comparable(nft: Nft, name: TableBuilder, handles = false): string[] {
  const objects = listed(new Nft(nft.store, { ...lo, json: true, stateless: true }), name) ?? [];
  const texts = objects.map((object) =>
    JSON.stringify(object, (key, value) => (key === "handle" && !handles ? 0 : value))
  );
  const rules = texts.filter((each) => each.startsWith('{"rule"'));
  return [
    ...texts.filter((each) => !rules.includes(each)).sort(),
    ...["input", "other", "third"].flatMap((chain) =>
      rules.filter((each) => each.includes(`"chain":"${chain}"`))
    ),
  ];
}

const programs = () => new Nft(undefined, { ...lo, json: true });

test(`a difference applied gives the other table (seed ${seed})`, () => {
  for (let round = 0; round < 150; round++) {
    const from = anyTable(), to = anyTable(), nft = programs(), fresh = programs();
    assert.ok(from.apply(nft).ok, from.apply(nft).error);
    assert.ok(to.apply(fresh).ok);
    const batch = to.diff(nft);
    assert.ok(batch !== undefined);
    const result = nft.run(batch === "" ? '{"nftables":[]}' : batch);
    assert.ok(result.ok, result.error + batch);
    assert.deepEqual(comparable(nft, to), comparable(fresh, to), batch);
    assert.equal(to.diff(nft), "");
  }
});

const rule = (port: number): string => `tcp dport ${port} counter accept`;
function ports(...all: number[]): TableBuilder {
  const result = table("inet", "filter"), chain = result.chain("c");
  for (const port of all) chain.addRule(rule(port));
  return result;
}
const verbs = (batch: string): string[] =>
  (JSON.parse(batch) as { nftables: object[] }).nftables.map((each) => Object.keys(each)[0]!);

test("rules that stay keep handles and counts", () => {
  const nft = programs();
  assert.ok(ports(1, 2, 3, 4, 5).apply(nft).ok);
  const chain = () => nft.ruleset.tables.get("inet filter")!.chains.get("c")!;
  const before = chain().rules.map(({ handle, cells }) => ({ handle, cells }));
  nft.store.cells.numbers[before[3]!.cells.find((cell) => cell >= 0)!] = 7;
  const batch = ports(9, 2, 4, 7, 8, 5).diff(nft)!;
  // 1 becomes 9, 3 goes, 7 and 8 come before 5.
  assert.deepEqual(verbs(batch).sort(), ["delete", "insert", "insert", "replace"]);
  assert.ok(nft.run(batch).ok);
  const text = new Nft(nft.store, lo).run("list chain inet filter c").output;
  assert.deepEqual([...text.matchAll(/dport (\d)/g)].map((found) => Number(found[1])), [9, 2, 4, 7, 8, 5]);
  assert.match(text, /dport 4 counter packets 7 /);
  const after = chain().rules.map(({ handle }) => handle);
  assert.deepEqual(
    [after[0], after[1], after[2], after[5]],
    [0, 1, 3, 4].map((index) => before[index]!.handle),
  );
});

test("the common sequence is the longest there is", () => {
  const longest = (a: readonly string[], b: readonly string[]): number => {
    const row = new Array<number>(b.length + 1).fill(0);
    for (const value of a) {
      let diagonal = 0;
      for (let index = 1; index <= b.length; index++) {
        const above = row[index]!;
        row[index] = b[index - 1] === value ? diagonal + 1 : Math.max(above, row[index - 1]!);
        diagonal = above;
      }
    }
    return row[b.length]!;
  };
  for (let round = 0; round < 500; round++) {
    const words = () => some(["a", "b", "c", "d"], 12),
      a = words(),
      b = words(),
      pairs = commonSequence(a, b);
    assert.equal(pairs.length, longest(a, b), `${a.join("")} ${b.join("")}`);
    pairs.forEach(([left, right], index) => {
      assert.equal(a[left], b[right]);
      assert.ok(index === 0 || (left > pairs[index - 1]![0] && right > pairs[index - 1]![1]));
    });
  }
});

test("a rule given as text is told of in its own text", () => {
  const wrong = table("inet", "filter");
  wrong.chain("c").addRule("tcp dport 22 accept").addRule("tcp dprot 22 accept").addRule(
    "ip saddr 192.0.2.256",
  );
  const errors = wrong.check();
  assert.deepEqual(
    errors.map(({ spans: [span] }) => span!.source.text.slice(span!.start, span!.end)),
    ["dprot", "192.0.2.256"],
  );
  const { error } = wrong.apply(programs());
  assert.match(error, /^rule of c:1:5-9: Error: .*\ntcp dprot 22 accept\n {4}\^{5}\n/);
});

test("elements that rules put into a set stay", () => {
  const make = () => table("ip", "t").set("seen", { type: "ipv4_addr", flags: ["dynamic"], size: 10 });
  const nft = programs();
  assert.ok(make().apply(nft).ok);
  assert.ok(nft.run("add element ip t seen { 192.0.2.1 }").ok);
  assert.equal(make().diff(nft), "");
});
