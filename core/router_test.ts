import { test } from "node:test";
import assert from "node:assert/strict";
import { DROP_MARTIAN_SOURCE } from "./forward/drops.ts";
import { arp, ethernet, icmp, udp } from "./packet/build.ts";
import { u16 } from "./packet/bytes.ts";
import { SeededRandom } from "./random.ts";
import { MAC, network } from "./test_network.ts";

test("a packet crosses: ARP both ways, TTL less by one, queued until the neighbour answers", () => {
  const { router, lan, wan, run, heard } = network();
  heard(lan, 0);
  heard(wan, 0);
  lan.put(arp(MAC.host, "192.0.2.9", "192.0.2.1"));
  run();
  const [reply] = heard(lan, 0x0806);
  assert.equal(reply?.[21], 2, "the router answers ARP for its address");
  lan.put(ethernet(MAC.host, MAC.lan, udp({ from: "192.0.2.9", to: "203.0.113.5" }, 1000, 53)));
  run();
  const [request] = heard(wan, 0x0806);
  assert.ok(request, "asks for the gateway");
  wan.put(arp(MAC.gateway, "198.51.100.1", "198.51.100.2", 2, MAC.wan));
  run();
  const [out] = heard(wan, 0x0800);
  assert.ok(out, "the waiting packet leaves");
  assert.equal(out[14 + 8], 63);
  assert.deepEqual([...out.subarray(0, 6)], [2, 0, 0, 0, 2, 0xbb]);
  assert.equal(router.forwarding.forwarded, 1);
  assert.equal(router.conntrack.count, 1);
});

test("the router answers echo, and time exceeded for a TTL of one", () => {
  const { lan, run, heard } = network();
  lan.put(arp(MAC.host, "192.0.2.9", "192.0.2.1"));
  run();
  heard(lan, 0);
  lan.put(ethernet(MAC.host, MAC.lan, icmp({ from: "192.0.2.9", to: "192.0.2.1" }, 8, 0, 0x12340001)));
  lan.put(ethernet(MAC.host, MAC.lan, udp({ from: "192.0.2.9", to: "203.0.113.5", ttl: 1 }, 1000, 33434)));
  run();
  const types = heard(lan, 0x0800).map((frame) => frame[14 + 20]);
  assert.deepEqual(types.sort(), [0, 11]);
});

test("a route's MTU counts: fragments without DF, an error with it", () => {
  const { lan, wan, run, heard } = network();
  lan.put(arp(MAC.host, "192.0.2.9", "192.0.2.1"));
  wan.put(arp(MAC.gateway, "198.51.100.1", "198.51.100.2", 2, MAC.wan));
  const big = (flags: number) =>
    udp({ from: "192.0.2.9", to: "203.0.113.77", flags }, 1000, 9, new Uint8Array(1300));
  lan.put(ethernet(MAC.host, MAC.lan, big(0)));
  lan.put(ethernet(MAC.host, MAC.lan, big(0x4000)));
  run();
  assert.deepEqual(heard(wan, 0x0800).map((frame) => u16(frame, 16)).sort(), [552, 796]);
  const [error] = heard(lan, 0x0800).filter((frame) => frame[14 + 20] === 3);
  assert.equal(error && u16(error, 14 + 26), 800);
});

test("a rejected packet is answered, and leaves no flow behind", () => {
  const { router, lan, run, heard } = network(
    `table inet filter { chain f { type filter hook forward priority 0; policy drop; reject; }; }`,
  );
  lan.put(arp(MAC.host, "192.0.2.9", "192.0.2.1"));
  lan.put(ethernet(MAC.host, MAC.lan, udp({ from: "192.0.2.9", to: "203.0.113.5" }, 1000, 53)));
  run();
  assert.deepEqual(heard(lan, 0x0800).map((frame) => [frame[14 + 20], frame[14 + 21]]), [[3, 3]]);
  assert.equal(router.conntrack.count, 0);
});

const MASQUERADE =
  `table ip nat { chain p { type nat hook postrouting priority 100; oifname "wan" masquerade; }; }`;

test("a neighbour that never answers: a masqueraded sender hears it, in its own words", () => {
  const { lan, run, heard } = network(MASQUERADE);
  lan.put(arp(MAC.host, "192.0.2.9", "192.0.2.1"));
  lan.put(ethernet(MAC.host, MAC.lan, udp({ from: "192.0.2.9", to: "198.51.100.99" }, 1000, 53)));
  run(4000);
  const [error, ...more] = heard(lan, 0x0800);
  assert.deepEqual(more, []);
  assert.ok(error, "host unreachable");
  assert.deepEqual([error[34], error[35]], [3, 1]);
  // to the sender, about what it sent: 192.0.2.9:1000
  assert.deepEqual([...error.subarray(30, 34)], [192, 0, 2, 9]);
  assert.deepEqual([...error.subarray(42 + 12, 42 + 16)], [192, 0, 2, 9]);
  assert.equal(u16(error, 42 + 20), 1000);
});

test("nobody else speaks with our address or a network's broadcast address", () => {
  const { router, lan, wan, run, heard } = network();
  wan.put(arp(MAC.gateway, "198.51.100.1", "198.51.100.2", 2, MAC.wan));
  for (const from of ["192.0.2.1", "198.51.100.2", "192.0.2.255"]) {
    lan.put(ethernet(MAC.host, MAC.lan, udp({ from, to: "203.0.113.5" }, 1000, 53)));
  }
  run();
  assert.deepEqual(heard(wan, 0x0800), []);
  assert.equal(router.drops.cells[DROP_MARTIAN_SOURCE], 3);
});

test("nothing that comes in by either port makes it throw, and the pool comes back whole", () => {
  const { router, lan, wan, run } = network();
  const random = new SeededRandom(99);
  for (let i = 0; i < 3000; i++) {
    const frame = i % 3 === 0 ? new Uint8Array(random.u32() % 200).map(() => random.u32()) : ethernet(
      MAC.host,
      i % 2 ? MAC.lan : "ff:ff:ff:ff:ff:ff",
      udp({ from: "192.0.2.9", to: "198.51.100.9" }, i, 9, new Uint8Array(40)),
    );
    for (let flips = random.u32() % 4; flips > 0 && frame.length > 12; flips--) {
      frame[12 + random.u32() % (frame.length - 12)] = random.u32();
    }
    (i % 5 === 0 ? wan : lan).put(frame.subarray(0, 1 + random.u32() % (frame.length + 1)));
    if (i % 16 === 0) router.turn();
  }
  run(70000);
  assert.equal(router.batch.count, 0);
  assert.equal(router.batch.pool.available, 2048 + 64);
});
