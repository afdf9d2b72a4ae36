import assert from "node:assert/strict";
import { test } from "node:test";
import { HOOK_PREROUTING } from "../hook.ts";
import { tcp, udp } from "../packet/build.ts";
import { CT_ESTABLISHED, CT_INVALID, CT_NEW, CT_RELATED } from "../packet/columns.ts";
import { TCP_ACK, TCP_SYN } from "../packet/tcp.ts";
import { putPacket, singleBatch } from "../packet/test_batch.ts";
import { templateZone, ZONE_BOTH, ZONE_ORIGINAL, ZONE_REPLY, zoneTemplate } from "../packet/zone_template.ts";
import { SeededRandom } from "../random.ts";
import { formatFlow } from "./format.ts";
import { tableBytes } from "./layout.ts";
import { type FlowObject, OBJECT_BREAK, OBJECT_DONE, OBJECT_DROP } from "./objects.ts";
import { ORIGINAL, REPLY } from "./status.ts";
import { type Passed, TestFlows } from "./test_flows.ts";
import { Conntrack } from "./track.ts";

const C = "192.168.1.2", S = "198.51.100.2";
const question = (port = 5000) => udp({ from: C, to: S }, port, 53);
const answer = (port = 5000) => udp({ from: S, to: C }, 53, port);
const syn = (port: number) => tcp({ from: C, to: S }, port, 80, { flags: TCP_SYN, sequence: 1 });

/** Passes a packet that a rule has chosen a zone for. */
function inZone(t: TestFlows, packet: Uint8Array, zone: number, directions = ZONE_BOTH): Passed {
  const batch = singleBatch();
  batch.now = t.now;
  const row = putPacket(batch, packet);
  batch.flow[row] = zoneTemplate(zone, directions);
  t.conntrack.track(batch, row, HOOK_PREROUTING);
  const [state, direction, flow] = [batch.ctState[row]!, batch.direction[row]!, batch.flow[row]!];
  t.conntrack.confirm(batch, row);
  return { batch, row, state, direction, flow, verdict: batch.verdict[row]! };
}

const line = (t: TestFlows, row: number) => formatFlow(t.conntrack.table, row, t.now);

test("a template names a zone for one direction or both", () => {
  for (const zone of [0, 1, 5, 65535]) {
    const both = zoneTemplate(zone, ZONE_BOTH), one = zoneTemplate(zone, ZONE_REPLY);
    assert.ok(both < -1);
    assert.deepEqual([templateZone(both, ORIGINAL), templateZone(both, REPLY)], [zone, zone]);
    assert.deepEqual([templateZone(one, ORIGINAL), templateZone(one, REPLY)], [0, zone]);
  }
  assert.deepEqual([templateZone(-1, ORIGINAL), templateZone(7, REPLY)], [0, 0]);
});

test("equal addresses in two zones are two flows", () => {
  const t = new TestFlows(), plain = t.pass(question()), other = inZone(t, question(), 5);
  assert.notEqual(plain.flow, other.flow);
  assert.equal(other.state, CT_NEW);
  assert.deepEqual([inZone(t, answer(), 5).flow, t.pass(answer()).flow], [other.flow, plain.flow]);
  assert.equal(inZone(t, answer(), 6).state, CT_NEW);
  assert.match(line(t, other.flow), / mark=0 zone=5 use=1$/);
  assert.doesNotMatch(line(t, plain.flow), /zone/);
});

test("a zone of the original direction alone: answers come in none, and the other way round", () => {
  const t = new TestFlows(), there = inZone(t, question(1), 65535, ZONE_ORIGINAL);
  assert.equal(t.pass(answer(1)).flow, there.flow);
  assert.match(line(t, there.flow), /dport=53 zone-orig=65535 src=.* dport=1 mark=0 use=1$/);
  const back = inZone(t, question(2), 8, ZONE_REPLY), answered = inZone(t, answer(2), 8, ZONE_REPLY);
  assert.deepEqual([answered.flow, answered.direction, answered.state], [back.flow, REPLY, CT_ESTABLISHED]);
  assert.equal(inZone(t, question(2), 8, ZONE_REPLY).flow, back.flow);
  assert.match(line(t, back.flow), / dport=2 zone-reply=8 mark=0 use=1$/);
});

test("what is no packet of a flow keeps no zone", () => {
  const refused = inZone(new TestFlows(), tcp({ from: C, to: S }, 1, 2, { flags: 0 }), 5);
  assert.deepEqual([refused.flow, refused.state], [-1, CT_INVALID]);
});

test("labels are added to, and go with the flow", () => {
  const t = new TestFlows(), { table } = t.conntrack, { assigned } = table, { flow } = t.pass(question());
  assert.equal(assigned.label(flow, 0), 0);
  assert.equal(assigned.has(flow), false);
  assigned.addLabel(flow, Int32Array.of(9, 8, 0, 0, 1 << 31), 1);
  assigned.addLabel(flow, Int32Array.of(1, 0, 0, 0), 0);
  assert.deepEqual([0, 1, 2, 3].map((word) => assigned.label(flow, word)), [9, 0, 0, 0x80000000]);
  t.conntrack.delete(flow);
  t.conntrack.expire(t.now, 10);
  const next = t.pass(question(1)).flow;
  assert.equal(next, flow);
  assert.deepEqual([assigned.label(next, 0), table.answerable(next)], [0, true]);
  assigned.setEvents(next, 7);
  assert.deepEqual([assigned.events(next), assigned.label(next, 3), table.answerable(next)], [7, 0, true]);
});

