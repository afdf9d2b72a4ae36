import { test } from "node:test";
import assert from "node:assert/strict";
import { formatWords } from "../../packet/address.ts";
import { ethernet } from "../../packet/build.ts";
import { setU16, setU32, u16, u32 } from "../../packet/bytes.ts";
import { finish, pseudo, sum } from "../../packet/checksum.ts";
import { VERDICT_DROP, VERDICT_STOLEN } from "../../packet/columns.ts";
import { MldQuery } from "./mld_message.ts";
import { HOST_MAC, plan, TestLink, words } from "./test_link.ts";

const GROUPS = ["ff02::2", "ff05::2", "ff02::1:ff00:1"];

function quiet(): TestLink {
  const link = new TestLink();
  link.up(plan(["2001:db8::1/64"]));
  link.run(30000);
  link.take();
  return link;
}

interface QueryOptions {
  group?: string;
  version?: 1 | 2;
  delay?: number;
  hopLimit?: number;
  from?: string;
  alert?: boolean;
  type?: number;
}

/** A multicast listener message from a querier. */
function message(options: QueryOptions): Uint8Array {
  const { group = "::", version = 2, delay = 1000, hopLimit = 1, from = "fe80::99", alert = true } = options;
  const length = version === 1 ? 24 : 28, b = new Uint8Array(48 + length);
  b[0] = 0x60;
  setU16(b, 4, 8 + length);
  b[7] = hopLimit;
  words(from).forEach((w, i) => setU32(b, 8 + 4 * i, w));
  words("ff02::1").forEach((w, i) => setU32(b, 24 + 4 * i, w));
  b.set([58, 0, alert ? 5 : 1, 2, 0, 0, 1, 0], 40);
  b[48] = options.type ?? 130;
  setU16(b, 52, delay);
  words(group).forEach((w, i) => setU32(b, 56 + 4 * i, w));
  if (version === 2) b[72] = 3;
  setU16(b, 50, finish(sum(b, 48, b.length, pseudo(b, 0, 6, 58, length))));
  return ethernet(HOST_MAC, "33:33:00:00:00:01", b);
}

/** `type group` of every record of a version 2 report. */
function records(packet: Uint8Array): string[] {
  assert.equal(packet[7], 1, "hop limit");
  assert.deepEqual([...packet.subarray(40, 48)], [58, 0, 5, 2, 0, 0, 1, 0], "router alert");
  return Array.from({ length: u16(packet, 54) }, (_, i) => {
    const at = 56 + 20 * i;
    const group = [u32(packet, at + 4), u32(packet, at + 8), u32(packet, at + 12), u32(packet, at + 16)];
    return `${packet[at]} ${formatWords(6, group, 0)}`;
  });
}

test("joined groups are reported twice, then twice more from the link-local address; all-nodes never", () => {
  const link = new TestLink({ dadTransmits: 1 });
  link.up(plan(["2001:db8::1/64"]));
  const seen = new Map<string, Set<string>>();
  for (let i = 0; i < 50; i++) {
    link.run(100);
    for (const packet of link.sent) {
      if (packet[6] !== 0) continue;
      const from = formatWords(6, [u32(packet, 8), u32(packet, 12), u32(packet, 16), u32(packet, 20)], 0);
      for (const record of records(packet)) seen.set(from, (seen.get(from) ?? new Set()).add(record));
    }
    link.take();
  }
  const expected = GROUPS.map((group) => `4 ${group}`).sort();
  assert.deepEqual([...seen.keys()], ["::", "fe80::ff:fe00:1"]);
  for (const set of seen.values()) assert.deepEqual([...set].sort(), expected);
});

