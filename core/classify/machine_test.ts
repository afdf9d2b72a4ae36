import { test } from "node:test";
import assert from "node:assert/strict";
import type { Expression } from "../expr/expression.ts";
import { HOOK_FORWARD } from "../hook.ts";
import type { PacketBatch } from "../packet/batch.ts";
import { icmp, ip, tcp, udp } from "../packet/build.ts";
import { CT_ESTABLISHED, CT_NEW } from "../packet/columns.ts";
import { putPacket, testBatch } from "../packet/test_batch.ts";
import { MACHINE_ACCEPT, MACHINE_DROP, MACHINE_DROP_POLICY } from "./machine.ts";
import * as t from "./test_ruleset.ts";

const V4 = { from: "192.0.2.1", to: "198.51.100.7" };
const V6 = { from: "2001:db8::1", to: "2001:db8:1::7" };

/** Whether the expressions match the packet: the rule drops it then. */
function matches(
  expressions: readonly Expression[],
  packet: Uint8Array,
  prepare = (_b: PacketBatch, _r: number) => {},
): boolean {
  const { machine } = t.bench(t.rules([[...expressions, t.DROP]]));
  const batch = testBatch(), row = putPacket(batch, packet);
  batch.outInterface[row] = 2;
  batch.wall = Date.UTC(2026, 10, 22, 19, 30, 5, 250);
  prepare(batch, row);
  return machine.run(machine.hooks(batch.family[row] as 4 | 6, "forward")[0]!, batch, row, HOOK_FORWARD) ===
    MACHINE_DROP;
}

const packetTcp = tcp(V4, 40000, 443, { flags: 0x12, options: Uint8Array.of(2, 4, 5, 180, 1, 3, 3, 7) });
const packet6 = udp(V6, 5353, 53, new Uint8Array(11));
const later = ip({ ...V4, flags: 0x2010 }, 6, new Uint8Array(24));

