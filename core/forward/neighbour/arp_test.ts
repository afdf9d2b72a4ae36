import { test } from "node:test";
import assert from "node:assert/strict";
import { arp } from "../../packet/build.ts";
import { PACKET_HOST, VERDICT_DROP, VERDICT_STOLEN } from "../../packet/columns.ts";
import { HOST_MAC, plan, ROUTER_MAC, TestLink } from "./test_link.ts";

function quiet(): TestLink {
  const link = new TestLink();
  link.up(plan(["192.0.2.1/24"], { mtu: 1000 }));
  link.run(30000);
  link.take();
  return link;
}
const OTHER_MAC = "02:00:00:00:00:bb";

test("own addresses are announced twice, two seconds apart, when the link comes up", () => {
  const link = new TestLink();
  link.up(plan(["192.0.2.1/24"], { mtu: 1000 }));
  link.run(10000);
  const line = "arp who-has 192.0.2.1 tell 192.0.2.1 -> ff:ff:ff:ff:ff:ff";
  assert.deepEqual(link.take(1000), [`0 ${line}`, `2000 ${line}`]);
});

test("a request for our address is answered, and its sender is STALE from then on", () => {
  const link = quiet(), start = link.now;
  assert.equal(link.receive(arp(HOST_MAC, "192.0.2.9", "192.0.2.1")), VERDICT_STOLEN);
  assert.deepEqual(link.take(start), [`0 arp reply 192.0.2.1 to 192.0.2.9 -> ${HOST_MAC}`]);
  assert.deepEqual(link.neighbours(), [`192.0.2.9 dev lan lladdr ${HOST_MAC} STALE`]);
});

test("other people's addresses are neither answered for nor learned", () => {
  const link = quiet();
  link.receive(arp(HOST_MAC, "192.0.2.9", "192.0.2.7"));
  link.receive(arp(HOST_MAC, "192.0.2.9", "192.0.2.9", 2, ROUTER_MAC));
  assert.deepEqual(link.take(), []);
  assert.deepEqual(link.neighbours(), []);
});

test("an address probe is answered without learning anything", () => {
  const link = quiet(), start = link.now;
  link.receive(arp(HOST_MAC, "0.0.0.0", "192.0.2.1"));
  assert.deepEqual(link.take(start), [`0 arp reply 192.0.2.1 to 0.0.0.0 -> ${HOST_MAC}`]);
  assert.deepEqual(link.neighbours(), []);
});

test("the first of several answers counts; a gratuitous announcement moves the address at once", () => {
  const link = quiet();
  link.send("192.0.2.1", "192.0.2.9");
  link.receive(arp(HOST_MAC, "192.0.2.9", "192.0.2.1", 2, ROUTER_MAC));
  link.run(100);
  link.receive(arp(OTHER_MAC, "192.0.2.9", "192.0.2.1", 2, ROUTER_MAC));
  assert.deepEqual(link.neighbours(), [`192.0.2.9 dev lan lladdr ${HOST_MAC} REACHABLE`]);
  link.receive(arp(OTHER_MAC, "192.0.2.9", "192.0.2.9"));
  assert.deepEqual(link.neighbours(), [`192.0.2.9 dev lan lladdr ${OTHER_MAC} STALE`]);
  link.run(1001);
  link.receive(arp(HOST_MAC, "192.0.2.9", "192.0.2.1", 2, ROUTER_MAC));
  assert.deepEqual(link.neighbours(), [`192.0.2.9 dev lan lladdr ${HOST_MAC} REACHABLE`]);
});

test("a station that uses our address is reported and answered once in ten seconds", () => {
  const link = quiet(), start = link.now;
  for (let i = 0; i < 11; i++) {
    link.receive(arp(OTHER_MAC, "192.0.2.1", "192.0.2.7"));
    link.run(1000);
  }
  const line = "arp who-has 192.0.2.1 tell 192.0.2.1 -> ff:ff:ff:ff:ff:ff";
  assert.deepEqual(link.take(start), [`0 ${line}`, `10000 ${line}`]);
  const conflicts = link.events.filter((event) => event.kind === "conflict");
  assert.equal(conflicts.length, 2);
  assert.equal(conflicts[0]!.kind === "conflict" && conflicts[0]!.mac, OTHER_MAC);
  assert.equal(link.adjacency.counters.conflicts, 11);
});

test("malformed ARP is counted and dropped: every truncation, wrong types, a group's address as sender", () => {
  const link = quiet(), whole = arp(HOST_MAC, "192.0.2.9", "192.0.2.1");
  let bad = 0;
  const drop = (frame: Uint8Array) => {
    assert.equal(link.receive(frame, PACKET_HOST), VERDICT_DROP);
    assert.equal(link.adjacency.counters.arpMalformed, ++bad);
  };
  for (let length = 15; length < whole.length; length++) drop(whole.slice(0, length));
  for (const [at, value] of [[14, 9], [16, 0x86], [18, 8], [19, 16], [21, 3], [22, 0x03]] as const) {
    const frame = whole.slice();
    frame[at] = value;
    drop(frame);
  }
  drop(arp(HOST_MAC, "192.0.2.9", "224.0.0.1"));
  assert.deepEqual(link.take(), []);
  assert.deepEqual(link.neighbours(), []);
});

test("replies are limited: a flood of requests gets no more than a burst and one a millisecond", () => {
  const link = quiet(), frame = arp(HOST_MAC, "192.0.2.9", "192.0.2.1");
  for (let i = 0; i < 2000; i++) link.receive(frame);
  assert.equal(link.adjacency.counters.arpReplied, 500);
  assert.equal(link.adjacency.counters.rateLimited, 1500);
  link.run(10);
  link.receive(frame);
  assert.equal(link.adjacency.counters.arpReplied, 501);
});
