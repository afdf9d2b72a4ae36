import { test } from "node:test";
import assert from "node:assert/strict";
import type { Expression } from "../expr/expression.ts";
import { errorText, type RulesetError } from "./error.ts";
import type { BaseChain, SetElement } from "./ruleset.ts";
import { RulesetStore } from "./store.ts";
import type { Transaction } from "./transaction.ts";

const ACCEPT: Expression = { kind: "verdict", verdict: { code: "accept" } };
const COUNTER: Expression = { kind: "counter", packets: 0, bytes: 0 };
const jump = (chain: string): Expression => ({ kind: "verdict", verdict: { code: "jump", chain } });
const lookup = (set: string): Expression => ({ kind: "lookup", set, sreg: 1, inverted: false });
const base = (hook: BaseChain["hook"], type: BaseChain["type"] = "filter", priority = 0): BaseChain => ({
  type,
  hook,
  priority,
  policy: "accept",
});
const SERVICE = { name: "inet_service", bits: [16] };
const port = (from: number, to = from): SetElement => ({
  key: Uint8Array.of(from >> 8, from),
  ...(to === from ? {} : { end: Uint8Array.of(to >> 8, to) }),
});

/** A store with `ip t` and a base chain `f` in input. */
function started(): RulesetStore {
  const store = new RulesetStore({ offline: true });
  commit(store, (t) => {
    t.addTable({ family: "ip", name: "t" });
    t.addChain("ip", "t", { name: "f", base: base("input") });
  });
  return store;
}

function commit(store: RulesetStore, edit: (t: Transaction) => void): RulesetError | undefined {
  const transaction = store.begin();
  edit(transaction);
  return transaction.commit();
}

const reasonOf = (store: RulesetStore, edit: (t: Transaction) => void) => commit(store, edit)?.reason;
const chain = (store: RulesetStore, name: string) => store.current.tables.get("ip t")!.chains.get(name)!;

test("a refused batch changes nothing and gives its cells back", () => {
  const store = started(), before = store.current;
  const error = commit(store, (t) => {
    t.addRule("ip", "t", "f", { expressions: [COUNTER] });
    t.deleteChain("ip", "t", "missing");
    t.addChain("ip", "t", { name: "x" });
  });
  assert.deepEqual(error, { reason: "missing", what: "chain", name: "missing" });
  assert.equal(errorText(error!), "Could not process rule: No such file or directory");
  assert.equal(store.current, before);
  const cell = store.cells.allocate(0, 0);
  assert.equal(cell, 0);
});

test("the later of two open transactions is refused", () => {
  const store = started(), first = store.begin(), second = store.begin();
  first.addTable({ family: "ip", name: "a" });
  second.addTable({ family: "ip", name: "b" });
  assert.equal(first.commit(), undefined);
  assert.equal(second.commit()?.reason, "busy");
  assert.ok(!store.current.tables.has("ip b"));
});

test("a snapshot stays whole while its successors change", () => {
  const store = started();
  commit(store, (t) => t.addRule("ip", "t", "f", { expressions: [ACCEPT] }));
  const old = store.current;
  commit(store, (t) => {
    t.addRule("ip", "t", "f", { expressions: [COUNTER] });
    t.addSet("ip", "t", { name: "s", key: SERVICE, elements: [port(1)] });
  });
  assert.equal(old.tables.get("ip t")!.chains.get("f")!.rules.length, 1);
  assert.equal(old.tables.get("ip t")!.sets.size, 0);
  assert.equal(chain(store, "f").rules.length, 2);
  assert.equal(old.tables.get("ip t")!.chains.get("f")!.rules[0], chain(store, "f").rules[0]);
});

test("rules go where they are put; handles are of the table's sequence", () => {
  const store = started();
  const add = (text: string, place?: Parameters<Transaction["addRule"]>[4]) =>
    commit(store, (t) => t.addRule("ip", "t", "f", { expressions: [ACCEPT], comment: text }, place));
  const order = () => chain(store, "f").rules.map((r) => r.comment).join("");
  add("a");
  add("b");
  assert.deepEqual(chain(store, "f").rules.map((r) => r.handle), [2, 3]);
  add("c", { at: "start" });
  assert.equal(order(), "cab");
  add("d", { at: "after", handle: 2 });
  assert.equal(order(), "cadb");
  add("e", { at: "before", index: 1 });
  assert.equal(order(), "ceadb");
  assert.equal(add("f", { at: "after", index: 5 })?.reason, "missing");
  assert.equal(add("f", { at: "before", handle: 99 })?.reason, "missing");
  commit(store, (t) => t.replaceRule("ip", "t", "f", 2, { expressions: [ACCEPT], comment: "A" }));
  assert.equal(order(), "ceAdb");
  commit(store, (t) => t.deleteRule("ip", "t", "f", 3));
  assert.equal(order(), "ceAd");
});