test("a general query is answered with all groups within its delay; a group's query with that group", () => {
  const link = quiet(), start = link.now;
  assert.equal(link.receive(message({ delay: 2000 })), VERDICT_STOLEN);
  link.run(2000);
  const packet = link.sent[0]!;
  assert.deepEqual(records(packet).sort(), GROUPS.map((group) => `2 ${group}`).sort());
  const said = link.take(start);
  assert.equal(said.length, 1);
  assert.match(said[0]!, / mld2 from fe80::ff:fe00:1 to ff02::16 -> 33:33:00:00:00:16$/);
  link.receive(message({ group: "ff02::2" }));
  link.receive(message({ group: "ff02::77" }));
  link.run(2000);
  assert.deepEqual(link.sent.map(records), [["2 ff02::2"]]);
});

test("a version 1 querier gets version 1 reports, and another's report spares ours", () => {
  const link = quiet();
  link.receive(message({ version: 1, delay: 5000 }));
  link.run(5000);
  assert.equal(link.take().filter((line) => line.includes("mld1 from")).length, 3);
  link.receive(message({ version: 1, delay: 5000, group: "ff02::2" }));
  link.receive(message({ version: 1, type: 131, group: "ff02::2" }));
  link.run(5000);
  assert.deepEqual(link.take(), []);
  link.run(300000);
  link.take();
  link.receive(message({}));
  link.run(1000);
  assert.match(link.take()[0]!, /mld2/);
});

test("leaving is reported, and a group left is not listened to", () => {
  const link = quiet(), group = words("ff05::1:3");
  link.adjacency.joinGroup(1, group, link.now);
  link.adjacency.joinGroup(1, group, link.now);
  link.run(3000);
  link.take();
  link.adjacency.leaveGroup(1, group, link.now);
  assert.equal(link.adjacency.isLocalGroup(1, 6, group, 0), true);
  link.adjacency.leaveGroup(1, group, link.now);
  assert.equal(link.adjacency.isLocalGroup(1, 6, group, 0), false);
  link.run(3000);
  assert.deepEqual(link.sent.map(records), [["3 ff05::1:3"], ["3 ff05::1:3"]]);
});

test("queries that crossed a router, lack the router alert, or come from a global address are dropped", () => {
  const link = quiet();
  for (
    const bad of [{ hopLimit: 2 }, { hopLimit: 255 }, { alert: false }, { from: "2001:db8::9" }, {
      from: "::",
    }]
  ) {
    assert.equal(link.receive(message(bad)), VERDICT_DROP);
  }
  const broken = message({});
  broken[70]! ^= 1;
  assert.equal(link.receive(broken), VERDICT_DROP);
  link.run(3000);
  assert.equal(link.adjacency.counters.mldMalformed, 6);
  assert.deepEqual(link.take(), []);
});

test("response delays are the floating-point codes of RFC 3810 5.1.3", () => {
  const query = new MldQuery(), b = new Uint8Array(28);
  for (const [code, delay] of [[0, 0], [32767, 32767], [0x8000, 32768], [0xffff, 8387584]] as const) {
    setU16(b, 4, code);
    assert.equal(query.parse(b, 0, 28), true);
    assert.equal(query.maximumDelay, delay);
  }
  for (const length of [8, 23, 25, 27]) assert.equal(query.parse(b, 0, length), false);
  setU16(b, 26, 1);
  assert.equal(query.parse(b, 0, 28), false, "more sources than bytes");
});

test("an interface too small for IPv6 says nothing of it", () => {
  const link = new TestLink();
  link.up(plan(["192.0.2.1/24"], { mtu: 1279 }));
  link.run(10000);
  assert.deepEqual(link.take().filter((line) => !line.includes("arp")), []);
  assert.equal(link.adjacency.isLocalGroup(1, 6, words("ff02::1"), 0), false);
});

test("a link that goes down with reports pending wakes nobody until it is back", () => {
  const link = new TestLink();
  link.up(plan(["2001:db8::1/64"]));
  link.take();
  link.adjacency.interfaceUp(1, false, link.now);
  link.run(5000);
  assert.deepEqual(link.take(), []);
  assert.ok(link.adjacency.due > link.now, "nothing is overdue");
  link.adjacency.interfaceUp(1, true, link.now);
  link.run(3000);
  assert.ok(link.take().some((line) => line.includes("mld2")));
});
