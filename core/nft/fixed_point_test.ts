import { strict as assert } from "node:assert";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { Nft } from "./nft.ts";
import { lo } from "./test_options.ts";

const folder = new URL("./golden/", import.meta.url);

interface Line {
  readonly family: string;
  readonly chain: string;
  readonly rule: string;
}

const lines: Line[] = readdirSync(folder).sort().flatMap((name) => {
  const text = readFileSync(new URL(name, folder), "utf8").split("\n");
  const head = text.find((line) => line.startsWith(":"))!.slice(1);
  const family = head.slice(0, head.indexOf(" "));
  return text.filter((line) => /;(ok|fail)/.test(line) && !line.startsWith("#"))
    .map((line) => ({ family, chain: head.slice(family.length + 1), rule: line.split(";")[0]! }));
});

const table = ({ family, chain, rule }: Line): string =>
  `table ${family} t {\n\tchain c {\n\t\ttype ${chain.replace(/^type /, "")};\n\t\t${rule}\n\t}\n}\n`;

const list = (text: string): string | undefined => {
  const nft = new Nft(undefined, lo);
  return nft.run(text, "rules").ok ? nft.run("list ruleset").output : undefined;
};

/**
 * What is listed must parse, and list the same again. One step is let pass: of a set whose intervals merged into one
 * nft lists the braces, but reads `{ a-b }` as `a-b`.
 */
function fixed(text: string): boolean {
  const once = list(text);
  if (once === undefined) return false;
  const twice = list(once);
  assert.notEqual(twice, undefined, `${text}\n${once}`);
  const unbraced = (listed: string) => listed.replace(/\{ ([^ ,]*-[^ ,]*) \}/g, "$1");
  assert.equal(unbraced(twice!), unbraced(once), text);
  assert.equal(list(twice!), twice, text);
  return true;
}

test("listing, parsing and listing again is a fixed point", () => {
  const held = lines.filter((line) => fixed(table(line))).length;
  assert.ok(held > 200, `only ${held} rules were accepted`);
});

test("texts changed at random never throw, never end silently, and keep the fixed point (seed 20080820)", () => {
  let state = 20080820;
  const random = (below: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
  const texts = lines.map(table);
  const words = texts.join(" ").split(/\s+/);
  let accepted = 0;
  for (let round = 0; round < 1500; round++) {
    let text = texts[random(texts.length)]!;
    for (let edits = random(3); edits >= 0; edits--) {
      const at = random(text.length + 1);
      const edit = random(5);
      if (edit === 0) text = text.slice(0, at) + String.fromCharCode(random(128)) + text.slice(at + 1);
      else if (edit === 1) text = text.slice(0, at) + text.slice(at + random(8));
      else if (edit === 2) text = `${text.slice(0, at)} ${words[random(words.length)]} ${text.slice(at)}`;
      else if (edit === 3) text = text.slice(0, at) + '{}();,.:/-<>$@!"\\*\n#'[random(20)] + text.slice(at);
      else {text = text.slice(0, at) +
          ["99999999999999999999", "0xffffffffff", "-1", "\ud800", "é", "\0"][random(6)] + text.slice(at);}
    }
    const result = new Nft(undefined, lo).run(text, "fuzz");
    if (!result.ok) {
      assert.notEqual(result.error, "", text);
      assert.doesNotMatch(
        result.error.split("\n").filter((line) => !text.includes(line)).join("\n"),
        /\b(undefined|null|NaN)\b|\[object/,
        text,
      );
    } else if (fixed(text)) accepted++;
  }
  assert.ok(accepted > 20, `only ${accepted} texts were accepted`);
});
