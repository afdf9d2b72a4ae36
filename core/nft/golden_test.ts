import { strict as assert } from "node:assert";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { Nft } from "./nft.ts";
import { lo } from "./test_options.ts";

interface Case {
  readonly line: number;
  readonly gap: boolean;
  readonly rule: string;
  readonly verdict: string;
  readonly rest: string;
  readonly code: string[];
}

const folder = new URL("./golden/", import.meta.url);
/** Files of what came to nft after 1.0.6, which that dialect refuses; the others are 1.0.6's. */
const NEWEST = /^newest/;
const oneSpace = (text: string) => text.trim().replace(/\s+/g, " ");

function cases(text: string): { head: string; all: Case[] } {
  let head = "";
  const all: Case[] = [];
  text.split("\n").forEach((raw, index) => {
    if (raw === "" || raw.startsWith("#")) return;
    if (raw.startsWith(":")) head = raw.slice(1);
    else if (raw.startsWith("!")) head += `\n${raw.slice(1)}`;
    else if (raw.startsWith("  ")) all[all.length - 1]!.code.push(oneSpace(raw));
    else {
      const [rule, verdict, ...rest] = raw.split(";");
      const gap = raw.startsWith("-");
      all.push({
        line: index + 1,
        gap,
        rule: rule!.replace(/^-/, ""),
        verdict: verdict!,
        rest: rest.join(";"),
        code: [],
      });
    }
  });
  return { head, all };
}

for (const name of readdirSync(folder).filter((file) => file.endsWith(".t")).sort()) {
  test(`golden lines of ${name}`, () => {
    const { head, all } = cases(readFileSync(new URL(name, folder), "utf8"));
    const family = head.slice(0, head.indexOf(" ")), newest = NEWEST.test(name);
    const wrong: string[] = [];
    for (const line of all) {
      const problem = line.verdict === "ok"
        ? accepted(family, head, line, newest)
        : refused(family, head, line, newest);
      if (line.gap !== (problem !== "")) {
        wrong.push(`${name}:${line.line}: ${line.rule}: ${problem || "no longer a gap"}`);
      }
    }
    assert.deepEqual(wrong, []);
  });
}

function chain(family: string, head: string, newest: boolean): Nft {
  const [hook, ...commands] = head.split("\n");
  const nft = new Nft(undefined, {
    ...lo,
    stateless: true,
    debug: ["netlink"],
    dialect: newest ? "newest" : "1.0.6",
  });
  const made = nft.run(
    `add table ${family} t; add chain ${family} t c { ${hook!.slice(family.length + 1)}; }\n${
      commands.join("\n")
    }`,
  );
  assert.ok(made.ok, made.error);
  return nft;
}

function accepted(family: string, head: string, line: Case, newest: boolean): string {
  if (newest && chain(family, head, false).run(`add rule ${family} t c ${line.rule}`).ok) {
    return "accepted by nft 1.0.6";
  }
  const nft = chain(family, head, newest);
  const added = nft.run(`add rule ${family} t c ${line.rule}`);
  if (!added.ok) return added.error;
  const code = added.output.split("\n").filter((text) => text.startsWith("  [")).map(oneSpace);
  const elements = added.output.split("\n").filter((text) => text.startsWith("\t")).map(oneSpace);
  const got = [...elements, ...code].join("\n"), want = line.code.join("\n");
  if (got !== want) return `bytecode\n${got}\nwanted\n${want}`;
  const listed =
    nft.run(`list chain ${family} t c`).output.split("\n").filter((text) => text.startsWith("\t\t"))[1];
  const listing = line.rest === "" ? line.rule : line.rest;
  if (listed?.trim() !== listing) return `listed as ${listed?.trim()}, wanted ${listing}`;
  if (!newest) return "";
  const again = chain(family, head, newest).run(`add rule ${family} t c ${listing}`).output;
  return again === added.output ? "" : `read again:\n${again}`;
}

/** `rule;fail;COLUMN-COLUMN;message`, columns counted from the rule's first character. */
function refused(family: string, head: string, line: Case, newest: boolean): string {
  const result = chain(family, head, newest).run(`add rule ${family} t c ${line.rule}\n`);
  if (result.ok) return "accepted";
  const [title, , carets] = result.error.split("\n");
  const before = `add rule ${family} t c `.length;
  const from = carets!.indexOf("^") + 1 - before, to = carets!.lastIndexOf("^") + 1 - before;
  const got = `${from}-${to};${title!.replace(/^Error: /, "")}`;
  return got === line.rest ? "" : `${got}, wanted ${line.rest}`;
}
