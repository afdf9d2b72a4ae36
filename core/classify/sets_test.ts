import { test } from "node:test";
import assert from "node:assert/strict";
import type { ElementStatement, Expression, Verdict } from "../expr/expression.ts";
import { HOOK_FORWARD } from "../hook.ts";
import { tcp, udp } from "../packet/build.ts";
import { putPacket, testBatch } from "../packet/test_batch.ts";
import { chooseBackend, setImage } from "../ruleset/sets/choose.ts";
import { SET_BITMAP, SET_HASH, SET_INTERVAL, SET_RANGES } from "../ruleset/sets/image.ts";
import { DEFAULT_LIVE_SIZE, MOST_LIVE_SIZE } from "../ruleset/sets/live.ts";
import { listElements } from "../ruleset/listing.ts";
import { OBJECT_COUNTER } from "../ruleset/ruleset.ts";
import { RulesetStore } from "../ruleset/store.ts";
import type { SetSpec, Transaction } from "../ruleset/transaction.ts";
import { MACHINE_ACCEPT, MACHINE_DROP } from "./machine.ts";
import * as t from "./test_ruleset.ts";

const V4 = { from: "192.0.2.1", to: "198.51.100.7" };
const SERVICE = { name: "inet_service", bits: [16] };
const ADDRESS = { name: "ipv4_addr", bits: [32] };
const PAIR = { name: "ipv4_addr . inet_service", bits: [32, 16] };

/** Runs one rule over a set, and answers for each packet whether it matched. */
function setBench(
  set: SetSpec,
  rule: readonly Expression[],
  now: () => number = () => 0,
  more: (x: Transaction) => void = () => {},
) {
  const made = t.bench(
    (x) => {
      t.must(x.addChain("inet", "t", { name: "other" }));
      t.must(x.addRule("inet", "t", "other", { expressions: [t.DROP] }));
      t.must(x.addSet("inet", "t", set));
      more(x);
      t.rules([rule])(x);
    },
    {},
    now,
  );
  const batch = testBatch();
  const run = (packet: Uint8Array) => {
    const row = putPacket(batch, packet);
    batch.now = now();
    const result = made.machine.run(made.machine.hooks(4, "forward")[0]!, batch, row, HOOK_FORWARD);
    batch.clear();
    return result;
  };
  return { ...made, run, matches: (packet: Uint8Array) => run(packet) === MACHINE_DROP };
}

const DPORT = t.load("transport", 2, 2), SADDR = t.load("network", 12, 4), DADDR = t.load("network", 16, 4);

