import { test } from "node:test";
import assert from "node:assert/strict";
import { arp } from "../../packet/build.ts";
import { SeededRandom } from "../../random.ts";
import { PacketPool } from "../../packet/pool.ts";
import { NeighbourTable } from "./neighbour_table.ts";
import { HOST_MAC, plan, ROUTER_MAC, TestLink, words } from "./test_link.ts";

const BROADCAST = "ff:ff:ff:ff:ff:ff";
const WHO = (target: string, mac = BROADCAST) => `arp who-has ${target} tell 192.0.2.1 -> ${mac}`;

function quiet(options = {}): TestLink {
  const link = new TestLink(options);
  link.up(plan(["192.0.2.1/24", "2001:db8::1/64"]));
  link.run(30000);
  link.take();
  return link;
}

function learn(link: TestLink, mac = HOST_MAC): void {
  link.receive(arp(mac, "192.0.2.9", "192.0.2.1", 2, ROUTER_MAC));
}

test("nobody answers: three requests a second apart, then FAILED and the packets are reported", () => {
  const link = quiet(), start = link.now;
  assert.equal(link.send("192.0.2.1", "198.51.100.1", "192.0.2.9"), false);
  assert.equal(link.send("192.0.2.1", "198.51.100.2", "192.0.2.9"), false);
  assert.deepEqual(link.neighbours(), ["192.0.2.9 dev lan INCOMPLETE"]);
  link.run(10000);
  assert.deepEqual(link.take(start), ["0", "1000", "2000"].map((at) => `${at} ${WHO("192.0.2.9")}`));
  assert.deepEqual(link.unreachable, [`${start + 3000} 198.51.100.1`, `${start + 3000} 198.51.100.2`]);
  assert.deepEqual(link.neighbours(), ["192.0.2.9 dev lan FAILED"]);
  assert.equal(link.adjacency.counters.unreachable, 2);
  assert.equal(link.pool.available, 520);
});

test("the answer releases what waited in order, and the neighbour is REACHABLE", () => {
  const link = quiet(), start = link.now;
  link.send("192.0.2.1", "192.0.2.9");
  link.send("192.0.2.1", "198.51.100.7", "192.0.2.9");
  link.run(20);
  learn(link);
  assert.deepEqual(link.take(start), [
    `0 ${WHO("192.0.2.9")}`,
    `20 packet 192.0.2.9 -> ${HOST_MAC}`,
    `20 packet 198.51.100.7 -> ${HOST_MAC}`,
  ]);
  assert.deepEqual(link.neighbours(), [`192.0.2.9 dev lan lladdr ${HOST_MAC} REACHABLE`]);
  assert.equal(link.send("192.0.2.1", "192.0.2.9"), true);
  assert.equal(link.pool.available, 520);
});

/** Time after `learn` at which the entry, unused, is STALE. */
function staleAfter(link: TestLink): number {
  const start = link.now;
  while (!link.neighbours()[0]!.endsWith("STALE")) link.run(100);
  return link.now - start;
}

test("REACHABLE lasts 15 to 45 s, STALE is used at once, DELAY takes 5 s, then three unicast probes, FAILED", () => {
  const link = quiet();
  link.send("192.0.2.1", "192.0.2.9");
  learn(link);
  const stale = staleAfter(link);
  assert.ok(stale >= 15000 && stale <= 45100, `${stale} ms`);
  link.run(60000);
  assert.match(link.neighbours()[0]!, /STALE$/);
  link.take();
  const start = link.now;
  assert.equal(link.send("192.0.2.1", "192.0.2.9"), true);
  assert.match(link.neighbours()[0]!, /DELAY$/);
  link.run(5000);
  assert.match(link.neighbours()[0]!, /PROBE$/);
  assert.equal(link.send("192.0.2.1", "192.0.2.9"), true, "sending goes on while probing");
  link.run(2999);
  assert.match(link.neighbours()[0]!, /PROBE$/);
  link.run(1);
  assert.match(link.neighbours()[0]!, /FAILED$/);
  const probes = link.take(start).filter((line) => line.includes("arp"));
  assert.deepEqual(probes, ["5000", "6000", "7000"].map((at) => `${at} ${WHO("192.0.2.9", HOST_MAC)}`));
});

test("an answer to a probe, and a confirmation from above, make it REACHABLE again", () => {
  const link = quiet();
  link.send("192.0.2.1", "192.0.2.9");
  learn(link);
  staleAfter(link);
  link.send("192.0.2.1", "192.0.2.9");
  link.run(5500);
  learn(link);
  assert.match(link.neighbours()[0]!, /REACHABLE$/);
  staleAfter(link);
  link.send("192.0.2.1", "192.0.2.9");
  link.run(2000);
  link.adjacency.confirm(link.adjacency.lookup(1, 4, words("192.0.2.9"), 0, link.now), link.now);
  link.take();
  link.run(3000);
  assert.match(link.neighbours()[0]!, /REACHABLE$/);
  assert.deepEqual(link.take(), [], "nobody was asked");
});

