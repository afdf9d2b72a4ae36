import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Nft } from "../nft.ts";
import { lo } from "../test_options.ts";

const text = (name: string): string => readFileSync(new URL(`./golden/${name}`, import.meta.url), "utf8");
const lines = <T>(name: string): T[] => text(name).trim().split("\n").map((line) => JSON.parse(line) as T);
const spoken = { ...lo, json: true, dialect: "1.0.6" as const };

interface Listed {
  readonly table?: { readonly handle?: number };
}

/** Without what nft says of itself; handles of tables count per machine. */
function objects(output: string): Listed[] {
  if (output === "") return [];
  const { nftables } = JSON.parse(output) as { nftables: Listed[] };
  return nftables.slice(1).map((each) =>
    each.table === undefined ? each : { table: { ...each.table, handle: 0 } }
  );
}

test("commands do what they do in nft, one document after the other", () => {
  interface Sequence {
    readonly steps: readonly { commands: unknown[]; ok: boolean; output?: unknown[] }[];
    readonly listing: unknown[];
  }
  for (const { steps, listing } of lines<Sequence>("commands.jsonl")) {
    const nft = new Nft(undefined, spoken);
    for (const { commands, ok, output = [] } of steps) {
      const result = nft.run(JSON.stringify({ nftables: commands }));
      assert.equal(result.ok, ok, JSON.stringify(commands) + result.error);
      assert.deepEqual(objects(result.output), output, JSON.stringify(commands));
    }
    assert.deepEqual(objects(nft.run("list ruleset").output), listing);
  }
});

test("errors read as nft's and stand at the part they are about", () => {
  for (
    const { commands, error, at } of lines<{ commands: unknown[]; error: string; at: string }>("errors.jsonl")
  ) {
    const { diagnostics } = new Nft(undefined, spoken).run(JSON.stringify({ nftables: commands }));
    const [first] = diagnostics, span = first?.spans[0];
    assert.equal(first?.message, error);
    assert.equal(span?.source.text.slice(span.start, span.end), at, error);
  }
});

const errorOf = (document: string, name = ""): string => new Nft(undefined, spoken).run(document, name).error;

test("errors tell line and column of the text", () => {
  const document = `{ "nftables": [
  { "add": { "table": { "family": "ip", "name": "t" } } },
  { "add": { "chain": { "family": "ip", "table": "t", "name": "c" } } },
  { "add": { "rule": { "family": "ip", "table": "t", "chain": "c", "expr": [
    { "match": { "op": "==", "left": { "payload": { "protocol": "ip", "field": "saddr" } },
                 "right": "192.0.2.256" } } ] } } } ] }
`;
  assert.match(errorOf(document, "rules.json"), /^rules\.json:6:27-39: Error: Could not resolve hostname/);
  assert.match(errorOf(document), /^<json>:6:27-39: Error/);
});

test("what is no JSON is told where it stops being it", () => {
  assert.match(
    errorOf('{ "nftables": [\n 5 6 ] }', "a"),
    /^a:2:4-4: Error: JSON: expected a comma or \] here/,
  );
  assert.match(errorOf('{ "nftables": [', "a"), /^a:1:15-15: Error: JSON: expected a value before the end/);
  assert.match(errorOf('{ "nftables": [ "a\tb" ] }', "a"), /^a:1:17-17: Error: JSON: expected a string/);
  assert.match(errorOf("{ 5: 1 }", "a"), /^a:1:3-3: Error: JSON: expected a name in quotes/);
  assert.match(
    errorOf(`{ "nftables": ${"[".repeat(5000)}`, "a"),
    /^a:1:\d+-\d+: Error: JSON: expected at most/,
  );
});

test("of a long line only what is wrong is drawn", () => {
  const many = Array.from(
    { length: 2000 },
    (_, index) => `{ "add": { "table": { "family": "ip", "name": "t${index}" } } }`,
  );
  const error = errorOf(`{ "nftables": [ ${many.join(", ")}, { "add": { "xx": {} } } ] }`);
  const [title, line, carets] = error.split("\n");
  assert.match(title!, /^<json>:1:\d+-\d+: Error: Unknown object passed to add command\.$/);
  assert.ok(line!.length < 300 && line!.startsWith("..."), line);
  assert.equal(line!.slice(carets!.indexOf("^"), carets!.lastIndexOf("^") + 1), '{ "xx": {} }');
});
