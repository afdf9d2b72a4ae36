import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Nft } from "../nft.ts";
import { lo } from "../test_options.ts";
import type { Json, JsonObject } from "./json.ts";

const golden = (name: string): string => readFileSync(new URL(`./golden/${name}`, import.meta.url), "utf8");
const seed = Number(process.env["WEIR_FUZZ_SEED"] ?? 20081006);
const rounds = Number(process.env["WEIR_FUZZ_ROUNDS"] ?? 3000);

let state = seed;
const random = (below: number): number => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
};

const SCRAPS = '{ } [ ] " null -1 1e99 @ "*" , {"__proto__":1} true 0.5 \\u0000 : 99999999999999999999'.split(
  " ",
);
const VALUES: readonly Json[] = [null, true, -1, 0, 2 ** 40, 0.5, "", "*", "@s", "\0", [], {}, [[]], {
  set: [],
}];

function texts(): string[] {
  const { nftables } = JSON.parse(golden("ruleset.json")) as { nftables: Json[] };
  const rules = golden("rules.jsonl").trim().split("\n").map((line) => JSON.parse(line) as JsonObject);
  return [
    ...nftables.map((each) => JSON.stringify({ nftables: [nftables[1], each] })),
    ...rules.map(({ family, expr }) => {
      const at = { family: family!, table: "t" };
      return JSON.stringify({
        nftables: [{ table: { family: family!, name: "t" } }, { chain: { ...at, name: "c" } }, {
          rule: { ...at, chain: "c", expr: expr! },
        }],
      });
    }),
  ];
}

/** Scraps put into the text. */
function cut(text: string): string {
  let result = text;
  for (let change = random(3) + 1; change > 0; change--) {
    const at = random(result.length);
    result = result.slice(0, at) + SCRAPS[random(SCRAPS.length)]! + result.slice(at + random(12));
  }
  return result;
}

/** A part replaced by another kind of value, or by another part: valid JSON that is no rule. */
function swapped(text: string): string {
  const parts: { holder: Record<string, Json>; key: string }[] = [];
  const collect = (value: Json): void => {
    if (typeof value !== "object" || value === null) return;
    const holder = value as Record<string, Json>;
    for (const key of Object.keys(holder)) {
      parts.push({ holder, key });
      collect(holder[key]!);
    }
  };
  const document = JSON.parse(text) as Json;
  collect(document);
  const { holder, key } = parts[random(parts.length)]!, other = parts[random(parts.length)]!;
  const value = random(2) === 0 ? VALUES[random(VALUES.length)]! : other.holder[other.key]!;
  holder[key] = JSON.parse(JSON.stringify(value)) as Json;
  return JSON.stringify(document);
}

test(`JSON changed at random never throws and tells plain words (seed ${seed})`, () => {
  const all = texts();
  for (let round = 0; round < rounds; round++) {
    const whole = all[random(all.length)]!, document = random(2) === 0 ? cut(whole) : swapped(whole);
    const nft = new Nft(undefined, { ...lo, json: true });
    const { ok, error } = nft.run(document);
    assert.ok(ok || /^<json>:\d+:\d+-\d+: |^Error/.test(error), `${document}\n${error}`);
    for (const line of error.split("\n").filter((each) => /^(?:<json>|Error|hint)/.test(each))) {
      assert.doesNotMatch(line, /undefined|internal|NaN/, document);
    }
    if (ok) assert.ok(nft.run("list ruleset").ok);
  }
});

test("an empty set of a rule, which a random text found, is told of", () => {
  const at = { family: "inet", table: "t" };
  const left = { payload: { protocol: "icmpv6", field: "type" } };
  const expr = [{ match: { op: "==", left, right: { set: [] } } }];
  const commands = [{ table: { family: "inet", name: "t" } }, { chain: { ...at, name: "c" } }, {
    rule: { ...at, chain: "c", expr },
  }];
  const { error } = new Nft(undefined, { ...lo, json: true }).run(JSON.stringify({ nftables: commands }));
  assert.match(error, /^<json>:1:\d+-\d+: Error: a set in a rule has an element or more\n/);
});

test("places of many elements are found in passing, not by looking through all of them", () => {
  // Looked through, they would take minutes.
  const elem = Array.from(
    { length: 60_000 },
    (_, index) => `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`,
  );
  const at = { family: "ip", table: "t" };
  const nft = new Nft(undefined, { ...lo, json: true });
  const { ok, error } = nft.run(JSON.stringify({
    nftables: [{ table: { family: "ip", name: "t" } }, {
      set: { ...at, name: "s", type: "ipv4_addr", elem },
    }],
  }));
  assert.ok(ok, error);
});
