import { strict as assert } from "node:assert";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { below, SeededRandom } from "../random.ts";
import { Cursor } from "./text/cursor.ts";
import { Nft } from "./nft.ts";
import { lo } from "./test_options.ts";

const folder = new URL("./golden/", import.meta.url);
const rules = readdirSync(folder).flatMap((name) => readFileSync(new URL(name, folder), "utf8").split("\n"))
  .filter((line) => /;(ok|fail)/.test(line) && !line.startsWith("#")).map((line) => line.split(";")[0]!);
const CHAIN = "add table inet t\nadd chain inet t c { type filter hook input priority 0; }\n";

/** Every look at a token is a step. */
let steps = 0;
for (const name of ["kind", "text", "span", "since"] as const) {
  const plain = Cursor.prototype[name] as (...words: number[]) => unknown;
  Object.assign(Cursor.prototype, {
    [name]: function (this: Cursor, ...words: number[]) {
      steps++;
      return plain.apply(this, words);
    },
  });
}

/** Runs a text; what is wrong with it must be said, with a place, in words. */
function hostile(text: string, reader?: (path: string) => string): string {
  steps = 0;
  const files = reader === undefined ? {} : { reader: { read: reader, glob: (path: string) => [path] } };
  const { ok, error } = new Nft(undefined, { ...lo, ...files }).run(text, "rules.nft");
  assert.ok(steps <= 200 * (text.length + 16) + 1000, `${steps} steps for ${text.length} characters`);
  if (ok) return "";
  const said = error.split("\n").filter((line) => line.length < 4096 && !text.includes(line)).join("\n");
  assert.doesNotMatch(said, /\b(undefined|null|NaN|internal)\b|\[object/i, text.slice(0, 4096));
  assert.match(error, /^(?:In file included from .*\n(?: +from .*\n)*)?[^\n]*?\d+:\d+-\d+: Error: ./);
  return error;
}

test("what is too deep, too long, too many or goes in circles is a located error", () => {
  const lines = (count: number, first: string, next: (i: number) => string) =>
    [first, ...Array.from({ length: count }, (_, i) => next(i + 1))].join("\n") + "\n";
  const refused: Record<string, string> = {
    parentheses: "add rule inet t c meta mark " + "(".repeat(50_000),
    braces: "add rule inet t c meta mark " + "{".repeat(50_000),
    blocks: "table inet t { chain c {".repeat(20_000),
    hashes: CHAIN + "add rule inet t c " + "jhash ".repeat(20_000),
    operators: CHAIN + "add rule inet t c meta mark " + "1 | ".repeat(20_000) + "1",
    hexadecimal: CHAIN + `add rule inet t c meta mark 0x${"f".repeat(50_000)}`,
    decimal: CHAIN + `add rule inet t c meta mark ${"9".repeat(100_000)}`,
    prefix: CHAIN + "add rule inet t c ip saddr 192.0.2.1/99999999999999999999",
    offset: CHAIN + "add rule inet t c @nh,99999999999999999999,8 1",
    "sets of sets": lines(30, "define a0 = { 1, 2 }", (i) => `define a${i} = { $a${i - 1}, $a${i - 1} }`),
    "sums of sums": lines(60, "define a0 = 1", (i) => `define a${i} = $a${i - 1} | $a${i - 1}`),
    "names of names": lines(5000, "define a0 = 1", (i) => `define a${i} = $a${i - 1}`),
    colons: "1:".repeat(50_000),
    backslash: "a".repeat(50_000) + "\\",
    quotes: '"'.repeat(50_001),
    "not UTF-8": CHAIN + 'add rule inet t c meta mark \ufffd\ud800 iifname "\udfff',
  };
  for (const [name, text] of Object.entries(refused)) assert.notEqual(hostile(text), "", name);
});

test("includes that include themselves, or never end", () => {
  assert.match(hostile('include "/a"\n', () => 'include "/a"\n'), /includes itself/);
  assert.match(
    hostile('include "/a"\n', (path) => `include "${path === "/a" ? "/b" : "/a"}"\n`),
    /includes itself/,
  );
  assert.match(hostile('include "/a"\n', (path) => `include "${path}a"\ninclude "${path}b"\n`), /too deep/);
});

test("rules changed at random: a bounded number of steps a byte, nothing thrown", (context) => {
  const seed = Number(process.env["WEIR_FUZZ_SEED"] ?? 20081006);
  const rounds = Number(process.env["WEIR_FUZZ_ROUNDS"] ?? 3000);
  const random = new SeededRandom(seed), some = <T>(of: ArrayLike<T>): T => of[below(random, of.length)]!;
  const words = rules.join(" ").split(/\s+/);
  const odd = ["99999999999999999999", "0xffffffffff", "-1", "\ud800", "é", "\0", "$x", "@s", "\n", "\\\n"];
  const marks = '{}()[];,.:-/<>=!&|^@$"#*';
  for (let round = 0; round < rounds; round++) {
    let rule = some(rules);
    for (let edits = below(random, 4); edits >= 0; edits--) {
      const at = below(random, rule.length + 1), before = rule.slice(0, at), behind = rule.slice(at);
      const middle = [some(words), some(marks), some(odd), "", String.fromCharCode(below(random, 256))];
      const kind = below(random, 6);
      rule = kind === 5
        ? before + some(rules)
        : kind === 3
        ? before + behind.slice(below(random, 9))
        : kind === 0
        ? `${before} ${middle[0]} ${behind}`
        : before + middle[kind]! + behind;
    }
    try {
      hostile(`${CHAIN}add rule inet t c ${rule}\n`);
    } catch (error) {
      throw new Error(`seed ${seed}, round ${round}: ${JSON.stringify(rule)}`, { cause: error });
    }
  }
  context.diagnostic(`seed ${seed}, ${rounds} texts`);
});