test("each back end finds what a linear search finds", () => {
  const kinds: readonly (readonly [string, number, SetSpec, Expression[]])[] = [
    ["ports", SET_BITMAP, {
      name: "s",
      key: SERVICE,
      elements: [{ key: t.be(22, 2) }, { key: t.be(443, 2) }],
    }, [DPORT]],
    ["port ranges", SET_BITMAP, {
      name: "s",
      key: SERVICE,
      interval: true,
      elements: [{ key: t.be(20, 2), end: t.be(30, 2) }, { key: t.be(440, 2), end: t.be(450, 2) }],
    }, [DPORT]],
    ["port range map keeps intervals", SET_INTERVAL, {
      name: "s",
      key: SERVICE,
      data: ADDRESS,
      interval: true,
      elements: [
        { key: t.be(20, 2), end: t.be(30, 2), data: t.le(1) },
        { key: t.be(440, 2), end: t.be(450, 2), data: t.le(2) },
      ],
    }, [DPORT]],
    ["addresses", SET_HASH, {
      name: "s",
      key: ADDRESS,
      elements: [{ key: t.address("198.51.100.7") }, { key: t.address("192.0.2.9") }],
    }, [DADDR]],
    ["exact pairs", SET_HASH, {
      name: "s",
      key: PAIR,
      elements: [{ key: t.concat(t.address("198.51.100.7"), t.be(443, 2)) }],
    }, [t.load("network", 16, 4, 8), t.load("transport", 2, 2, 9)]],
    ["pairs of ranges", SET_RANGES, {
      name: "s",
      key: PAIR,
      interval: true,
      elements: [
        {
          key: t.concat(t.address("198.51.100.0"), t.be(443, 2)),
          end: t.concat(t.address("198.51.100.255"), t.be(445, 2)),
        },
        {
          key: t.concat(t.address("0.0.0.0"), t.be(22, 2)),
          end: t.concat(t.address("255.255.255.255"), t.be(22, 2)),
        },
      ],
    }, [t.load("network", 16, 4, 8), t.load("transport", 2, 2, 9)]],
  ];
  for (const [what, kind, set, loads] of kinds) {
    const sreg = loads.length === 1 ? 1 : 8;
    const { store, matches } = setBench(set, [...loads, t.lookup("s", sreg), t.DROP]);
    const definition = store.current.tables.get("inet t")!.sets.get("s")!;
    assert.equal(chooseBackend(definition), kind, what);
    for (const to of ["198.51.100.7", "192.0.2.9", "203.0.113.1"]) {
      for (const port of [19, 20, 22, 30, 31, 442, 443, 446, 450, 451]) {
        const key = loads.length === 2
          ? t.concat(t.address(to), t.be(port, 2))
          : what === "addresses"
          ? t.address(to)
          : t.be(port, 2);
        const expected = set.elements!.some((e) => {
          const end = e.end ?? e.key;
          const parts = set.key.bits.length === 2 ? [[0, 4], [4, 8]] : [[0, key.length]];
          return parts.every(([a, z]) => order(e.key, key, a!, z!) <= 0 && order(key, end, a!, z!) <= 0);
        });
        assert.equal(matches(tcp({ ...V4, to }, 1, port, { flags: 2 })), expected, `${what}: ${to} ${port}`);
      }
    }
  }
});