test("kernel refusals, one a line", () => {
  const cases: readonly (readonly [string, RulesetError["reason"] | undefined, (t: Transaction) => void])[] =
    [
      ["create table", "exists", (t) => t.createTable({ family: "ip", name: "t" })],
      ["add table again", undefined, (t) => t.addTable({ family: "ip", name: "t" })],
      ["chain in a missing table", "missing", (t) => t.addChain("ip6", "t", { name: "x" })],
      ["create chain", "exists", (t) => t.createChain("ip", "t", { name: "f" })],
      ["add chain again", undefined, (t) => t.addChain("ip", "t", { name: "f", base: base("input") })],
      [
        "another priority",
        "unsupported",
        (t) => t.addChain("ip", "t", { name: "f", base: base("input", "filter", 1) }),
      ],
      ["another type", "exists", (t) => t.addChain("ip", "t", { name: "f", base: base("input", "nat") })],
      [
        "nat in forward",
        "unsupported",
        (t) => t.addChain("ip", "t", { name: "n", base: base("forward", "nat") }),
      ],
      [
        "nat before conntrack",
        "unsupported",
        (t) => t.addChain("ip", "t", { name: "n", base: base("prerouting", "nat", -200) }),
      ],
      [
        "route in input",
        "unsupported",
        (t) => t.addChain("ip", "t", { name: "n", base: base("input", "route") }),
      ],
      ["jump to a missing chain", "missing", (t) => t.addRule("ip", "t", "f", { expressions: [jump("no")] })],
      ["jump to a base chain", "unsupported", (t) => t.addRule("ip", "t", "f", { expressions: [jump("f")] })],
      [
        "lookup in a missing set",
        "missing",
        (t) => t.addRule("ip", "t", "f", { expressions: [lookup("no")] }),
      ],
      [
        "masquerade in a filter chain",
        "unsupported",
        (t) => t.addRule("ip", "t", "f", { expressions: [{ kind: "masquerade", flags: 0 }] }),
      ],
      [
        "counter object missing",
        "missing",
        (t) => t.addRule("ip", "t", "f", { expressions: [{ kind: "objref", type: 1, name: "n" }] }),
      ],
      [
        "limit of rate 0",
        "invalid",
        (t) =>
          t.addRule("ip", "t", "f", {
            expressions: [{ kind: "limit", rate: 0, unit: 1, burst: 5, type: "packets", inverted: false }],
          }),
      ],
      ["dynset on a constant set", "busy", (t) => {
        t.addSet("ip", "t", { name: "s", key: SERVICE, constant: true });
        t.addRule("ip", "t", "f", { expressions: [{ kind: "dynset", op: "add", set: "s", key: 1 }] });
      }],
      ["delete a chain in use", "busy", (t) => {
        t.addChain("ip", "t", { name: "x" });
        t.addRule("ip", "t", "f", { expressions: [jump("x")] });
        t.deleteChain("ip", "t", "x");
      }],
      ["delete a chain with rules", undefined, (t) => {
        t.addChain("ip", "t", { name: "x" });
        t.addRule("ip", "t", "x", { expressions: [ACCEPT] });
        t.deleteChain("ip", "t", "x");
      }],
      ["delete a chain a map names", "busy", (t) => {
        t.addChain("ip", "t", { name: "x" });
        t.addSet("ip", "t", {
          name: "v",
          key: SERVICE,
          data: "verdict",
          elements: [{ ...port(1), verdict: { code: "jump", chain: "x" } }],
        });
        t.deleteChain("ip", "t", "x");
      }],
      ["delete a set in use", "busy", (t) => {
        t.addSet("ip", "t", { name: "s", key: SERVICE });
        t.addRule("ip", "t", "f", { expressions: [lookup("s")] });
        t.deleteSet("ip", "t", "s");
      }],
      ["a chain that jumps to itself, unreached", undefined, (t) => {
        t.addChain("ip", "t", { name: "x" });
        t.addRule("ip", "t", "x", { expressions: [jump("x")] });
      }],
      ["a chain that jumps to itself, reached", "loop", (t) => {
        t.addChain("ip", "t", { name: "x" });
        t.addRule("ip", "t", "x", { expressions: [jump("x")] });
        t.addRule("ip", "t", "f", { expressions: [jump("x")] });
      }],
      ["a loop through a map", "loop", (t) => {
        t.addChain("ip", "t", { name: "x" });
        t.addSet("ip", "t", {
          name: "v",
          key: SERVICE,
          data: "verdict",
          elements: [{ ...port(1), verdict: { code: "goto", chain: "x" } }],
        });
        t.addRule("ip", "t", "x", {
          expressions: [{ kind: "lookup", set: "v", sreg: 1, dreg: 0, inverted: false }],
        });
        t.addRule("ip", "t", "f", { expressions: [jump("x")] });
      }],
      ["rename onto another", "exists", (t) => {
        t.addChain("ip", "t", { name: "x" });
        t.renameChain("ip", "t", "x", "f");
      }],
    ];
  for (const [what, expected, edit] of cases) assert.equal(reasonOf(started(), edit), expected, what);
});