test("in use when its time ends: REACHABLE goes to DELAY, not STALE", () => {
  const link = quiet();
  link.send("192.0.2.1", "192.0.2.9");
  learn(link);
  for (let i = 0; i < 460 && link.neighbours()[0]!.endsWith("REACHABLE"); i++) {
    link.run(100);
    link.send("192.0.2.1", "192.0.2.9");
  }
  assert.match(link.neighbours()[0]!, /DELAY$/);
});

test("a neighbour's queue gives up its oldest packet; all queues together take a quarter of the pool", () => {
  const link = new TestLink({ pool: new PacketPool(2048, 4) });
  link.up(plan(["192.0.2.1/24"]));
  for (let i = 0; i < 110; i++) link.send("192.0.2.1", `198.51.100.${i}`, "192.0.2.9");
  assert.equal(link.adjacency.counters.queueDropped, 6);
  link.take();
  learn(link);
  link.run(10);
  const sent = link.take().map((line) => line.split(" ")[2]);
  assert.equal(sent.length, 104, "more than a batch holds is released over several");
  assert.equal(sent[0], "198.51.100.6");
  assert.equal(sent.at(-1), "198.51.100.109");
  for (let host = 10; host < 30; host++) {
    for (let i = 0; i < 100; i++) link.send("192.0.2.1", "198.51.100.1", `192.0.2.${host}`);
  }
  assert.ok(2052 - link.pool.available <= 513, `${2052 - link.pool.available} slabs`);
  link.run(5000);
  assert.equal(link.pool.available, 2052);
});

test("a scan of a prefix leaves room for those who answer, and costs a bounded number of rows", () => {
  const link = quiet({ capacity: 64 });
  link.send("192.0.2.1", "192.0.2.9");
  learn(link);
  for (let i = 0; i < 200; i++) link.send("2001:db8::1", `2001:db8::${(i + 16).toString(16)}`);
  assert.ok(link.adjacency.counters.tableFull > 100);
  assert.ok(link.neighbours().length <= 34);
  assert.match(link.neighbours().join("\n"), /192\.0\.2\.9 .*REACHABLE/);
  link.run(1500);
  assert.equal(link.send("2001:db8::1", "2001:db8::ff:1"), false);
  assert.match(link.neighbours().join("\n"), /ff:1 dev lan INCOMPLETE/, "rows asked for twice make room");
});

test("multicast and broadcast need nobody's answer", () => {
  const link = quiet();
  for (
    const [from, to, mac] of [
      ["192.0.2.1", "239.129.2.3", "01:00:5e:01:02:03"],
      ["192.0.2.1", "255.255.255.255", BROADCAST],
      ["192.0.2.1", "192.0.2.255", BROADCAST],
      ["2001:db8::1", "ff02::1:ff12:3456", "33:33:ff:12:34:56"],
    ] as const
  ) {
    assert.equal(link.send(from, to), true);
    assert.match(link.take()[0]!, new RegExp(`-> ${mac}$`));
  }
  assert.deepEqual(link.neighbours(), []);
});

test("an interface that goes down forgets its neighbours and frees what waited", () => {
  const link = quiet();
  link.send("192.0.2.1", "192.0.2.9");
  link.adjacency.interfaceUp(1, false, link.now);
  assert.deepEqual(link.neighbours(), []);
  assert.equal(link.pool.available, 520);
  assert.equal(link.send("192.0.2.1", "192.0.2.9"), false);
  link.run(5000);
  assert.deepEqual(link.take().filter((line) => line.includes("who-has 192.0.2.9")).length, 1);
});

test("idle neighbours are collected once the table holds 128", () => {
  const link = quiet();
  for (let i = 0; i < 130; i++) {
    link.receive(arp(HOST_MAC, `192.0.2.${i + 10}`, "192.0.2.1"));
  }
  assert.equal(link.neighbours().length, 130);
  link.run(200000);
  assert.ok(link.neighbours().length < 128, `${link.neighbours().length}`);
});

test("the table agrees with a model over random insertions, look-ups and removals", () => {
  const random = new SeededRandom(3), table = new NeighbourTable(64, random);
  const model = new Map<string, number>();
  const key = new Uint32Array(4);
  for (let step = 0; step < 20000; step++) {
    key[0] = random.u32() % 3, key[3] = random.u32() % 40;
    const index = 1 + random.u32() % 2, text = `${index} ${key.join()}`;
    const row = table.find(index, 6, key, 0);
    assert.equal(row, model.get(text) ?? -1);
    if (row >= 0 && random.u32() % 2 === 0) {
      table.remove(row);
      model.delete(text);
    } else if (row < 0) {
      const made = table.create(index, 6, key, 0, step, true, (victim) => {
        for (const [k, v] of model) if (v === victim) model.delete(k);
      });
      if (made >= 0) model.set(text, made);
    }
    assert.equal(table.count, model.size);
  }
});
