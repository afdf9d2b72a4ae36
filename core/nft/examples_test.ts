import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { RulesetStore } from "../ruleset/store.ts";
import { field, match, table } from "./builder/builder.ts";
import { Nft } from "./nft.ts";

const known = { Nft, RulesetStore, field, match, table, write: (_text: string) => {} };

/** Examples of a README, or of doc comments, as they stand there. */
function examples(path: string): string[] {
  const text = readFileSync(new URL(path, import.meta.url), "utf8").replace(/^ \* ?/gm, "");
  return [...text.matchAll(/^```ts\n(.*?)^```/gms)].map((found) => found[1]!);
}

for (const path of ["./README.md", "./builder/table.ts"]) {
  test(`the examples of ${path} run as written`, () => {
    const all = examples(path);
    assert.ok(all.length > 0);
    for (const whole of all) {
      // What is imported is given, and so is a language to those that begin without.
      const example =
        (whole.includes("const nft") || whole.includes("let nft") ? "" : "const nft = new Nft();\n") +
        whole.replace(/^import .*;\n/gm, "");
      // Each is plain JavaScript but for its names; what it ran is looked at afterwards.
      const tail = "return typeof nft === 'undefined' ? undefined : nft.store.current;";
      const run = new Function(...Object.keys(known), `"use strict";\n${example}\n${tail}`) as (
        ...given: unknown[]
      ) => RulesetStore["current"] | undefined;
      const ruleset = run(...Object.values(known));
      if (!whole.includes(".monitor(")) assert.equal(ruleset?.tables.size, 1, example);
    }
  });
}
