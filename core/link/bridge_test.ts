import { test } from "node:test";
import assert from "node:assert/strict";
import { formatMac, parseMac } from "../packet/address.ts";
import type { PacketBatch } from "../packet/batch.ts";
import { arp, ethernet, udp } from "../packet/build.ts";
import { putFrame, testBatch } from "../packet/test_batch.ts";
import { below, SeededRandom } from "../random.ts";
import { Bridge, BRIDGE_DROP, BRIDGE_FLOOD, BRIDGE_FORWARD, BRIDGE_LOCAL } from "./bridge.ts";

const OWN = "02:00:00:00:00:01", A = "02:00:00:00:00:0a", B = "02:00:00:00:00:0b", ALL = "ff:ff:ff:ff:ff:ff";
const packet = udp({ from: "192.168.1.10", to: "192.168.1.11" }, 1000, 2000);

function bridge(stp: "pass" | "block" = "block", capacity = 64): Bridge {
  const made = new Bridge({ ageing: 300, stp }, capacity, 42);
  made.configure([1, 2, 3], 300, stp, parseMac(OWN)!);
  return made;
}

function send(to: Bridge, batch: PacketBatch, port: number, from: string, dest: string, tci = 0): string {
  batch.clear();
  const row = putFrame(batch, ethernet(from, dest, packet), port);
  if (tci !== 0) batch.vlan[row] = ((0x8100 << 16) | tci) >>> 0;
  const decision = to.input(batch, row);
  if (decision === BRIDGE_DROP) return "drop";
  if (decision === BRIDGE_LOCAL) return "local";
  if (decision === BRIDGE_FORWARD) return `port ${to.port}`;
  assert.equal(decision, BRIDGE_FLOOD);
  return `flood ${[...to.ports.subarray(0, to.portCount)].join()}${to.local ? " local" : ""}`;
}

test("unknown is flooded, known goes to its port, own comes in", () => {
  const b = bridge(), batch = testBatch();
  assert.equal(send(b, batch, 1, A, B), "flood 2,3");
  assert.equal(send(b, batch, 2, B, A), "port 1");
  assert.equal(send(b, batch, 1, A, B), "port 2");
  assert.equal(send(b, batch, 1, A, OWN), "local");
  assert.equal(send(b, batch, 3, "02:00:00:00:00:0c", ALL), "flood 1,2 local");
  assert.equal(send(b, batch, 2, B, "01:00:5e:00:00:fb"), "flood 1,3 local");
});

test("never back to where it came from", () => {
  const b = bridge(), batch = testBatch();
  send(b, batch, 1, A, ALL);
  assert.equal(send(b, batch, 1, B, A), "drop");
  assert.equal(b.counters.hairpin, 1);
});

test("a station that moves is found at its new port", () => {
  const b = bridge(), batch = testBatch();
  send(b, batch, 1, A, ALL);
  send(b, batch, 2, B, ALL);
  send(b, batch, 3, A, ALL);
  assert.equal(send(b, batch, 2, B, A), "port 3");
  assert.equal(b.counters.moved, 1);
});

test("what a station cannot be is dropped: group, zero, our own address as source", () => {
  const b = bridge(), batch = testBatch();
  assert.equal(send(b, batch, 1, "01:00:5e:00:00:01", B), "drop");
  assert.equal(send(b, batch, 1, "00:00:00:00:00:00", B), "drop");
  assert.equal(send(b, batch, 1, OWN, B), "drop");
  assert.equal(b.counters.invalidSource, 2);
  assert.equal(b.counters.ownSource, 1);
  assert.equal(b.stations, 0);
});

test("link-local groups stay on their link, spanning tree as configured", () => {
  const batch = testBatch();
  for (const stp of ["pass", "block"] as const) {
    const b = bridge(stp);
    assert.equal(send(b, batch, 1, A, "01:80:c2:00:00:00"), stp === "pass" ? "flood 2,3 local" : "drop");
    for (const last of ["01", "02", "03", "0e", "0f"]) {
      assert.equal(send(b, batch, 1, A, `01:80:c2:00:00:${last}`), "drop");
    }
    assert.equal(send(b, batch, 1, A, "01:80:c2:00:00:10"), "flood 2,3 local");
    assert.equal(b.stations, 1, "their source is learned all the same");
  }
});

test("each VLAN has stations of its own", () => {
  const b = bridge(), batch = testBatch();
  send(b, batch, 1, A, ALL, 10);
  send(b, batch, 2, A, ALL, 20);
  assert.equal(send(b, batch, 3, B, A, 10), "port 1");
  assert.equal(send(b, batch, 3, B, A, 0x6014), "port 2", "priority bits are no part of the VLAN");
  assert.equal(send(b, batch, 3, B, A), "flood 1,2");
  assert.equal(b.counters.moved, 0);
});

