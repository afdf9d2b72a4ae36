import { test } from "node:test";
import assert from "node:assert/strict";
import type { Expression } from "../expr/expression.ts";
import { HOOK_FORWARD, HOOK_POSTROUTING, HOOK_PREROUTING } from "../hook.ts";
import { formatWords } from "../packet/address.ts";
import type { PacketBatch } from "../packet/batch.ts";
import { icmp, ip, tcp, udp } from "../packet/build.ts";
import { fold, ipv4HeaderValid, pseudo, transportValid } from "../packet/checksum.ts";
import { CHECKSUM_PARTIAL, CT_UNTRACKED } from "../packet/columns.ts";
import { u16 } from "../packet/bytes.ts";
import { putPacket, testBatch } from "../packet/test_batch.ts";
import type { FlowView } from "./flow_view.ts";
import { MACHINE_ACCEPT, MACHINE_DROP, REJECT_ICMPX, REJECT_TCP_RESET } from "./machine.ts";
import { NAT_DNAT, NAT_MASQUERADE, NAT_SNAT } from "./nat_request.ts";
import * as t from "./test_ruleset.ts";

const V4 = { from: "192.0.2.1", to: "198.51.100.7" };
const V6 = { from: "2001:db8::1", to: "2001:db8:1::7" };
const SYN = tcp(V4, 40000, 443, { flags: 2, options: Uint8Array.of(2, 4, 5, 180, 1, 3, 3, 7) });

function valid(batch: PacketBatch, row: number): boolean {
  const b = batch.bytes(row),
    network = batch.network[row]!,
    at = batch.transport[row]!,
    end = batch.end[row]!;
  const base = pseudo(b, network, batch.family[row]!, batch.protocol[row]!, end - at);
  return (batch.family[row] === 6 || ipv4HeaderValid(b, network, 20)) && transportValid(b, at, end, base);
}

test("snat and dnat ask for their registers' addresses and ports", () => {
  const snat: Expression[] = [
    t.immediate(t.address("203.0.113.1"), 1),
    t.immediate(t.address("203.0.113.9"), 2),
    t.immediate(t.be(1024, 2), 3),
    t.immediate(t.be(2048, 2), 4),
    {
      kind: "nat",
      type: "snat",
      family: "ip",
      addressMin: 1,
      addressMax: 2,
      portMin: 3,
      portMax: 4,
      flags: 4,
    },
  ];
  const { machine } = t.bench(t.rules([snat, [t.DROP]], t.base("postrouting", "nat", 100)));
  const batch = testBatch(), row = putPacket(batch, SYN), chain = machine.hooks(4, "postrouting")[0]!;
  assert.equal(machine.run(chain, batch, row, HOOK_POSTROUTING), MACHINE_ACCEPT);
  const { nat } = machine;
  assert.deepEqual([nat.active, nat.kind, nat.family, nat.minPort, nat.maxPort], [
    true,
    NAT_SNAT,
    4,
    1024,
    2048,
  ]);
  assert.equal(nat.flags, 4 | 1 | 2);
  assert.equal(formatWords(4, nat.minAddress, 0), "203.0.113.1");
  assert.equal(formatWords(4, nat.maxAddress, 0), "203.0.113.9");

  const dnat = t.bench(t.rules([[
    t.immediate(t.address("2001:db8:2::5")),
    { kind: "nat", type: "dnat", family: "ip6", addressMin: 1, flags: 0 },
  ]], t.base("prerouting", "nat", -100)));
  const six = putPacket(batch, udp(V6, 1, 2));
  dnat.machine.run(dnat.machine.hooks(6, "prerouting")[0]!, batch, six, HOOK_PREROUTING);
  assert.equal(dnat.machine.nat.kind, NAT_DNAT);
  assert.equal(formatWords(6, dnat.machine.nat.maxAddress, 0), "2001:db8:2::5");
  assert.equal(dnat.machine.nat.hasPort, false);
});

