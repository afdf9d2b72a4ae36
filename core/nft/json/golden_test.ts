import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Nft } from "../nft.ts";
import { lo } from "../test_options.ts";

interface Recorded {
  readonly family: string;
  readonly chain: string;
  /** What the rule refers to. */
  readonly setup?: string[];
  readonly rule: string;
  readonly expr: unknown[];
  /** How nft, and so we, refuse what it listed. */
  readonly refused?: string;
}

const lines = readFileSync(new URL("./golden/rules.jsonl", import.meta.url), "utf8").trim().split("\n");
const recorded = lines.map((line) => JSON.parse(line) as Recorded);

function place({ family, chain, setup = [] }: Recorded): Nft {
  const nft = new Nft(undefined, { ...lo, json: true, dialect: "1.0.6" });
  const { ok, error } = nft.run(
    `add table ${family} t; add chain ${family} t c { ${chain}; }\n${setup.join("\n")}`,
  );
  assert.ok(ok, error);
  return nft;
}

const rulesOf = (output: string): { expr: unknown[] }[] =>
  (JSON.parse(output) as { nftables: { rule?: { expr: unknown[] } }[] }).nftables
    .flatMap((object) => object.rule ?? []);

test("rules list as nft's JSON", () => {
  const wrong: string[] = [];
  for (const line of recorded) {
    const nft = place(line);
    assert.ok(nft.run(`add rule ${line.family} t c ${line.rule}`).ok, line.rule);
    const got = rulesOf(nft.run(`list chain ${line.family} t c`).output)[0]?.expr;
    try {
      assert.deepEqual(got, line.expr);
    } catch {
      wrong.push(`${line.family} ${line.rule}: ${JSON.stringify(got)}, wanted ${JSON.stringify(line.expr)}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test("a listing read back lists the same", () => {
  const wrong: string[] = [];
  for (const line of recorded) {
    const nft = place(line);
    const rule = { family: line.family, table: "t", chain: "c", expr: line.expr };
    const read = nft.run(JSON.stringify({ nftables: [{ add: { rule } }] }));
    const got = read.ok ? rulesOf(nft.run(`list chain ${line.family} t c`).output)[0]?.expr : read.error;
    try {
      if (line.refused === undefined) assert.deepEqual(got, line.expr);
      else assert.equal(read.diagnostics[0] && `Error: ${read.diagnostics[0].message}`, line.refused);
    } catch {
      wrong.push(`${line.family} ${line.rule}: ${JSON.stringify(got)}`);
    }
  }
  assert.deepEqual(wrong, []);
});

const text = (name: string): string => readFileSync(new URL(`./golden/${name}`, import.meta.url), "utf8");
/** Handles of tables count per machine; all else is equal. */
const comparable = (output: string): unknown[] =>
  (JSON.parse(output) as { nftables: Record<string, { handle?: number }>[] }).nftables.map((object) =>
    object.table === undefined ? object : { table: { ...object.table, handle: 0 } }
  );

test("sets, maps and objects list as nft's JSON", () => {
  const nft = new Nft(undefined, { ...lo, json: true, dialect: "1.0.6" });
  for (const line of text("ruleset.nft").trim().split("\n")) assert.ok(nft.run(line).ok, line);
  assert.deepEqual(comparable(nft.run("list ruleset").output), comparable(text("ruleset.json")));
});

test("what the newest dialect lists comes back whole", () => {
  const nft = new Nft(undefined, { ...lo, json: true });
  for (const line of text("ruleset.nft").trim().split("\n")) assert.ok(nft.run(line).ok, line);
  const again = new Nft(undefined, { ...lo, json: true });
  const read = again.run(nft.run("list ruleset").output);
  assert.ok(read.ok, read.error);
  // Handles are given anew; of `typeof` JSON keeps the type.
  const listed = (store: Nft["store"]) =>
    new Nft(store, { ...lo, stateless: true, json: true }).run("list ruleset").output.replace(
      /"handle": \d+/g,
      "",
    );
  assert.equal(listed(again.store), listed(nft.store));
});