const named = { name: "inet t x", family: "inet" } as const;
const SLOW: FlowObject = {
  ...named,
  kind: "ct timeout",
  protocol: "udp",
  policy: [["unreplied", 9], ["replied", 14]],
};
const OPEN: FlowObject = {
  ...named,
  kind: "ct timeout",
  protocol: "tcp",
  policy: [["syn_sent", 7], ["established", 99]],
};
const PHONE: FlowObject = { ...named, kind: "ct helper", protocol: "udp", helper: "sip" };
const CALL: FlowObject = {
  ...named,
  kind: "ct expectation",
  protocol: "tcp",
  port: 9876,
  timeout: 60_000,
  size: 1,
};

/** A flow's first packet meets the objects of these numbers, then leaves. */
function meets(t: TestFlows, packet: Uint8Array, ...numbers: number[]): { flow: number; results: number[] } {
  const { batch, row, flow } = t.track(packet);
  const results = numbers.map((number) => t.conntrack.objects.apply(number, batch, row));
  t.conntrack.confirm(batch, row);
  return { flow, results };
}

test("a policy's timeouts hold for flows of its protocol it was given to", () => {
  const t = new TestFlows(),
    { conntrack } = t,
    left = (row: number) => conntrack.table.expiration(row, t.now);
  conntrack.objects.install([SLOW, OPEN]);
  const slow = meets(t, question(), 0).flow, usual = meets(t, question(1), 1).flow;
  assert.deepEqual([left(slow), left(usual)], [9_000, 30_000]);
  t.now += 3000;
  t.pass(question());
  t.pass(answer());
  t.pass(question());
  assert.equal(left(slow), 14_000);
  const open = meets(t, syn(2), 1).flow;
  assert.equal(left(open), 7_000);
  t.pass(tcp({ from: S, to: C }, 80, 2, { flags: TCP_SYN | TCP_ACK, sequence: 9, acknowledgement: 2 }));
  assert.equal(left(open), 60_000);
  t.pass(tcp({ from: C, to: S }, 2, 80, { flags: TCP_ACK, sequence: 2, acknowledgement: 10 }));
  assert.equal(left(open), 99_000);
  assert.deepEqual(meets(t, question(), 0).results, [OBJECT_DONE]);
});

test("a policy keeps its flows over programs that have it, and gives them back after", () => {
  const t = new TestFlows(),
    { conntrack } = t,
    left = (row: number) => conntrack.table.expiration(row, t.now);
  conntrack.objects.install([SLOW]);
  const { flow } = meets(t, question(), 0);
  conntrack.objects.install([PHONE, OPEN, SLOW]);
  t.pass(question());
  assert.equal(left(flow), 9_000);
  conntrack.objects.install([OPEN]);
  t.pass(question());
  assert.equal(left(flow), 30_000);
});

test("a restarted table keeps labels and zones and forgets policies", () => {
  const buffer = new ArrayBuffer(tableBytes(100)), t = new TestFlows({ buffer });
  t.conntrack.objects.install([SLOW]);
  const { flow } = meets(t, question(), 0), zoned = inZone(t, question(), 5).flow;
  t.conntrack.table.assigned.addLabel(flow, Int32Array.of(4, 0, 0, 0), 0);
  const again = new Conntrack({ flows: 100, random: new SeededRandom(6), buffer }).table;
  assert.deepEqual([again.assigned.label(flow, 0), again.assigned.policy(flow)], [4, 0]);
  assert.equal(again.zone(zoned, REPLY), 5);
});

test("a helper is named with its flow and compared with those it expected", () => {
  const t = new TestFlows(), { conntrack } = t, { table } = conntrack;
  conntrack.objects.install([PHONE, CALL]);
  const master = meets(t, question(), 0, 1).flow;
  assert.match(line(t, master), / mark=0 helper=sip use=1$/);
  assert.equal(table.assigned.masterHelper(master), "");
  const child = t.pass(tcp({ from: S, to: C }, 4000, 9876, { flags: TCP_SYN, sequence: 1 }));
  assert.equal(child.state, CT_RELATED);
  assert.equal(table.assigned.masterHelper(child.flow), "sip");
  const other = meets(t, syn(3), 0).flow;
  assert.doesNotMatch(line(t, other), /helper/);
});

test("expectations: only of new flows, as many as declared, none that another flow has", () => {
  const t = new TestFlows(), { conntrack } = t;
  conntrack.objects.install([CALL]);
  assert.deepEqual(meets(t, question(), 0, 0).results, [OBJECT_DONE, OBJECT_BREAK]);
  assert.deepEqual(meets(t, question(), 0).results, [OBJECT_BREAK]);
  assert.deepEqual(meets(t, question(1), 0).results, [OBJECT_DROP]);
  assert.equal(conntrack.expectations.count, 1);
  t.now += 60_001;
  assert.equal(
    t.pass(tcp({ from: S, to: C }, 4000, 9876, { flags: TCP_SYN, sequence: 1 })).state,
    CT_NEW,
  );
});

test("a number without an object does nothing", () => {
  assert.deepEqual(meets(new TestFlows(), question(), 3).results, [OBJECT_DONE]);
});