test("a netmap keeps the host bits of the packet", () => {
  const { machine } = t.bench(t.rules([[
    t.immediate(t.address("203.0.113.0"), 1),
    t.immediate(t.address("203.0.113.255"), 2),
    { kind: "nat", type: "snat", family: "ip", addressMin: 1, addressMax: 2, flags: 64 },
  ]], t.base("postrouting", "nat", 100)));
  const batch = testBatch(), row = putPacket(batch, SYN);
  machine.run(machine.hooks(4, "postrouting")[0]!, batch, row, HOOK_POSTROUTING);
  assert.equal(formatWords(4, machine.nat.minAddress, 0), "203.0.113.1");
  assert.deepEqual(machine.nat.minAddress, machine.nat.maxAddress);
});

test("masquerade asks without address; the next run forgets", () => {
  const { machine } = t.bench(t.rules(
    [[...t.l4proto(6), { kind: "masquerade", flags: 16 }]],
    t.base("postrouting", "nat", 100),
  ));
  const batch = testBatch(), chain = machine.hooks(4, "postrouting")[0]!;
  machine.run(chain, batch, putPacket(batch, SYN), HOOK_POSTROUTING);
  assert.deepEqual(
    [machine.nat.active, machine.nat.kind, machine.nat.family, machine.nat.hasAddress, machine.nat.flags],
    [true, NAT_MASQUERADE, 4, false, 16],
  );
  machine.run(chain, batch, putPacket(batch, udp(V4, 1, 2)), HOOK_POSTROUTING);
  assert.equal(machine.nat.active, false);
});

test("reject drops and says how", () => {
  const { machine } = t.bench(t.rules([
    [...t.l4proto(6), { kind: "reject", type: "tcp reset", code: 0 }],
    [{ kind: "reject", type: "icmpx", code: 3 }],
  ]));
  const batch = testBatch(), chain = machine.hooks(4, "forward")[0]!;
  assert.equal(machine.run(chain, batch, putPacket(batch, SYN), HOOK_FORWARD), MACHINE_DROP);
  assert.deepEqual({ ...machine.reject }, { active: true, type: REJECT_TCP_RESET, code: 0 });
  assert.equal(machine.run(chain, batch, putPacket(batch, udp(V4, 1, 2)), HOOK_FORWARD), MACHINE_DROP);
  assert.deepEqual({ ...machine.reject }, { active: true, type: REJECT_ICMPX, code: 3 });
});

test("limit: a bucket of burst, refilled by the clock; over inverts it", () => {
  const limit = (inverted: boolean): Expression => ({
    kind: "limit",
    rate: 10,
    unit: 1,
    burst: 5,
    type: "packets",
    inverted,
  });
  for (const inverted of [false, true]) {
    const { machine } = t.bench(t.rules([[limit(inverted), t.DROP]]));
    const batch = testBatch(), row = putPacket(batch, SYN), chain = machine.hooks(4, "forward")[0]!;
    const matched = (count: number) => {
      let n = 0;
      for (let i = 0; i < count; i++) if (machine.run(chain, batch, row, HOOK_FORWARD) === MACHINE_DROP) n++;
      return inverted ? count - n : n;
    };
    batch.now = 5000;
    assert.equal(matched(20), 5);
    batch.now += 100;
    assert.equal(matched(3), 1);
    batch.now += 250;
    assert.equal(matched(9), 2);
    batch.now += 60000;
    assert.equal(matched(20), 5);
  }
});

test("a byte limit costs bytes; its bucket is rate and burst together", () => {
  const { machine } = t.bench(t.rules([[
    { kind: "limit", rate: 1000, unit: 1, burst: 500, type: "bytes", inverted: false },
    t.DROP,
  ]]));
  const batch = testBatch(), row = putPacket(batch, udp(V4, 1, 2, new Uint8Array(472)));
  const chain = machine.hooks(4, "forward")[0]!;
  const run = () => machine.run(chain, batch, row, HOOK_FORWARD);
  assert.deepEqual([run(), run(), run(), run()], [MACHINE_DROP, MACHINE_DROP, MACHINE_DROP, MACHINE_ACCEPT]);
});