test("fifteen jumps deep is allowed, sixteen are not", () => {
  for (const [depth, expected] of [[15, undefined], [16, "loop"]] as const) {
    const reason = reasonOf(started(), (t) => {
      for (let i = 1; i <= depth; i++) t.addChain("ip", "t", { name: `c${i}` });
      for (let i = 1; i < depth; i++) t.addRule("ip", "t", `c${i}`, { expressions: [jump(`c${i + 1}`)] });
      t.addRule("ip", "t", "f", { expressions: [jump("c1")] });
    });
    assert.equal(reason, expected);
  }
});

test("elements: repeats, overlaps, sizes, maps, as the kernel takes them", () => {
  const store = started();
  commit(store, (t) => {
    t.addSet("ip", "t", { name: "i", key: SERVICE, interval: true, elements: [port(1, 10)] });
    t.addSet("ip", "t", { name: "one", key: SERVICE, size: 1, elements: [port(1)] });
    t.addSet("ip", "t", {
      name: "m",
      key: SERVICE,
      data: SERVICE,
      elements: [{ ...port(1), data: Uint8Array.of(0, 9) }],
    });
    t.addSet("ip", "t", {
      name: "merge",
      key: SERVICE,
      interval: true,
      autoMerge: true,
      elements: [port(1, 10)],
    });
    const pair = { name: "inet_service . inet_service", bits: [16, 16] };
    const box = (a: number, b: number): SetElement => ({
      key: Uint8Array.of(0, a, 0, 0, 0, a, 0, 0),
      end: Uint8Array.of(0, b, 0, 0, 0, b, 0, 0),
    });
    t.addSet("ip", "t", { name: "c", key: pair, interval: true, elements: [box(10, 20)] });
    t.addElements("ip", "t", "c", [box(10, 20)]);
    t.addElements("ip", "t", "c", [box(0, 40)]);
  });
  const add = (set: string, ...elements: SetElement[]) =>
    reasonOf(store, (t) => t.addElements("ip", "t", set, elements));
  assert.equal(store.current.tables.get("ip t")!.sets.get("c")!.elements.size, 2);
  assert.equal(add("i", port(5, 6)), "overlap");
  assert.equal(add("i", port(1, 10)), undefined);
  assert.equal(add("i", port(11, 12), port(20)), undefined);
  assert.equal(reasonOf(store, (t) => t.createElements("ip", "t", "i", [port(1, 10)])), "exists");
  assert.equal(reasonOf(store, (t) => t.deleteElements("ip", "t", "i", [port(1, 5)])), "missing");
  assert.equal(reasonOf(store, (t) => t.deleteElements("ip", "t", "i", [port(1, 10)])), undefined);
  assert.equal(add("one", port(2)), "full");
  assert.equal(add("m", { ...port(1), data: Uint8Array.of(0, 9) }), undefined);
  assert.equal(add("m", { ...port(1), data: Uint8Array.of(0, 8) }), "exists");
  assert.equal(add("m", port(3)), "invalid");
  assert.equal(add("i", { key: Uint8Array.of(1) }), "invalid");
  assert.equal(add("merge", port(8, 15), port(16), port(30)), undefined);
  const merged = () =>
    [...store.current.tables.get("ip t")!.sets.get("merge")!.elements.values()]
      .map((e) => `${e.key[1]}-${(e.end ?? e.key)[1]}`).sort();
  assert.deepEqual(merged(), ["1-16", "30-30"]);
  commit(store, (t) => t.deleteElements("ip", "t", "merge", [port(4, 6)]));
  assert.deepEqual(merged(), ["1-3", "30-30", "7-16"]);
});

