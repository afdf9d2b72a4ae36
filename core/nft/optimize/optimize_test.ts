import { strict as assert } from "node:assert";
import { test } from "node:test";
import { Nft } from "../nft.ts";
import { optimized } from "./test_chain.ts";

const listed = (nft: Nft): string[] =>
  nft.run("list chain ip t c").output.split("\n").slice(2, -3).map((line) => line.trim());

test("the report is nft's, with the place and line of every rule", () => {
  const { output, error } = optimized(["tcp dport 22 accept", "tcp dport 23 drop"]);
  const report =
    "Merging:\nr.nft:6:3-21: \t\ttcp dport 22 accept\nr.nft:7:3-19: \t\ttcp dport 23 drop\ninto:\n\t\n";
  assert.ok(error.startsWith(report), error);
  assert.equal(output, "tcp dport vmap { 22 : accept, 23 : drop }\n");
});

test("rules given one by one, what they need being added between", () => {
  const nft = new Nft(undefined, { optimize: true });
  const { ok, error, output } = nft.run(`add table ip t
add chain ip t c
add rule ip t c tcp dport 1 accept
add chain ip t d
add rule ip t d tcp sport 1 accept
add set ip t s { type ipv4_addr; }
add rule ip t c tcp dport 2 accept
add rule ip t d tcp sport 2 accept
add rule ip t c ip saddr @s accept
`);
  assert.ok(ok, error);
  assert.deepEqual(listed(nft), ["tcp dport { 1, 2 } accept", "ip saddr @s accept"]);
  assert.equal(error.split("Merging").length, 3);
  assert.equal(output.split("\n").length, 3);
});

test("where rules are counted by a command, each stays", () => {
  const nft = new Nft(undefined, { optimize: true });
  nft.run("add table ip t; add chain ip t c");
  const { output } = nft.run(`add rule ip t c tcp dport 1 accept
add rule ip t c tcp dport 2 accept
add rule ip t c index 1 tcp dport 3 drop`);
  assert.equal(output, "");
});

test("variables, other spellings and JSON are the rules they stand for", () => {
  const nft = new Nft(undefined, { optimize: true, json: true });
  nft.run(
    "define P = { 1, 2 }\ntable ip t { chain c {\n tcp dport $P accept\n tcp dport { 0x3 } accept\n }\n}",
  );
  assert.match(JSON.stringify(nft.run("list chain ip t c").output), /1, 2, 3/);
  const port = (right: number) => ({
    rule: {
      family: "ip",
      table: "t",
      chain: "c",
      expr: [{ match: { op: "==", left: { payload: { protocol: "udp", field: "dport" } }, right } }, {
        drop: null,
      }],
    },
  });
  const { ok, error } = nft.run(JSON.stringify({ nftables: [{ add: port(53) }, { add: port(67) }] }));
  assert.ok(ok, error);
  assert.match(nft.run("list chain ip t c").output, /\{"set":\s*\[53,\s*67\]\}/);
});

test("what is refused as written is told as written; check changes nothing", () => {
  const nft = new Nft(undefined, { optimize: true, check: true });
  const { ok, error } = nft.run("table ip t { chain c { tcp dport 1 accept; tcp dport 2 accept; }; }");
  assert.ok(ok);
  assert.match(error, /Merging/);
  assert.equal(nft.ruleset.tables.size, 0);
  assert.match(
    nft.run("table ip t { chain c { tcp dport 1 accept; tcp dport 2 jump x; }; }", "r.nft").error,
    /^r.nft:1:.*Error/,
  );
});

test("an optimisation that cannot be loaded is not: the rules are, as written", () => {
  const refuses = ({ kind }: { kind: string }) => (kind === "lookup" ? "no lookups here" : undefined);
  const { listed, error } = optimized(["tcp dport 1 accept", "tcp dport 2 accept"], undefined, { refuses });
  assert.deepEqual(listed, ["tcp dport 1 accept", "tcp dport 2 accept"]);
  assert.match(error, /loaded as written, not optimised/);
});