test("quota until and over", () => {
  const { machine } = t.bench(t.rules([[{
    kind: "quota",
    bytes: 2 * SYN.length,
    used: 0,
    inverted: true,
  }, t.DROP]]));
  const batch = testBatch(), row = putPacket(batch, SYN), chain = machine.hooks(4, "forward")[0]!;
  const run = () => machine.run(chain, batch, row, HOOK_FORWARD);
  assert.deepEqual([run(), run(), run()], [MACHINE_ACCEPT, MACHINE_ACCEPT, MACHINE_DROP]);
});

test("named counters are shared by rules that refer to them", () => {
  const { store, machine } = t.bench((x) => {
    t.must(
      x.addObject("inet", "t", { name: "n", type: 1, expression: { kind: "counter", packets: 7, bytes: 0 } }),
    );
    t.rules([[{ kind: "objref", type: 1, name: "n" }], [{ kind: "objref", type: 1, name: "n" }]])(x);
  });
  const batch = testBatch(), row = putPacket(batch, SYN);
  machine.run(machine.hooks(4, "forward")[0]!, batch, row, HOOK_FORWARD);
  const object = store.current.tables.get("inet t")!.objects.get("1 n")!;
  assert.equal(store.cells.numbers[object.cell], 9);
});

test("log names its prefix by index", () => {
  const seen: unknown[] = [];
  const { machine } = t.bench(
    t.rules([[{ kind: "log", prefix: "in: ", level: 6 }, { kind: "log", group: 3 }]]),
    {
      log: (prefix, level, group) => seen.push([prefix, level, group]),
    },
  );
  const batch = testBatch();
  machine.run(machine.hooks(4, "forward")[0]!, batch, putPacket(batch, SYN), HOOK_FORWARD);
  assert.deepEqual(seen, [[0, 6, -1], [-1, 4, 3]]);
  assert.deepEqual(machine.strings, ["in: "]);
});

test("meta mark set and notrack write the row", () => {
  const { machine } = t.bench(t.rules([
    [t.immediate(t.le(0x80000001)), { kind: "meta set", key: "mark", sreg: 1 }, { kind: "notrack" }],
    [t.meta("mark"), t.cmp("eq", t.le(0x80000001)), t.DROP],
  ]));
  const batch = testBatch(), row = putPacket(batch, SYN);
  assert.equal(machine.run(machine.hooks(4, "forward")[0]!, batch, row, HOOK_FORWARD), MACHINE_DROP);
  assert.equal(batch.mark[row], 0x80000001);
  assert.equal(batch.ctState[row], CT_UNTRACKED);
});

test("ct keys read the flow, ct mark set writes it", () => {
  const marked: number[] = [];
  const flows: FlowView = {
    status: Uint32Array.of(0, 0x0e),
    mark: Uint32Array.of(0, 7),
    packets: (row, direction) => row * 10 + direction,
    bytes: () => 5000,
    expiration: (_row, now) => 1000 - now,
    family: () => 4,
    protocol: () => 6,
    sourceWord: (_row, direction) => direction === 0 ? 0xc0000201 : 0xc6336407,
    destinationWord: () => 0,
    sourcePort: () => 40000,
    destinationPort: () => 443,
    marked: (row) => marked.push(row),
  };
  const eq = (
    key: Parameters<typeof t.ct>[0],
    value: Uint8Array,
    direction?: "original" | "reply",
  ): Expression[] => [
    { kind: "ct", key, dreg: 1, ...(direction === undefined ? {} : { direction }) },
    t.cmp("eq", value),
  ];
  const { machine } = t.bench(
    t.rules([[
      ...eq("status", t.le(0x0e)),
      ...eq("mark", t.le(7)),
      ...eq("packets", t.le(21, 8)),
      ...eq("packets", t.le(11, 8), "reply"),
      ...eq("avgpkt", t.le(476, 8)),
      ...eq("expiration", t.le(900)),
      ...eq("src_ip", t.address("198.51.100.7"), "reply"),
      ...eq("proto_dst", t.be(443, 2), "original"),
      t.immediate(t.le(9)),
      { kind: "ct set", key: "mark", sreg: 1 },
      t.DROP,
    ]]),
    { flows },
  );
  const batch = testBatch(), row = putPacket(batch, SYN);
  batch.flow[row] = 1;
  batch.now = 100;
  assert.equal(machine.run(machine.hooks(4, "forward")[0]!, batch, row, HOOK_FORWARD), MACHINE_DROP);
  assert.deepEqual([flows.mark[1], marked], [9, [1]]);
});