function order(a: Uint8Array, b: Uint8Array, from: number, to: number): number {
  for (let i = from; i < to; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return 0;
}

test("inverted lookup, and an empty set", () => {
  const { matches } = setBench({ name: "s", key: ADDRESS }, [SADDR, t.lookup("s", 1, true), t.DROP]);
  assert.equal(matches(udp(V4, 1, 2)), true);
  const plain = setBench({ name: "s", key: ADDRESS, interval: true }, [SADDR, t.lookup("s"), t.DROP]);
  assert.equal(plain.matches(udp(V4, 1, 2)), false);
});

test("verdict maps: accept, drop, jump, goto, continue, return", () => {
  const verdicts: readonly Verdict[] = [
    { code: "accept" },
    { code: "drop" },
    { code: "jump", chain: "other" },
    { code: "goto", chain: "other" },
    { code: "continue" },
    { code: "return" },
  ];
  const elements = verdicts.map((verdict, i) => ({ key: t.be(i + 1, 2), verdict }));
  const { run } = setBench({ name: "v", key: SERVICE, data: "verdict", elements }, [
    DPORT,
    t.map("v", 0),
    t.DROP,
  ]);
  const results = [1, 2, 3, 4, 5, 6, 7].map((port) => run(udp(V4, 9, port)));
  const [A, D] = [MACHINE_ACCEPT, MACHINE_DROP];
  assert.deepEqual(results, [A, D, D, D, D, A, A]);
});

test("data maps load registers, and the catch-all answers for the rest", () => {
  const { matches } = setBench({
    name: "m",
    key: SERVICE,
    data: { name: "mark", bits: [32] },
    elements: [{ key: t.be(53, 2), data: t.le(77) }, {
      key: new Uint8Array(0),
      catchall: true,
      data: t.le(5),
    }],
  }, [DPORT, t.map("m", 2), t.cmp("eq", t.le(77), 2), t.DROP]);
  assert.equal(matches(udp(V4, 1, 53)), true);
  assert.equal(matches(udp(V4, 1, 54)), false);
});

test("elements count", () => {
  const { store, matches } = setBench({
    name: "s",
    key: ADDRESS,
    counter: true,
    elements: [{ key: t.address("192.0.2.1"), counter: { packets: 4, bytes: 0 } }],
  }, [SADDR, t.lookup("s"), t.DROP]);
  assert.equal(matches(udp(V4, 1, 2)), true);
  const [element] = store.current.tables.get("inet t")!.sets.get("s")!.elements.values();
  assert.equal(store.cells.numbers[element!.cell!], 5);
});

test("rules add elements that expire, and what they learned survives a reload", () => {
  let now = 1000;
  const spec: SetSpec = { name: "s", key: ADDRESS, timeouts: true, dynamic: true, timeout: 500, size: 3 };
  const { store, machine, change, run } = setBench(
    spec,
    [SADDR, { kind: "dynset", op: "add", set: "s", key: 1 }, t.DROP],
    () => now,
  );
  const from = (n: number) => udp({ ...V4, from: `192.0.2.${n}` }, 1, 2);
  assert.deepEqual([1, 2, 3, 3].map((n) => run(from(n))), [1, 1, 1, 1]);
  assert.equal(run(from(4)), MACHINE_ACCEPT, "the set is full");
  const listed = () => listElements(store, store.current.tables.get("inet t")!.sets.get("s")!);
  const live = () => listed().length;
  assert.deepEqual(listed()[2], { key: t.address("192.0.2.3"), timeout: 500, expires: 500 });
  assert.equal(live(), 3);
  change((x) => {
    t.must(x.addElements("inet", "t", "s", []));
    t.must(x.addRule("inet", "t", "c", { expressions: [t.counter()] }));
  });
  assert.equal(live(), 3);
  now += 600;
  assert.equal(live(), 0);
  assert.equal(run(from(4)), MACHINE_DROP);
  machine.collect(now);
  assert.equal(live(), 1);
  change((x) => t.must(x.deleteElements("inet", "t", "s", [{ key: t.address("192.0.2.4") }])));
  assert.equal(live(), 0);
  assert.equal(run(from(4)), MACHINE_DROP);
  change((x) => t.must(x.addRule("inet", "t", "c", { expressions: [t.counter()] })));
  assert.equal(live(), 1, "a removal is carried out once");
  change((x) => t.must(x.flushSet("inet", "t", "s")));
  assert.equal(live(), 0);
});

test("declared elements with timeouts run out, and are found until then", () => {
  let now = 1000;
  for (const interval of [false, true]) {
    now = 1000;
    const { matches, change } = setBench(
      {
        name: "s",
        key: ADDRESS,
        timeouts: true,
        interval,
        elements: [{
          key: t.address("192.0.2.1"),
          timeout: 100,
          ...(interval ? { end: t.address("192.0.2.5") } : {}),
        }],
      },
      [SADDR, t.lookup("s"), t.DROP],
      () => now,
    );
    assert.equal(matches(udp(V4, 1, 2)), true);
    now += 60;
    change((x) => t.must(x.addElements("inet", "t", "s", [{ key: t.address("192.0.2.77") }])));
    assert.equal(matches(udp(V4, 1, 2)), true);
    assert.equal(matches(udp({ ...V4, from: "192.0.2.77" }, 1, 2)), true);
    now += 60;
    assert.equal(matches(udp(V4, 1, 2)), false);
    change((x) => t.must(x.deleteElements("inet", "t", "s", [{ key: t.address("192.0.2.77") }])));
    assert.equal(matches(udp({ ...V4, from: "192.0.2.77" }, 1, 2)), false);
  }
});

test("a timeout of a month is one, not that of the set", () => {
  let now = 1000;
  const month = 30 * 86_400_000;
  const { store, run } = setBench(
    { name: "s", key: ADDRESS, timeouts: true, dynamic: true, timeout: 500 },
    [SADDR, { kind: "dynset", op: "add", set: "s", key: 1, timeout: month }, t.DROP],
    () => now,
  );
  run(udp(V4, 1, 2));
  now += 1000;
  const [element] = listElements(store, store.current.tables.get("inet t")!.sets.get("s")!);
  assert.equal(element?.expires, month - 1000);
});

test("a set that rules change is as large as was asked for, within reason, and refuses more", () => {
  const spec = { name: "s", key: ADDRESS, dynamic: true };
  const add: Expression[] = [SADDR, { kind: "dynset", op: "add", set: "s", key: 1 }];
  const huge = setBench({ ...spec, size: 0xffffffff }, add);
  assert.equal(huge.store.live.get(1)!.capacity, MOST_LIVE_SIZE);
  const { store, change } = setBench(spec, add);
  const keys = Array.from({ length: DEFAULT_LIVE_SIZE }, (_, i) => ({ key: t.be(0x0a000000 + i, 4) }));
  change((x) => t.must(x.addElements("inet", "t", "s", keys)));
  const more = store.begin().addElements("inet", "t", "s", [{ key: t.be(1, 4) }]);
  assert.equal(more?.reason, "full");
});

test("what collides in a set differs from store to store", () => {
  const seeds = [1, 2].map((seed) => {
    const store = new RulesetStore({ offline: true, seed }), transaction = store.begin();
    transaction.addTable({ family: "inet", name: "t" });
    transaction.addSet("inet", "t", { name: "s", key: ADDRESS, dynamic: true });
    t.must(transaction.commit());
    return setImage(store.current.tables.get("inet t")!.sets.get("s")!, store.live, () => 0).seed;
  });
  assert.notEqual(seeds[0], seeds[1]);
});

test("elements limit and count: as their set says, as a rule adds them, as they say themselves", () => {
  const limit: ElementStatement = {
    kind: "limit",
    rate: 1,
    unit: 3600,
    burst: 2,
    type: "packets",
    inverted: false,
  };
  const key = t.address("192.0.2.1"), added = { name: "s", key: ADDRESS, dynamic: true };
  const kinds: readonly (readonly [SetSpec, Expression])[] = [
    [{ name: "s", key: ADDRESS, statements: [limit], elements: [{ key }] }, t.lookup("s")],
    [{ name: "s", key: ADDRESS, elements: [{ key, statements: [limit] }] }, t.lookup("s")],
    [{ ...added, elements: [{ key, statements: [limit] }] }, t.lookup("s")],
    [added, { kind: "dynset", op: "add", set: "s", key: 1, statements: [limit] }],
    [{ ...added, statements: [limit] }, { kind: "dynset", op: "add", set: "s", key: 1 }],
  ];
  for (const [set, expression] of kinds) {
    const { matches, change } = setBench(set, [SADDR, expression, t.DROP]);
    assert.deepEqual([1, 2, 3].map(() => matches(udp(V4, 1, 2))), [true, true, false]);
    change((x) => t.must(x.addRule("inet", "t", "c", { expressions: [t.counter()] })));
    assert.equal(matches(udp(V4, 1, 2)), false, "a reload does not fill the bucket");
  }
});

test("keys lead to objects", () => {
  const { store, run } = setBench(
    {
      name: "s",
      key: SERVICE,
      objects: OBJECT_COUNTER,
      elements: [],
    },
    [DPORT, { kind: "objref map", type: OBJECT_COUNTER, sreg: 1, set: "s" }, t.DROP],
    undefined,
    (x) => {
      t.must(
        x.addObject("inet", "t", {
          name: "a",
          type: OBJECT_COUNTER,
          expression: { kind: "counter", packets: 0, bytes: 0 },
        }),
      );
      t.must(x.addElements("inet", "t", "s", [{ key: t.be(53, 2), object: "a" }]));
    },
  );
  assert.deepEqual([53, 54, 53].map((port) => run(udp(V4, 1, port))), [
    MACHINE_DROP,
    MACHINE_ACCEPT,
    MACHINE_DROP,
  ]);
  const [object] = store.current.tables.get("inet t")!.objects.values();
  assert.equal(store.cells.numbers[object!.cell], 2);
});