const cases: readonly (readonly [string, readonly Expression[], Uint8Array, boolean])[] = [
  ["l4proto tcp", t.l4proto(6), packetTcp, true],
  ["l4proto udp", t.l4proto(17), packetTcp, false],
  ["nfproto ipv6", [t.meta("nfproto"), t.cmp("eq", t.be(10, 1))], packet6, true],
  ["ip saddr", [t.load("network", 12, 4), t.cmp("eq", t.address("192.0.2.1"))], packetTcp, true],
  ["ip saddr !=", [t.load("network", 12, 4), t.cmp("neq", t.address("192.0.2.1"))], packetTcp, false],
  [
    "ip saddr /24",
    [t.load("network", 12, 4), t.and(t.address("255.255.255.0")), t.cmp("eq", t.address("192.0.2.0"))],
    packetTcp,
    true,
  ],
  [
    "ip saddr /24 by three bytes",
    [t.load("network", 12, 3), t.cmp("eq", Uint8Array.of(192, 0, 2))],
    packetTcp,
    true,
  ],
  ["ip6 saddr", [t.load("network", 8, 16), t.cmp("eq", t.address("2001:db8::1"))], packet6, true],
  [
    "ip6 saddr, last byte off",
    [t.load("network", 8, 16), t.cmp("eq", t.address("2001:db8::2"))],
    packet6,
    false,
  ],
  [
    "ip6 saddr /32",
    [t.load("network", 8, 4), t.cmp("eq", Uint8Array.of(0x20, 1, 0x0d, 0xb8))],
    packet6,
    true,
  ],
  ["dport 443", t.dport(443), packetTcp, true],
  ["dport < 444", [t.load("transport", 2, 2), t.cmp("lt", t.be(444, 2))], packetTcp, true],
  ["dport < 443", [t.load("transport", 2, 2), t.cmp("lt", t.be(443, 2))], packetTcp, false],
  ["dport >= 443", [t.load("transport", 2, 2), t.cmp("gte", t.be(443, 2))], packetTcp, true],
  [
    "dport > 255: order is that of the bytes on the wire",
    [t.load("transport", 2, 2), t.cmp("gt", t.be(255, 2))],
    packetTcp,
    true,
  ],
  [
    "dport 400-500",
    [t.load("transport", 2, 2), { kind: "range", op: "eq", sreg: 1, from: t.be(400, 2), to: t.be(500, 2) }],
    packetTcp,
    true,
  ],
  [
    "dport != 400-500",
    [t.load("transport", 2, 2), { kind: "range", op: "neq", sreg: 1, from: t.be(400, 2), to: t.be(500, 2) }],
    packetTcp,
    false,
  ],
  [
    "ip6 daddr range",
    [t.load("network", 24, 16), {
      kind: "range",
      op: "eq",
      sreg: 1,
      from: t.address("2001:db8:1::1"),
      to: t.address("2001:db8:1::7"),
    }],
    packet6,
    true,
  ],
  [
    "ip6 daddr below range",
    [t.load("network", 24, 16), {
      kind: "range",
      op: "eq",
      sreg: 1,
      from: t.address("2001:db8:1::8"),
      to: t.address("2001:db8:1::9"),
    }],
    packet6,
    false,
  ],
  [
    "tcp flags & (syn|ack) == syn|ack",
    [t.load("transport", 13, 1), t.and(Uint8Array.of(0x12)), t.cmp("eq", Uint8Array.of(0x12))],
    packetTcp,
    true,
  ],
  [
    "tcp flags & syn != 0",
    [t.load("transport", 13, 1), t.and(Uint8Array.of(2)), t.cmp("neq", Uint8Array.of(0))],
    packetTcp,
    true,
  ],
  [
    "tcp flags & rst != 0",
    [t.load("transport", 13, 1), t.and(Uint8Array.of(4)), t.cmp("neq", Uint8Array.of(0))],
    packetTcp,
    false,
  ],
  ["a later fragment has no ports", t.dport(0), later, false],
  ["a later fragment has a protocol", t.l4proto(6), later, true],
  ["an echo's type", [t.load("transport", 0, 1), t.cmp("eq", Uint8Array.of(8))], icmp(V4, 8, 0), true],
  ["beyond the end", [t.load("transport", 8, 4)], udp(V4, 1, 2, new Uint8Array(3)), false],
  [
    "up to the end",
    [t.load("transport", 8, 3), t.cmp("eq", new Uint8Array(3))],
    udp(V4, 1, 2, new Uint8Array(3)),
    true,
  ],
  [
    "a cut transport header is read byte by byte",
    [t.load("transport", 2, 2), t.cmp("eq", t.be(0x3344, 2))],
    ip(V4, 6, Uint8Array.of(0x11, 0x22, 0x33, 0x44, 5)),
    true,
  ],
  [
    "a cut transport header behind an extension header",
    [t.load("transport", 2, 2), t.cmp("eq", t.be(0x3344, 2))],
    ip(V6, 60, Uint8Array.of(17, 0, 1, 4, 0, 0, 0, 0, 0x11, 0x22, 0x33, 0x44)),
    true,
  ],
  [
    "a destination options header",
    [
      { kind: "exthdr", op: "ipv6", type: 60, offset: 0, length: 1, dreg: 1, present: false },
      t.cmp("eq", t.be(17, 1)),
    ],
    ip(V6, 60, Uint8Array.of(17, 0, 1, 4, 0, 0, 0, 0, 0x11, 0x22, 0x33, 0x44)),
    true,
  ],
  ["iifname", [t.meta("iifname"), t.cmp("eq", t.name("lan"))], packetTcp, true],
  ["iifname of another", [t.meta("iifname"), t.cmp("eq", t.name("lan0"))], packetTcp, false],
  ["iifname la*", [t.meta("iifname"), t.cmp("eq", t.name("la", 2))], packetTcp, true],
  ["oifname != wan", [t.meta("oifname"), t.cmp("neq", t.name("wan"))], packetTcp, false],
  ["iif 1", [t.meta("iif"), t.cmp("eq", t.le(1))], packetTcp, true],
  ["oif 2", [t.meta("oif"), t.cmp("eq", t.le(2))], packetTcp, true],
  ["meta length", [t.meta("len"), t.cmp("eq", t.le(packetTcp.length))], packetTcp, true],
  ["meta protocol", [t.meta("protocol"), t.cmp("eq", t.be(0x86dd, 2))], packet6, true],
  ["meta hour", [t.meta("hour"), t.cmp("eq", t.le(19 * 3600 + 30 * 60 + 5))], packetTcp, true],
  ["meta day sunday", [t.meta("day"), t.cmp("eq", t.be(0, 1))], packetTcp, true],
  [
    "meta time, 64 bits",
    [
      t.meta("time"),
      t.cmp(
        "eq",
        Uint8Array.from(
          new Uint8Array(BigUint64Array.of(BigInt(Date.UTC(2026, 10, 22, 19, 30, 5, 250)) * 1000000n).buffer),
        ),
      ),
    ],
    packetTcp,
    true,
  ],
  [
    "ct state invalid before tracking",
    [t.ct("state"), t.and(t.le(1)), t.cmp("neq", t.le(0))],
    packetTcp,
    true,
  ],
  ["ct mark without a flow", [t.ct("mark")], packetTcp, false],
  [
    "byteorder",
    [
      t.meta("len"),
      { kind: "byteorder", op: "hton", sreg: 1, dreg: 2, length: 4, size: 4 },
      t.cmp("eq", t.be(packetTcp.length, 4), 2),
    ],
    packetTcp,
    true,
  ],
  [
    "shift right",
    [
      t.load("network", 0, 1),
      { kind: "shift", op: ">>", sreg: 1, dreg: 1, length: 1, bits: 4 },
      t.cmp("eq", Uint8Array.of(4)),
    ],
    packetTcp,
    true,
  ],
  [
    "shift left over words",
    [t.immediate(Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0x80)), {
      kind: "shift",
      op: "<<",
      sreg: 1,
      dreg: 1,
      length: 8,
      bits: 1,
    }, t.cmp("eq", Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0))],
    packetTcp,
    true,
  ],
  [
    "tcp option maxseg",
    [
      { kind: "exthdr", op: "tcpopt", type: 2, offset: 2, length: 2, dreg: 1, present: false },
      t.cmp("eq", t.be(1460, 2)),
    ],
    packetTcp,
    true,
  ],
  [
    "tcp option window exists",
    [
      { kind: "exthdr", op: "tcpopt", type: 3, offset: 0, length: 1, dreg: 1, present: true },
      t.cmp("eq", Uint8Array.of(1)),
    ],
    packetTcp,
    true,
  ],
  [
    "tcp option sack missing",
    [
      { kind: "exthdr", op: "tcpopt", type: 5, offset: 0, length: 1, dreg: 1, present: true },
      t.cmp("eq", Uint8Array.of(0)),
    ],
    packetTcp,
    true,
  ],
  [
    "tcp option of a udp packet",
    [{ kind: "exthdr", op: "tcpopt", type: 2, offset: 2, length: 2, dreg: 1, present: false }],
    packet6,
    false,
  ],
  [
    "16 bytes in 32-bit registers",
    [
      t.load("network", 12, 4, 9),
      t.load("network", 16, 4, 10),
      t.cmp("eq", t.concat(t.address("192.0.2.1"), t.address("198.51.100.7")), 9),
    ],
    packetTcp,
    true,
  ],
  [
    "a short load clears the rest of its word",
    [t.immediate(t.le(0xffffffff)), t.load("transport", 2, 2), t.cmp("eq", concatZero(t.be(443, 2)))],
    packetTcp,
    true,
  ],
];