test("an anonymous set goes with its rule; names are given anew", () => {
  const store = started();
  commit(store, (t) => {
    const name = t.anonymousName("ip", "t", "__set");
    t.addSet("ip", "t", { name, key: SERVICE, anonymous: true, constant: true, elements: [port(1)] });
    t.addRule("ip", "t", "f", { expressions: [lookup(name)] });
    assert.equal(t.anonymousName("ip", "t", "__set"), "__set1");
  });
  commit(store, (t) => t.flushChain("ip", "t", "f"));
  assert.equal(store.current.tables.get("ip t")!.sets.size, 0);
});

test("renaming a chain keeps its place and what goes to it", () => {
  const store = started();
  commit(store, (t) => {
    t.addChain("ip", "t", { name: "x" });
    t.addChain("ip", "t", { name: "y" });
    t.addRule("ip", "t", "f", { expressions: [jump("x")] });
    t.renameChain("ip", "t", "x", "z");
  });
  assert.deepEqual([...store.current.tables.get("ip t")!.chains.keys()], ["f", "z", "y"]);
  assert.deepEqual(chain(store, "f").rules[0]!.expressions, [jump("z")]);
  assert.equal(reasonOf(store, (t) => t.deleteChain("ip", "t", "z")), "busy");
});

test("cells of dropped rules are used again only after the data plane has moved on", () => {
  const store = new RulesetStore();
  commit(store, (t) => {
    t.addTable({ family: "ip", name: "t" });
    t.addChain("ip", "t", { name: "f", base: base("input") });
    t.addRule("ip", "t", "f", { expressions: [COUNTER] });
  });
  commit(store, (t) => t.flushTable("ip", "t"));
  const cellOf = () => chain(store, "f").rules.at(-1)!.cells[0];
  commit(store, (t) => t.addRule("ip", "t", "f", { expressions: [COUNTER] }));
  assert.equal(cellOf(), 2);
  store.acknowledge(2);
  commit(
    store,
    (t) => t.addRule("ip", "t", "f", { expressions: [{ kind: "counter", packets: 3, bytes: 4 }] }),
  );
  assert.equal(cellOf(), 0);
  assert.deepEqual([...store.cells.numbers.subarray(0, 2)], [3, 4]);
});

test("revert goes back to a snapshot the data plane has not left, counters going on", () => {
  const store = new RulesetStore();
  commit(store, (t) => {
    t.addTable({ family: "ip", name: "t" });
    t.addChain("ip", "t", { name: "f", base: base("input") });
    t.addRule("ip", "t", "f", { expressions: [COUNTER] });
  });
  store.acknowledge(1);
  const before = store.current;
  commit(store, (t) => {
    t.flushRuleset();
    t.addTable({ family: "ip", name: "u" });
  });
  store.cells.numbers[0] = 42;
  assert.ok(store.revert(before));
  assert.equal(store.current.generation, 3);
  store.acknowledge(3);
  commit(store, (t) => t.addRule("ip", "t", "f", { expressions: [COUNTER] }));
  assert.deepEqual(chain(store, "f").rules.map((r) => r.cells), [[0], [2]]);
  assert.equal(store.cells.numbers[0], 42);
  store.acknowledge(4);
  assert.equal(store.revert(before), false);
});

test("flush ruleset, by family or whole", () => {
  const store = started();
  commit(store, (t) => t.addTable({ family: "ip6", name: "t" }));
  commit(store, (t) => t.flushRuleset("ip"));
  assert.deepEqual([...store.current.tables.keys()], ["ip6 t"]);
  commit(store, (t) => t.flushRuleset());
  assert.equal(store.current.tables.size, 0);
});

test("auto-merge with counters: no counter is shared by two elements, none is lost", () => {
  const store = started();
  const set = { name: "s", key: SERVICE, interval: true, autoMerge: true, counter: true };
  commit(store, (t) => t.addSet("ip", "t", { ...set, elements: [port(1, 9)] }));
  const elements = () => [...store.current.tables.get("ip t")!.sets.get("s")!.elements.values()];
  commit(store, (t) => t.deleteElements("ip", "t", "s", [port(4, 6)]));
  assert.equal(new Set(elements().map((element) => element.cell)).size, 2, "one counter each");
  commit(store, (t) => t.addElements("ip", "t", "s", [port(4, 6)]));
  assert.equal(elements().length, 1);
  commit(store, (t) => t.deleteElements("ip", "t", "s", [port(1, 9)]));
  assert.deepEqual(elements(), []);
  const taken = new Set([1, 2, 3, 4].map(() => store.cells.allocate(0, 0)));
  assert.equal(taken.size, 4, "no counter was given back twice");
  assert.equal(store.cells.used, 8, "and none was lost: these are the ones that were in use");
});
