import { strict as assert } from "node:assert";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { Nft } from "./nft.ts";
import { lo } from "./test_options.ts";

/**
 * A yardstick nobody here wrote: rules of a foreign test suite with their bytecode, listing and errors, and rulesets
 * from the wild. It is not part of the project; without it these tests skip.
 */
const root = process.env["WEIR_CORPORA"] ?? new URL("../../../shared/corpora", import.meta.url).pathname;

const lines = (path: string): Record<string, unknown>[] =>
  readFileSync(`${root}/${path}`, "utf8").trim().split("\n").map((line) => JSON.parse(line));

/** Why a test that reads `path` is skipped; false where it can run. */
const absent = (path: string): string | false =>
  existsSync(`${root}/${path}`) ? false : `there is no ${root}/${path}`;

interface Row {
  readonly kind: string;
  readonly file: string;
  readonly family: string;
  readonly table?: string;
  readonly chain: string;
  readonly chaincfg: string;
  readonly rule: string;
  readonly cmd: string;
  readonly expect: "ok" | "fail";
  readonly listed: string | null;
  readonly bytecode: string[] | null;
  readonly error?: string | null;
}

const words = (text: string): string => text.trim().replace(/\s+/g, " ");
const sortedSets = (text: string): string =>
  words(text).replace(
    /\{([^}]*)\}/g,
    (_all, inner: string) => `{${inner.split(",").map(words).sort().join(",")}}`,
  );
const elements = (text: readonly string[]): string =>
  text.flatMap((line) => line.split(/(?=element )/)).map((line) => words(line.replace(/userdata.*$/, "")))
    .filter((line) => line.startsWith("element")).sort().join("\n");
const code = (text: readonly string[]): string =>
  text.map(words).filter((line) => line.startsWith("[")).join("\n");

class Tally {
  readonly counts = new Map<string, number>();
  add(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }
  get(what: string): number {
    return this.counts.get(what) ?? 0;
  }
}

function measure(rows: readonly Row[]): Tally {
  const tally = new Tally();
  const options = {
    ...lo,
    stateless: true,
    numericProtocol: true,
    timezoneOffset: 120,
    dialect: "1.0.6" as const,
  };
  const languages = new Map<string, { list: Nft; add: Nft }>();
  for (const row of rows) {
    const place = row.file + row.family;
    let language = languages.get(place);
    if (language === undefined) {
      const list = new Nft(undefined, options);
      languages.set(place, language = { list, add: new Nft(list.store, { ...options, debug: ["netlink"] }) });
    }
    one(row, language, tally);
  }
  return tally;
}

function one(row: Row, { list, add }: { list: Nft; add: Nft }, tally: Tally): void {
  const table = row.table ?? /(?:ip6?|inet|arp|bridge|netdev) (\S+)/.exec(row.cmd)?.[1] ?? "t";
  list.run(`add table ${row.family} ${table}`);
  if (row.kind !== "rule") {
    const agrees = list.run(row.cmd).ok === (row.expect === "ok");
    return tally.add(agrees ? "other commands agreed" : "other commands not agreed");
  }
  const where = `${row.family} ${table} ${row.chain}`;
  list.run(`add chain ${where} { ${row.chaincfg}; }`);
  list.run(`flush chain ${where}`);
  const result = add.run(`add rule ${where} ${row.rule}`);
  if (row.expect === "fail") {
    tally.add(result.ok ? "fail accepted" : "fail rejected");
    return told(row.error ?? "", result.error, tally);
  }
  tally.add("ok");
  if (!result.ok) return;
  tally.add("accepted");
  const got = result.output.split("\n");
  const wanted = row.bytecode ?? [];
  const same = code(got) === code(wanted) && (elements(wanted) === "" || elements(got) === elements(wanted));
  if (row.bytecode === null || same) tally.add("bytecode");
  const listed = list.run(`list chain ${where}`).output.split("\n").filter((line) => line.startsWith("\t\t"))
    .slice(1);
  if (sortedSets(listed.join(" ")) === sortedSets(row.listed ?? row.rule)) tally.add("listing");
}