function concatZero(bytes: Uint8Array): Uint8Array {
  return t.concat(bytes);
}

test("matches, one case a line", () => {
  for (const [what, expressions, packet, expected] of cases) {
    assert.equal(matches(expressions, packet), expected, what);
  }
});

test("ct state of a tracked packet is its column", () => {
  const established = [t.ct("state"), t.and(t.le(CT_ESTABLISHED | 4)), t.cmp("neq", t.le(0))];
  assert.equal(matches(established, packetTcp, (b, r) => (b.ctState[r] = CT_ESTABLISHED)), true);
  assert.equal(matches(established, packetTcp, (b, r) => (b.ctState[r] = CT_NEW)), false);
});

test("a clock that was never set matches no time", () => {
  assert.equal(matches([t.meta("hour")], packetTcp, (b) => (b.wall = 0)), false);
});

/** Verdict of chain `c` for the plain TCP packet. */
function decide(edit: Parameters<typeof t.bench>[0]): number {
  const { machine } = t.bench(edit);
  const batch = testBatch(), row = putPacket(batch, packetTcp);
  const chain = machine.hooks(4, "forward")[0];
  return chain === undefined ? MACHINE_ACCEPT : machine.run(chain, batch, row, HOOK_FORWARD);
}

test("jump comes back, goto does not, return ends a chain, the policy decides last", () => {
  const chains = (main: Expression[][], regular: Expression[][], policy: "accept" | "drop" = "accept") =>
    decide((x) => {
      t.must(x.addChain("inet", "t", { name: "r" }));
      for (const expressions of regular) t.must(x.addRule("inet", "t", "r", { expressions }));
      t.rules(main, t.base("forward", "filter", 0, policy))(x);
    });
  assert.equal(chains([[t.jump("r")], [t.DROP]], []), MACHINE_DROP);
  assert.equal(chains([[t.goto("r")], [t.DROP]], []), MACHINE_ACCEPT);
  assert.equal(chains([[t.goto("r")], [t.ACCEPT]], [], "drop"), MACHINE_DROP_POLICY);
  assert.equal(
    chains([[t.jump("r")], [t.ACCEPT]], [[t.verdict("return")], [t.DROP]], "drop"),
    MACHINE_ACCEPT,
  );
  assert.equal(chains([[t.verdict("return")], [t.ACCEPT]], [], "drop"), MACHINE_DROP_POLICY);
  assert.equal(chains([[t.jump("r")]], [[t.ACCEPT]], "drop"), MACHINE_ACCEPT);
  assert.equal(chains([], []), MACHINE_ACCEPT);
  assert.equal(chains([], [], "drop"), MACHINE_DROP_POLICY);
});