test("stations age, and come back", () => {
  const b = bridge(), batch = testBatch();
  send(b, batch, 1, A, ALL);
  batch.now = 299_000;
  assert.equal(send(b, batch, 2, B, A), "port 1");
  batch.now = 300_000;
  assert.equal(send(b, batch, 2, B, A), "flood 1,3");
  for (let i = 0; i < 100; i++) b.tick(300_000);
  assert.equal(b.stations, 1);
  send(b, batch, 3, A, ALL);
  assert.equal(send(b, batch, 2, B, A), "port 3");
  assert.equal(b.counters.moved, 0, "an aged address was not moved, it is new");
});

test("a full table learns nobody new and keeps who is in it", () => {
  const b = bridge("block", 2), batch = testBatch();
  send(b, batch, 1, A, ALL);
  send(b, batch, 2, B, ALL);
  assert.equal(send(b, batch, 3, "02:00:00:00:00:0c", A), "port 1");
  assert.equal(b.counters.refused, 1);
  assert.equal(send(b, batch, 1, A, "02:00:00:00:00:0c"), "flood 2,3");
  assert.equal(send(b, batch, 1, A, B), "port 2");
});

test("frames of our own find their port; a port that goes down is forgotten", () => {
  const b = bridge(), batch = testBatch();
  send(b, batch, 2, A, ALL);
  const frame = ethernet(OWN, A, packet);
  assert.equal(b.outputPort(frame, 0, 0), 2);
  assert.equal(b.outputPort(frame, 0, 5), -1);
  assert.equal(b.outputPort(arp(OWN, "192.168.1.1", "192.168.1.2"), 0, 0), -1);
  b.portDown(2);
  assert.equal(b.outputPort(frame, 0, 0), -1);
  assert.equal(b.stations, 0);
});

test("a new plan keeps the stations of ports that stay; others' ports are no members", () => {
  const b = bridge(), batch = testBatch();
  send(b, batch, 1, A, ALL);
  send(b, batch, 2, B, ALL);
  b.configure([1, 3], 300, "block", parseMac(OWN)!);
  assert.equal(b.stations, 1);
  assert.equal(send(b, batch, 3, "02:00:00:00:00:0c", A), "port 1");
  assert.equal(send(b, batch, 3, "02:00:00:00:00:0c", B), "flood 1");
  assert.equal(send(b, batch, 2, B, A), "drop");
});

test("listed in the words of bridge fdb", () => {
  const b = bridge(), batch = testBatch();
  send(b, batch, 1, A, ALL);
  send(b, batch, 2, B, ALL, 7);
  const lines = b.list((port) => `lan${port}`, 0);
  assert.equal(lines[0], `${OWN} dev lan1 permanent`);
  assert.deepEqual(lines.slice(1).sort(), [`${A} dev lan1`, `${B} dev lan2 vlan 7`]);
});

test("a truncated frame is dropped", () => {
  const b = bridge(), batch = testBatch();
  const row = putFrame(batch, new Uint8Array(13), 1);
  assert.equal(b.input(batch, row), BRIDGE_DROP);
});

test("random learning, moving, ageing and forgetting agree with a plain map", () => {
  const random = new SeededRandom(1), batch = testBatch(), b = bridge("block", 40);
  const known = new Map<string, { port: number; seen: number }>();
  for (let i = 0; i < 20_000; i++) {
    batch.now += below(random, 4000);
    const station = Uint8Array.of(2, 0, 9, 0, below(random, 2), below(random, 30)), mac = formatMac(station);
    const port = 1 + below(random, 3), what = below(random, 40);
    if (what === 0) {
      b.portDown(port);
      for (const [key, value] of known) if (value.port === port) known.delete(key);
    } else if (what < 5) {
      b.tick(batch.now);
    } else {
      const target = formatMac(Uint8Array.of(2, 0, 9, 0, below(random, 2), below(random, 30)));
      const refused = b.counters.refused, got = send(b, batch, port, mac, target);
      if (b.counters.refused === refused) known.set(mac, { port, seen: batch.now });
      else {assert.ok(
          !known.has(mac) || known.get(mac)!.seen <= batch.now - 300_000,
          "who is known is not refused",
        );}
      const at = known.get(target), alive = at !== undefined && at.seen > batch.now - 300_000;
      const rest = [1, 2, 3].filter((p) => p !== port).join();
      assert.equal(got, alive ? (at.port === port ? "drop" : `port ${at.port}`) : `flood ${rest}`);
    }
  }
  assert.ok(b.counters.refused > 0 && b.counters.moved > 0);
});
