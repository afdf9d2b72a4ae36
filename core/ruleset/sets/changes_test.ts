import { test } from "node:test";
import assert from "node:assert/strict";
import { below, SeededRandom } from "../../random.ts";
import { lastKey } from "../intervals.ts";
import { elementKey, type SetElement, type SetType } from "../ruleset.ts";
import { RulesetStore } from "../store.ts";
import { setImage } from "./choose.ts";
import { find } from "./find.ts";
import { CODE_GOTO, type SetImage } from "./image.ts";
import { SetTable } from "./table.ts";

const random = new SeededRandom(20261123);
const number = (bytes: Uint8Array) =>
  new DataView(bytes.buffer, bytes.byteOffset).getUint32(bytes.length - 4);

function wide(value: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  new DataView(bytes.buffer).setUint32(length - 4, value);
  return bytes;
}

interface Case {
  readonly name: string;
  readonly length: number;
  readonly interval: boolean;
  readonly data?: SetType | "verdict";
  readonly counter?: boolean;
  readonly timeouts?: boolean;
}
const CASES: readonly Case[] = [
  { name: "hash", length: 4, interval: false },
  { name: "hash of long keys", length: 16, interval: false },
  { name: "map", length: 4, interval: false, data: { name: "mark", bits: [32] } },
  { name: "verdict map", length: 4, interval: false, data: "verdict" },
  { name: "interval", length: 4, interval: true },
  { name: "long interval", length: 16, interval: true },
  { name: "counting", length: 4, interval: false, counter: true },
  { name: "counting intervals that expire", length: 4, interval: true, counter: true, timeouts: true },
  { name: "interval map", length: 4, interval: true, data: { name: "mark", bits: [32] } },
];

/** Keys are 4 apart; intervals take the first few of the four. */
const FIRST = 3000, KEYS = 4000;

for (const { name, length, interval, data, counter = false, timeouts = false } of CASES) {
  test(`${name}: additions, deletions, flushes of a large set, each generation for itself`, () => {
    const store = new RulesetStore({ offline: true });
    let moved = 0;
    const made = (n: number): SetElement => ({
      key: wide(4 * n, length),
      ...(interval && n % 3 > 0 ? { end: wide(4 * n + n % 3, length) } : {}),
      ...(data === "verdict"
        ? { verdict: { code: "goto", chain: `c${below(random, 3)}` } as const }
        : data === undefined
        ? {}
        : { data: wide(below(random, 1000) + 1, 4) }),
      ...(timeouts && n % 2 > 0 ? { timeout: 5 } : {}),
    });
    const model = new Map<number, SetElement>();
    const fill = () => {
      model.clear();
      for (let n = 0; n < FIRST; n++) model.set(n, made(n));
      return [...model.values()];
    };
    const entry = (chain: string) => moved + 10 * Number(chain.slice(1));
    const image = (): SetImage =>
      setImage(store.current.tables.get("inet t")!.sets.get("s")!, store.live, entry);
    const check = (table: SetTable, is: ReadonlyMap<number, SetElement>, tries: number, at: number) => {
      const words = new Int32Array(20).fill(-1), bytes = new Uint8Array(words.buffer);
      for (let i = 0; i < tries; i++) {
        const value = below(random, 4 * KEYS), element = is.get(value >>> 2);
        bytes.set(wide(value, length), 16);
        const row = find(table, words, 4, { now: 0 });
        const inside = element !== undefined && value <= number(lastKey(element));
        assert.equal(row >= 0, inside, `key ${value}`);
        if (!inside || table.dataWords === 0) continue;
        if (element.verdict?.code === "goto") {
          assert.equal(table.data[2 * row], CODE_GOTO);
          assert.equal(table.data[2 * row + 1], at + 10 * Number(element.verdict.chain.slice(1)));
        } else assert.equal(new DataView(table.data.buffer).getInt32(4 * row), number(element.data!));
      }
    };
    /** Every element counts in its own cell, and goes when it is to go. */
    const checkCells = (table: SetTable, is: ReadonlyMap<number, SetElement>) => {
      const declared = store.current.tables.get("inet t")!.sets.get("s")!.elements;
      for (const [i, element] of [...is.values()].entries()) {
        if (i % 40 > 0) continue;
        const words = new Int32Array(element.key.slice().buffer), row = find(table, words, 0, { now: 0 });
        assert.equal(table.cells[row * table.stride], declared.get(elementKey(element))!.cell);
        assert.equal(table.expiring ? table.expires[row] : Infinity, element.timeout ?? Infinity);
        assert.equal(find(table, words, 0, { now: 6 }) < 0, element.timeout !== undefined);
      }
    };
    const first = store.begin();
    first.addTable({ family: "inet", name: "t" });
    for (let i = 0; i < 3; i++) first.addChain("inet", "t", { name: `c${i}` });
    const key = { name: "key", bits: [length * 8] };
    first.addSet("inet", "t", {
      name: "s",
      key,
      interval,
      counter,
      timeouts,
      ...(data === undefined ? {} : { data }),
    });
    first.addElements("inet", "t", "s", fill());
    first.commit();
    const older: { table: SetTable; is: Map<number, SetElement>; at: number }[] = [];
    let shares = 0, before: SetImage | undefined;
    for (let generation = 0; generation < 300; generation++) {
      const made_ = image(), table = new SetTable(made_, 0);
      if (before?.keys.buffer === made_.keys.buffer) shares++;
      before = made_;
      check(table, model, 200, moved);
      if (counter) checkCells(table, model);
      older.push({ table, is: new Map(model), at: moved });
      const old = older[below(random, older.length)]!;
      check(old.table, old.is, 50, old.at);
      if (older.length > 20) older.shift();
      const t = store.begin();
      if (generation % 97 === 96) {
        t.flushSet("inet", "t", "s");
        t.addElements("inet", "t", "s", fill());
      } else if (generation % 41 === 40) moved += 100;
      else {
        for (let i = 0; i < 1 + below(random, 8); i++) {
          const n = below(random, KEYS), there = model.get(n);
          if (there !== undefined) t.deleteElements("inet", "t", "s", [there]);
          model.delete(n);
          // Replaced within one transaction, or added.
          if (there !== undefined && below(random, 3) > 0) continue;
          const element = made(n);
          model.set(n, element);
          t.addElements("inet", "t", "s", [element]);
        }
      }
      t.commit();
      const now = store.current.tables.get("inet t")!.sets.get("s")!.elements;
      assert.equal(now.size, model.size);
      assert.ok([...model.values()].every((element) => now.has(elementKey(element))));
    }
    assert.ok(shares > 200, `${shares} of 300 generations shared their arrays`);
  });
}