test("tcp option maxseg size set rt mtu lowers and never raises, checksum kept", () => {
  const clamp: Expression[] = [
    { kind: "rt", key: "tcpmss", dreg: 1 },
    { kind: "byteorder", op: "hton", sreg: 1, dreg: 1, length: 2, size: 2 },
    { kind: "exthdr write", op: "tcpopt", type: 2, offset: 2, length: 2, sreg: 1 },
    t.DROP,
  ];
  for (const [mtu, expected] of [[1492, 1452], [1500, 1460], [9000, 1460]] as const) {
    const { machine } = t.bench(t.rules([clamp]), { route: () => mtu });
    const batch = testBatch(), row = putPacket(batch, SYN);
    assert.equal(machine.run(machine.hooks(4, "forward")[0]!, batch, row, HOOK_FORWARD), MACHINE_DROP);
    assert.equal(u16(batch.bytes(row), batch.transport[row]! + 22), expected);
    assert.ok(valid(batch, row));
  }
  const partial = t.bench(t.rules([clamp]), { route: () => 1400 });
  const batch = testBatch(),
    row = putPacket(batch, SYN),
    before = u16(batch.bytes(row), batch.transport[row]! + 16);
  batch.checksum[row] = CHECKSUM_PARTIAL;
  partial.machine.run(partial.machine.hooks(4, "forward")[0]!, batch, row, HOOK_FORWARD);
  assert.equal(u16(batch.bytes(row), batch.transport[row]! + 16), before);
});

test("an odd option position keeps the checksum right, and a stripped option too", () => {
  const packet = tcp(V4, 1, 2, { flags: 2, options: Uint8Array.of(1, 2, 4, 5, 180, 1, 1, 1) });
  for (
    const write of [
      [t.immediate(t.be(1200, 2)), {
        kind: "exthdr write",
        op: "tcpopt",
        type: 2,
        offset: 2,
        length: 2,
        sreg: 1,
      }],
      [{ kind: "exthdr reset", op: "tcpopt", type: 2 }],
    ] as Expression[][]
  ) {
    const { machine } = t.bench(t.rules([write]));
    const batch = testBatch(), row = putPacket(batch, packet);
    machine.run(machine.hooks(4, "forward")[0]!, batch, row, HOOK_FORWARD);
    assert.ok(valid(batch, row));
    assert.notDeepEqual(batch.bytes(row).slice(batch.network[row]!, batch.end[row]!), packet);
  }
});

test("payload writes repair checksums: header, pseudo-header, partial ones", () => {
  const write = (
    base: "network" | "transport",
    offset: number,
    data: Uint8Array,
    checksumOffset: number,
    flags: number,
  ): Expression[] => [
    t.immediate(data),
    {
      kind: "payload write",
      base,
      offset,
      length: data.length,
      sreg: 1,
      checksumType: 1,
      checksumOffset,
      checksumFlags: flags,
    },
  ];
  /** An IPv6 header has no checksum of its own for the expression to name. */
  const unnamed = (list: Expression[]) =>
    list.map((e) => e.kind === "payload write" ? { ...e, checksumType: 0 } : e);
  const cases: readonly (readonly [string, Expression[], Uint8Array])[] = [
    ["ip ttl", write("network", 8, Uint8Array.of(9), 10, 0), SYN],
    ["ip dscp at an odd place", write("network", 1, Uint8Array.of(0xb8), 10, 0), SYN],
    ["ip saddr", write("network", 12, t.address("203.0.113.200"), 10, 1), SYN],
    ["tcp dport", write("transport", 2, t.be(8443, 2), 16, 0), SYN],
    ["udp sport", write("transport", 0, t.be(8443, 2), 6, 0), udp(V4, 1, 2, new Uint8Array(5))],
    [
      "ip6 daddr",
      unnamed(write("network", 24, t.address("2001:db8:7::9"), 0, 1)),
      tcp(V6, 1, 2, { flags: 2 }),
    ],
    [
      "ip6 saddr of icmpv6",
      unnamed(write("network", 8, t.address("2001:db8:7::9"), 0, 1)),
      icmp(V6, 128, 0, 7),
    ],
  ];
  for (const [what, expressions, packet] of cases) {
    const { machine } = t.bench(t.rules([expressions]));
    const batch = testBatch(), row = putPacket(batch, packet);
    machine.run(machine.hooks(4, "forward")[0]!, batch, row, HOOK_FORWARD);
    assert.ok(valid(batch, row), what);
    assert.notDeepEqual(batch.bytes(row).slice(batch.network[row]!, batch.end[row]!), packet, what);
  }
  const { machine } = t.bench(t.rules([cases[2]![1]]));
  const batch = testBatch(), row = putPacket(batch, SYN), b = batch.bytes(row), at = batch.transport[row]!;
  const sumOf = () => fold(pseudo(b, batch.network[row]!, 4, 6, batch.end[row]! - at));
  b[at + 16] = sumOf() >>> 8;
  b[at + 17] = sumOf();
  batch.checksum[row] = CHECKSUM_PARTIAL;
  machine.run(machine.hooks(4, "forward")[0]!, batch, row, HOOK_FORWARD);
  assert.equal(u16(b, at + 16), sumOf());
  assert.equal(formatWords(4, batch.source, row * 4), "203.0.113.200");
});