/** Not the language's: the kernel's refusals, and the lists a parser generator makes of the tokens it could have used. */
const foreign = (error: string): boolean =>
  error === "" || error.includes("Could not process rule") || /^Error: syntax error.*, expecting/.test(error);

/** Compares what is said of a refused rule: its first line, and the line of carets. */
function told(wanted: string, got: string, tally: Tally): void {
  if (foreign(wanted)) return;
  tally.add("told");
  const [title, , carets] = wanted.split("\n");
  const [ourTitle, , ourCarets] = got.split("\n");
  const sameTitle = title === ourTitle, sameCarets = carets?.trimEnd() === ourCarets?.trimEnd();
  if (sameTitle) tally.add("first line");
  if (sameCarets) tally.add("carets");
  if (process.env["WEIR_CORPUS_SHOW"] === undefined || (sameTitle && sameCarets)) return;
  process.stdout.write(`wanted ${wanted}\ngot    ${got}\n`);
}

test("rules of the foreign suite", { skip: absent("nft/rules.jsonl") }, (context) => {
  const rows = lines("nft/rules.jsonl") as unknown as Row[];
  for (const [name, families] of [["ip, ip6, inet", ["ip", "ip6", "inet"]], ["all", undefined]] as const) {
    const tally = measure(
      rows.filter((row) => families === undefined || (families as readonly string[]).includes(row.family)),
    );
    const share = (part: number, whole: number) => `${(100 * part / whole).toFixed(1)} %`;
    const ok = tally.get("ok"), fail = tally.get("fail rejected") + tally.get("fail accepted");
    context.diagnostic(
      `${name}: accepted ${share(tally.get("accepted"), ok)}, bytecode ${
        share(tally.get("bytecode"), ok)
      }, ` +
        `listing ${share(tally.get("listing"), ok)} of ${ok}; rejected ${
          share(tally.get("fail rejected"), fail)
        } of ${fail}; of ${tally.get("told")} refused by the language, first line ${
          share(tally.get("first line"), tally.get("told"))
        }, carets ${share(tally.get("carets"), tally.get("told"))}`,
    );
    assert.ok(tally.get("accepted") >= 0.9 * ok);
    assert.ok(tally.get("bytecode") >= 0.9 * ok);
    assert.equal(tally.get("fail rejected"), fail);
    assert.ok(tally.get("first line") >= 0.95 * tally.get("told"));
    assert.ok(tally.get("carets") >= 0.97 * tally.get("told"));
  }
});

function relisted(text: string, file: string): string {
  const nft = new Nft(undefined, { ...lo, dialect: "1.0.6" });
  const result = nft.run(text, file);
  assert.ok(result.ok, result.error);
  return nft.run("list ruleset").output;
}

test("rulesets from the wild", { skip: absent("rulesets/verdicts.jsonl") }, (context) => {
  const rows = lines("rulesets/verdicts.jsonl") as unknown as {
    file: string;
    accepted: boolean;
    decided_by: string;
  }[];
  const decided = rows.filter((row) => row.decided_by === "language");
  const differing: string[] = [];
  for (const { file, accepted } of decided) {
    const nft = new Nft(undefined, { ...lo, dialect: "1.0.6" });
    const result = nft.run(readFileSync(`${root}/rulesets/${file}`, "utf8"), file);
    if (result.ok !== accepted) differing.push(file);
    if (!result.ok) continue;
    // Once around first: of a set that merging left one interval of, nft lists the braces and does not read them.
    const twice = relisted(relisted(nft.run("list ruleset").output, file), file);
    assert.equal(relisted(twice, file), twice, file);
  }
  context.diagnostic(
    `verdict as nft's for ${decided.length - differing.length} of ${decided.length}; not for ${
      differing.join(" ")
    }`,
  );
  assert.ok(differing.length <= 0.06 * decided.length);
});
