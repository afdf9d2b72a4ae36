import { strict as assert } from "node:assert";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { below, SeededRandom } from "../random.ts";
import { CellStore } from "../ruleset/cells.ts";
import { RulesetStore } from "../ruleset/store.ts";
import { Nft, type NftOptions, type NftResult, type SourceReader } from "./nft.ts";
import { mutated } from "./test_mutation.ts";
import { lo } from "./test_options.ts";
import { counted } from "./test_steps.ts";

const folder = new URL("./golden/", import.meta.url);
const rules = readdirSync(folder).flatMap((name) => readFileSync(new URL(name, folder), "utf8").split("\n"))
  .filter((line) => /;(ok|fail)/.test(line) && !line.startsWith("#")).map((line) => line.split(";")[0]!);
const CHAIN = "add table inet t\nadd chain inet t c { type filter hook input priority 0; }\n";

/** Runs a text; what is wrong with it must be said, with a place, in words. */
function hostile(text: string, reader?: SourceReader["read"], more: NftOptions = {}): string {
  const files = reader === undefined ? {} : { reader: { read: reader, glob: (path: string) => [path] } };
  const store = new RulesetStore({ offline: true, cells: new CellStore(256) });
  let result: NftResult | undefined;
  const { steps, characters } = counted(() => {
    result = new Nft(store, { ...lo, ...files, ...more }).run(text, "rules.nft");
  });
  // The end of a text is looked at as a character is.
  assert.ok(steps <= 200 * (characters + 1), `${steps} steps for ${characters} characters`);
  const { ok, error, diagnostics } = result!;
  for (const { message, hints } of diagnostics) {
    const said = [message, ...hints].filter((line) => line.length < 4096 && !OURS.test(text));
    for (const line of said) assert.doesNotMatch(line, /\b(undefined|null|NaN|internal)\b|\[object/i);
  }
  if (ok) return "";
  assert.match(error, /^(?:In file included from .*\n(?: +from .*\n)*)?[^\n]*?\d+:\d+-\d+: Error: ./);
  return error;
}

/** Words that may be told of where the text itself has them. */
const OURS = /undefined|null|nan|internal/i;

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

/** `WEIR_LONG_LINE=100000000`: a line of 100 MB. */
const LONG_LINE = Number(process.env["WEIR_LONG_LINE"] ?? 1_000_000);

test("a line as long as a disk image: a located error of a few lines, or none", () => {
  const letters = "a".repeat(LONG_LINE), rule = CHAIN + "add rule inet t c ";
  const texts: Record<string, string> = {
    word: letters,
    "name of a chain": `${rule}jump ${letters}`,
    string: `${rule}iifname "${letters}"`,
    "string without an end": `${rule}iifname "${letters}`,
    comment: `${rule}accept comment "${letters}"\n`,
    digits: `${rule}meta mark ${"9".repeat(LONG_LINE)}`,
    zeros: "\0".repeat(LONG_LINE),
    "zeros in a rule": `${rule}meta mark ${"\0".repeat(LONG_LINE)}`,
    "no UTF-8": "\ufffd".repeat(LONG_LINE),
    statements: rule + "1 ".repeat(LONG_LINE / 2),
    path: `include "/${letters}"`,
  };
  for (const [name, text] of Object.entries(texts)) {
    const error = hostile(text, () => undefined);
    assert.notEqual(error, "", name);
    assert.ok(error.length < 20_000, `${name}: ${error.length}`);
  }
});

test("includes that include themselves, or never end", () => {
  assert.match(hostile('include "/a"\n', () => 'include "/a"\n'), /includes itself/);
  assert.match(
    hostile('include "/a"\n', (path) => `include "${path === "/a" ? "/b" : "/a"}"\n`),
    /includes itself/,
  );
  assert.match(hostile('include "/a"\n', (path) => `include "${path}a"\ninclude "${path}b"\n`), /too deep/);
});

const RULESET = `define LAN = { 192.0.2.0/24, 198.51.100.0/24 }
define PORT = 22
table inet t {
\tcomment "a table"
\tcounter n { packets 1 bytes 2 }
\tquota q { over 10 mbytes }
\tlimit l { rate 5/second burst 10 packets }
\tct helper h { type "ftp" protocol tcp; }
\tset s { type ipv4_addr; flags interval; auto-merge; elements = { 192.0.2.1-192.0.2.9, $LAN, 203.0.113.7 } }
\tset d { typeof ip saddr . tcp dport; flags dynamic,timeout; timeout 1m; size 100; }
\tmap m { type inet_service : verdict; elements = { 22 : accept, 80-90 : drop } }
\tmap v { type ipv4_addr : counter; elements = { 192.0.2.1 : "n" } }
\tchain c {
\t\ttype filter hook input priority filter - 5; policy drop;
\t\tct state vmap { established : accept, related : accept, invalid : drop }
\t\tip saddr @s tcp dport { $PORT, 80-90, 443 } counter name "n" accept comment "x"
\t\tip saddr $LAN meta mark set ct mark & 0xff | 1 jump e
\t\ttcp dport vmap @m
\t\tupdate @d { ip saddr . tcp dport timeout 5s limit rate 3/minute } log prefix "a " drop
\t\ticmpv6 type { echo-request, nd-neighbor-solicit } limit name "l" accept
\t}
\tchain e { ip6 saddr != 2001:db8::/32 reject with icmpx type port-unreachable; }
}
add element inet t s { 192.0.2.100 }
insert rule inet t c position 14 iifname "lo" accept
list set inet t s
delete table inet t
`;

test("a rule passed over is carried out, and what is wrong is told, as when the text is read whole", () => {
  const random = new SeededRandom(7);
  const texts = [RULESET, ...Array.from({ length: 400 }, () => mutated(RULESET, rules.join("\n"), random))];
  for (const text of texts) {
    const [one, other] = [0, Infinity].map((passOver) => {
      const nft = new Nft(undefined, { ...lo, passOver, debug: ["netlink"], handles: true });
      return [nft.run(text, "r.nft"), nft.run("list ruleset")].map(({ output, error }) => [output, error]);
    });
    assert.deepEqual(one, other, text);
  }
});

test("texts changed at random: a bounded number of steps a character, nothing thrown", (context) => {
  const seed = Number(process.env["WEIR_FUZZ_SEED"] ?? 20081006);
  const rounds = Number(process.env["WEIR_FUZZ_ROUNDS"] ?? 3000);
  const random = new SeededRandom(seed);
  const blocks = RULESET.split("\n");
  for (let round = 0; round < rounds; round++) {
    const rule = () => rules[below(random, rules.length)]!;
    const kind = below(random, 8);
    const start = kind === 0
      ? RULESET
      : kind === 1
      ? `table inet t {\n\tchain c {\n\t\ttype filter hook input priority 0;\n\t\t${rule()}\n\t\t${rule()}\n\t}\n}\n`
      : rule();
    const other = below(random, 2) === 0 ? rule() : blocks[below(random, blocks.length)]!;
    const changed = mutated(start, other, random);
    const text = kind < 2 ? changed : `${CHAIN}add rule inet t c ${changed}\n`;
    const passOver = below(random, 2) === 0 ? 0 : Infinity;
    try {
      hostile(text, (path) => (path === "/a" ? other : path === "/b" ? text : undefined), { passOver });
    } catch (error) {
      throw new Error(`seed ${seed}, round ${round}: ${JSON.stringify(text)}`, { cause: error });
    }
  }
  context.diagnostic(`seed ${seed}, ${rounds} texts`);
});
