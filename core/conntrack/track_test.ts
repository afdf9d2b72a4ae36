import assert from "node:assert/strict";
import { test } from "node:test";
import { icmp, ip, tcp, udp } from "../packet/build.ts";
import {
  CHECKSUM_PARTIAL,
  CT_ESTABLISHED,
  CT_INVALID,
  CT_NEW,
  CT_RELATED,
  CT_UNTRACKED,
  VERDICT_CONTINUE,
  VERDICT_DROP,
} from "../packet/columns.ts";
import { putPacket, singleBatch, testBatch } from "../packet/test_batch.ts";
import { TCP_ACK, TCP_SYN } from "../packet/tcp.ts";
import { below, SeededRandom } from "../random.ts";
import { EXPECT_PERMANENT, expectationMask } from "./expect.ts";
import { formatFlow } from "./format.ts";
import { keyMeta, newKey } from "./key.ts";
import { IPS_ASSURED, ORIGINAL, REPLY } from "./status.ts";
import { TestFlows } from "./test_flows.ts";

const C = "192.168.1.2", S = "198.51.100.2";
const question = (port = 5000, from = C) => udp({ from, to: S }, port, 53);
const answer = (port = 5000, to = C) => udp({ from: S, to }, 53, port);
const syn = (port: number) => tcp({ from: C, to: S }, port, 80, { flags: TCP_SYN, sequence: 1 });

test("a handshake becomes an assured flow, printed as conntrack prints it", () => {
  const t = new TestFlows();
  assert.equal(t.pass(syn(4000)).state, CT_NEW);
  const synack = { flags: TCP_SYN | TCP_ACK, sequence: 9, acknowledgement: 2 };
  assert.equal(t.pass(tcp({ from: S, to: C }, 80, 4000, synack)).state, CT_ESTABLISHED);
  const p = t.pass(
    tcp({ from: C, to: S }, 4000, 80, { flags: TCP_ACK, sequence: 2, acknowledgement: 10 }),
  );
  assert.equal(p.state, CT_ESTABLISHED);
  assert.equal(
    formatFlow(t.conntrack.table, p.flow, t.now),
    "tcp      6 432000 ESTABLISHED src=192.168.1.2 dst=198.51.100.2 sport=4000 dport=80 " +
      "src=198.51.100.2 dst=192.168.1.2 sport=80 dport=4000 [ASSURED] mark=0 use=1",
  );
});

test("packets of one batch share the flow they open", () => {
  const t = new TestFlows(), batch = testBatch();
  const a = t.track(question(), batch), b = t.track(question(), batch);
  assert.equal(a.flow, b.flow);
  assert.equal(b.state, CT_NEW);
  t.conntrack.abandon(batch, a.row);
  assert.equal(t.conntrack.count, 1);
  t.conntrack.confirm(batch, b.row);
  assert.equal(t.conntrack.next(0), b.flow);
  assert.equal(t.conntrack.table.packets(b.flow, ORIGINAL), 2);
});

test("an answer before its question has left is invalid", () => {
  const t = new TestFlows(), batch = testBatch();
  const a = t.track(question(), batch);
  assert.equal(t.track(answer(), batch).state, CT_INVALID);
  t.conntrack.abandon(batch, a.row);
  assert.equal(t.conntrack.count, 0);
  assert.equal(t.pass(answer()).state, CT_NEW);
});

test("a forgotten unconfirmed flow goes after ten seconds", () => {
  const t = new TestFlows();
  t.track(question());
  t.conntrack.expire(t.now + 5000, 10);
  assert.equal(t.conntrack.count, 1);
  t.conntrack.expire(t.now + 13_000, 10);
  assert.equal(t.conntrack.count, 0);
});

test("an expired flow is not found, even before the wheel comes by", () => {
  const t = new TestFlows();
  t.pass(question());
  t.now += 30_001;
  assert.equal(t.track(answer()).state, CT_NEW);
});

test("UDP becomes a stream after two seconds of both directions", () => {
  const t = new TestFlows();
  const { flow } = t.pass(question());
  t.pass(answer());
  t.now += 2001;
  t.pass(question());
  assert.ok(t.conntrack.assured(flow));
  assert.equal(t.conntrack.table.expiration(flow, t.now), 120_000);
});

test("a full table gives up the oldest unanswered flow, never an assured one", () => {
  const t = new TestFlows({ flows: 10 });
  const first = t.pass(question(1)).flow;
  t.pass(answer(1));
  t.now += 2001;
  t.pass(question(1));
  for (let port = 2; port < 60; port++) {
    t.now += 1;
    assert.equal(t.pass(question(port)).verdict, VERDICT_CONTINUE);
  }
  assert.equal(t.conntrack.count, 10);
  assert.equal(t.conntrack.counters.early_drop, 49);
  assert.ok(t.conntrack.table.live(first));
  assert.ok(t.conntrack.assured(first));
});

test("a table full of assured flows refuses; reserved rows serve the administrator", () => {
  const admin = "192.168.1.99";
  const privileged = (batch: ReturnType<typeof testBatch>, row: number) =>
    batch.source[row * 4] === 0xc0a80163;
  const t = new TestFlows({ flows: 10, reserved: 2, privileged });
  for (let port = 1; port <= 8; port++) t.conntrack.table.assure(t.pass(question(port)).flow);
  assert.equal(t.pass(question(100)).verdict, VERDICT_DROP);
  assert.equal(t.conntrack.counters.drop, 1);
  assert.equal(t.pass(question(100, admin)).verdict, VERDICT_CONTINUE);
  assert.equal(t.conntrack.table.status[t.pass(question(101, admin)).flow]! & IPS_ASSURED, 0);
  t.conntrack.table.assure(t.track(question(101, admin)).flow);
  assert.equal(t.conntrack.count, 10);
});