test("a written port is the one the columns have, of every protocol with ports", () => {
  for (const protocol of [6, 17, 33, 132]) {
    const header = new Uint8Array(24).fill(0x50), batch = testBatch();
    const { machine } = t.bench(t.rules([[t.immediate(t.be(8443, 2)), {
      kind: "payload write",
      base: "transport",
      offset: 2,
      length: 2,
      sreg: 1,
      checksumType: 0,
      checksumOffset: 0,
      checksumFlags: 0,
    }]]));
    const row = putPacket(batch, ip(V4, protocol, header));
    machine.run(machine.hooks(4, "forward")[0]!, batch, row, HOOK_FORWARD);
    assert.equal(batch.destinationPort[row], 8443, `protocol ${protocol}`);
  }
});

test("numgen counts round, and a queue nobody listens to lets packets on with bypass", () => {
  const numgen: Expression[] = [
    { kind: "numgen", mode: "inc", modulus: 3, offset: 10, dreg: 1 },
    { kind: "meta set", key: "mark", sreg: 1 },
  ];
  const queue: Expression[] = [{ kind: "queue", from: 0, to: 0, bypass: true, fanout: false }];
  const { machine } = t.bench(t.rules([numgen, queue, [t.DROP]]));
  const batch = testBatch(), chain = machine.hooks(4, "forward")[0]!;
  const marks = [0, 1, 2, 3].map(() => {
    const row = putPacket(batch, SYN);
    assert.equal(machine.run(chain, batch, row, HOOK_FORWARD), MACHINE_ACCEPT);
    return batch.mark[row];
  });
  assert.deepEqual(marks, [10, 11, 12, 10]);
});

test("jhash reads its key from the registers, symhash from the packet", () => {
  const jhash: Expression[] = [
    t.immediate(Uint8Array.of(127, 0, 0, 1), 2),
    {
      kind: "hash",
      mode: "jhash",
      sreg: 2,
      length: 4,
      modulus: 0xffffffff,
      seed: 1,
      offset: 0,
      dreg: 1,
    },
    { kind: "meta set", key: "mark", sreg: 1 },
  ];
  const symhash: Expression[] = [
    { kind: "hash", mode: "symhash", modulus: 1, offset: 7, dreg: 1 },
    { kind: "ct set", key: "mark", sreg: 1 },
    { kind: "cmp", op: "eq", sreg: 1, data: Uint8Array.of(7, 0, 0, 0) },
    t.DROP,
  ];
  const { machine } = t.bench(t.rules([jhash, symhash]));
  const batch = testBatch(), row = putPacket(batch, SYN);
  assert.equal(machine.run(machine.hooks(4, "forward")[0]!, batch, row, HOOK_FORWARD), MACHINE_DROP);
  assert.equal(batch.mark[row]! >>> 0, 0xb3821345);
});
