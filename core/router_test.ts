import { test } from "node:test";
import assert from "node:assert/strict";
import { VirtualClock } from "./clock.ts";
import { parseAddress, parsePrefix } from "./packet/address.ts";
import { Nft } from "./nft/nft.ts";
import { assemble } from "./classify/assemble.ts";
import { RulesetStore } from "./ruleset/store.ts";
import { arp, ethernet, icmp, udp } from "./packet/build.ts";
import { u16 } from "./packet/bytes.ts";
import { TABLE_MAIN } from "./plan.ts";
import type { InterfacePlan, RouterPlan } from "./plan.ts";
import { MemoryPort } from "./port_memory.ts";
import { SeededRandom } from "./random.ts";
import { Router } from "./router.ts";

const MAC = {
  lan: "02:00:00:00:01:01",
  wan: "02:00:00:00:02:01",
  host: "02:00:00:00:01:aa",
  gateway: "02:00:00:00:02:bb",
};

/** A router with a port `lan` (192.0.2.1/24) and a port `wan` (198.51.100.2/24), no rules. */
function network(rules = "") {
  const clock = new VirtualClock(1000), store = new RulesetStore({ offline: true });
  const { error } = new Nft(store).run(rules, "rules");
  assert.equal(error, "");
  const router = new Router({
    clock,
    random: new SeededRandom(7),
    flows: 256,
    secret: new Uint8Array(16),
    cells: store.cells.numbers,
  });
  const ends = [1, 2].map((number) => {
    const near = new MemoryPort({ name: `port${number}` }), far = new MemoryPort({ name: `far${number}` });
    MemoryPort.join(near, far);
    router.setPort(number, near);
    return far;
  });
  const mac = (text: string) => Uint8Array.from(text.split(":"), (part) => parseInt(part, 16));
  const plain = (index: number, name: string, address: string, own: string): InterfacePlan => ({
    name,
    index,
    mac: mac(own),
    mtu: 1500,
    ports: [index],
    addresses: [parsePrefix(address)!],
    acceptAdvertisements: false,
  });
  const plan: RouterPlan = {
    generation: 1,
    hostname: "test",
    interfaces: [plain(1, "lan", "192.0.2.1/24", MAC.lan), plain(2, "wan", "198.51.100.2/24", MAC.wan)],
    routes: [{
      destination: parsePrefix("0.0.0.0/0")!,
      type: "unicast",
      via: parseAddress("198.51.100.1")!,
      interface: 2,
      metric: 0,
      table: TABLE_MAIN,
    }, {
      destination: parsePrefix("203.0.113.77/32")!,
      type: "unicast",
      via: parseAddress("198.51.100.1")!,
      interface: 2,
      metric: 0,
      table: TABLE_MAIN,
      mtu: 800,
    }],
    policyRules: [],
    conntrack: { flows: 256 },
    program: assemble(store.current, 1),
  };
  router.apply(plan);
  const [lan, wan] = ends as [MemoryPort, MemoryPort];
  const run = (milliseconds = 0) => {
    for (let t = 0; t <= milliseconds; t += 10) {
      for (let i = 0; i < 8; i++) router.turn();
      clock.advance(10);
    }
  };
  run();
  /** Frames of a type that came out of a port since it was last asked. */
  const heard = (port: MemoryPort, type: number) => {
    const frames: Uint8Array[] = [];
    for (let frame = port.take(); frame !== undefined; frame = port.take()) {
      if (u16(frame, 12) === type) frames.push(frame);
    }
    return frames;
  };
  return { router, lan, wan, run, heard };
}

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