test("checksums count at prerouting, unless the device answers for them", () => {
  const t = new TestFlows(), packet = question();
  packet[26]! ^= 1;
  assert.equal(t.pass(packet).state, CT_INVALID);
  const batch = testBatch(), row = putPacket(batch, packet);
  batch.checksum[row] = CHECKSUM_PARTIAL;
  t.conntrack.track(batch, row, 0);
  assert.equal(batch.ctState[row], CT_NEW);
  const local = putPacket(batch, packet);
  t.conntrack.track(batch, local, 3);
  assert.equal(batch.ctState[local], CT_NEW);
});

test("ICMP errors are related to the flow they quote", () => {
  const t = new TestFlows(), asked = question().slice();
  const { flow } = t.pass(asked);
  const error = t.pass(icmp({ from: "203.0.113.9", to: C }, 3, 1, 0, asked));
  assert.deepEqual([error.state, error.flow, error.direction], [CT_RELATED, flow, REPLY]);
  assert.equal(t.pass(icmp({ from: "203.0.113.9", to: "192.168.1.3" }, 3, 1, 0, asked)).state, CT_INVALID);
  assert.equal(t.pass(icmp({ from: S, to: C }, 3, 1, 0, question(9).slice())).state, CT_INVALID);
  assert.equal(t.conntrack.invalid.icmp_address, 1);
  assert.equal(t.conntrack.invalid.icmp_unrelated, 1);
});

test("neighbour messages are untracked", () => {
  const t = new TestFlows();
  for (const type of [130, 131, 132, 133, 134, 135, 136, 143]) {
    const p = t.pass(icmp({ from: "fe80::1", to: "ff02::1", ttl: 255 }, type, 0, 0, new Uint8Array(20)));
    assert.equal(p.state, CT_UNTRACKED);
  }
  assert.equal(t.conntrack.count, 0);
});

test("an expectation makes a flow related, once unless permanent", () => {
  const t = new TestFlows(), master = t.pass(question()).flow, table = t.conntrack.table;
  table.mark[master] = 7;
  const expected = newKey();
  expected[4] = 0xc0a80102;
  expected[8] = 6000;
  expected[9] = keyMeta(17, 4, 0);
  t.conntrack.expectations.add(expected, expectationMask(false, false), master, t.now, 60_000);
  const child = t.pass(udp({ from: "203.0.113.5", to: C }, 1234, 6000));
  assert.equal(child.state, CT_RELATED);
  assert.equal(table.master(child.flow), master);
  assert.equal(table.mark[child.flow], 7);
  assert.equal(t.pass(udp({ from: "203.0.113.6", to: C }, 1234, 6000)).state, CT_NEW);
  const mask = expectationMask(false, false);
  t.conntrack.expectations.add(expected, mask, master, t.now, 60_000, EXPECT_PERMANENT);
  for (const host of [7, 8]) {
    assert.equal(t.pass(udp({ from: `203.0.113.${host}`, to: C }, 1234, 6000)).state, CT_RELATED);
  }
  t.conntrack.delete(master);
  assert.equal(t.conntrack.expectations.count, 0);
});

test("flush and delete leave nothing behind", () => {
  const t = new TestFlows();
  for (let port = 1; port < 20; port++) t.pass(question(port));
  t.conntrack.delete(t.conntrack.next(0));
  t.conntrack.delete(12345);
  assert.equal(t.conntrack.count, 18);
  t.conntrack.flush();
  assert.equal(t.conntrack.count, 0);
  assert.equal(t.conntrack.next(0), -1);
});

test("a packet to its own address and port has one flow", () => {
  const t = new TestFlows(), land = udp({ from: C, to: C }, 7, 7);
  t.pass(land);
  assert.equal(t.pass(land).direction, ORIGINAL);
  t.conntrack.flush();
  assert.equal(t.conntrack.count, 0);
});

test("random packets: nothing throws, every live flow is found by both keys", () => {
  const random = new SeededRandom(77), t = new TestFlows({ flows: 64, random }), batch = singleBatch();
  const bytes = (n: number) => Uint8Array.from({ length: n }, () => random.u32() & 255);
  const address = () => `192.168.1.${below(random, 4)}`, address6 = () => `2001:db8::${below(random, 4)}`;
  for (let i = 0; i < 6000; i++) {
    const six = below(random, 3) === 0;
    const route = six ? { from: address6(), to: address6() } : { from: address(), to: address() };
    const protocol = [6, 6, 17, 1, 58, 132, 136, 47, 33, 99, 59][below(random, 11)]!;
    const payload = bytes(below(random, 60));
    for (let p = 0; p < 4 && p < payload.length; p++) payload[p]! &= 3;
    const packet = ip(route, protocol, payload);
    if (below(random, 4) === 0) packet[below(random, packet.length)] = random.u32();
    t.now += below(random, 200);
    batch.clear();
    const p = t.track(packet, batch);
    if (below(random, 5) === 0) t.conntrack.abandon(p.batch, p.row);
    else t.conntrack.confirm(p.batch, p.row);
    if (below(random, 3) === 0) t.conntrack.expire(t.now, 20);
    if (i % 100 !== 0) continue;
    const table = t.conntrack.table, key = newKey();
    assert.ok(table.count <= 64);
    for (let row = t.conntrack.next(0); row >= 0; row = t.conntrack.next(row + 1)) {
      assert.match(formatFlow(table, row, t.now, { accounting: true, id: true }), /^[a-z]+ +\d+ \d+ /);
      table.readKey(row, ORIGINAL, key);
      assert.equal(table.find(key) >>> 1, row);
      table.readKey(row, REPLY, key);
      assert.equal(table.find(key) >>> 1, row);
    }
  }
});