test("counters count matching packets as skb->len, and keep counting when rules come and go", () => {
  const { store, machine, change } = t.bench(
    t.rules([[...t.dport(443), t.counter()], [...t.dport(80), t.counter()]]),
  );
  const batch = testBatch(), row = putPacket(batch, packetTcp);
  const run = () => machine.run(machine.hooks(4, "forward")[0]!, batch, row, HOOK_FORWARD);
  const counts = () =>
    store.current.tables.get("inet t")!.chains.get("c")!.rules
      .filter((rule) => rule.expressions.some((e) => e.kind === "counter"))
      .map((rule) => store.cells.numbers[rule.cells.at(-1)!]);
  run();
  run();
  assert.deepEqual(counts(), [2, 0]);
  const rule = store.current.tables.get("inet t")!.chains.get("c")!.rules[0]!;
  assert.equal(store.cells.numbers[rule.cells[2]! + 1], 2 * packetTcp.length);
  change((x) => t.must(x.addRule("inet", "t", "c", { expressions: [t.ACCEPT] }, { at: "start" })));
  change((x) =>
    t.must(x.addRule("inet", "t", "c", { expressions: [t.counter(5, 500)] }, { at: "before", index: 1 }))
  );
  run();
  assert.deepEqual(counts(), [5, 2, 0]);
  change((x) => {
    const first = x.table("inet", "t")!.chains.get("c")!.rules[0]!;
    t.must(x.deleteRule("inet", "t", "c", first.handle));
  });
  run();
  assert.deepEqual(counts(), [6, 3, 0]);
});

test("a super-packet counts once with all its bytes", () => {
  const { store, machine } = t.bench(t.rules([[t.counter()]]));
  const batch = testBatch(), packet = tcp(V4, 1, 2, { flags: 16, payload: new Uint8Array(40000) });
  const row = putPacket(batch, packet);
  batch.segmentSize[row] = 1448;
  machine.run(machine.hooks(4, "forward")[0]!, batch, row, HOOK_FORWARD);
  assert.deepEqual([...store.cells.numbers.subarray(0, 2)], [1, 40040]);
});

test("base chains of a hook run by priority, the youngest of equals first", () => {
  const { machine } = t.bench((x) => {
    t.must(x.addTable({ family: "ip", name: "u" }));
    for (
      const [family, table, name, priority] of [["inet", "t", "a", 0], ["inet", "t", "b", -10], [
        "ip",
        "u",
        "c",
        0,
      ]] as const
    ) {
      t.must(x.addChain(family, table, { name, base: t.base("forward", "filter", priority) }));
      t.must(x.addRule(family, table, name, { expressions: [t.counter()] }));
    }
  });
  assert.deepEqual(machine.hooks(4, "forward").map((h) => h.chain), ["b", "c", "a"]);
  assert.deepEqual(machine.hooks(6, "forward").map((h) => h.chain), ["b", "a"]);
});

test("a program survives cloning", () => {
  const { machine } = t.bench(t.rules([[...t.dport(443), t.DROP]]));
  const program = structuredClone(machine.program!);
  machine.install(program);
  const batch = testBatch(), row = putPacket(batch, packetTcp);
  assert.equal(machine.run(machine.hooks(4, "forward")[0]!, batch, row, HOOK_FORWARD), MACHINE_DROP);
});
