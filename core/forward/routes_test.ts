import { test } from "node:test";
import assert from "node:assert/strict";
import { type Address, formatWords, parseAddress, parsePrefix, type Prefix } from "../packet/address.ts";
import type { PolicyRulePlan, RoutePlan } from "../plan.ts";
import { below, SeededRandom } from "../random.ts";
import {
  ROUTE_BLACKHOLE,
  ROUTE_BROADCAST,
  ROUTE_LOCAL,
  ROUTE_MULTICAST,
  ROUTE_NONE,
  ROUTE_PROHIBIT,
  ROUTE_UNICAST,
  ROUTE_UNREACHABLE,
  Routes,
} from "./routes.ts";

const LAN = 1, WAN = 2, DMZ = 3;
const names = (index: number) => ["lo", "lan", "wan", "dmz"][index]!;
const prefix = (text: string): Prefix => parsePrefix(text)!;
const address = (text: string): Address => parseAddress(text)!;
const route = (to: string, more: Partial<RoutePlan> & { gateway?: string } = {}): RoutePlan => {
  const { gateway, ...rest } = more;
  return {
    destination: prefix(to),
    type: "unicast",
    metric: 0,
    table: 254,
    ...(gateway === undefined ? {} : { via: address(gateway) }),
    ...rest,
  };
};

const connected = [
  { interface: LAN, addresses: ["192.168.1.1/24", "fd00:1::1/64", "fe80::1/64"].map(prefix) },
  { interface: WAN, addresses: ["198.51.100.2/30", "2001:db8:f::2/64", "fe80::2/64"].map(prefix) },
];

interface Asked {
  readonly from?: string;
  readonly mark?: number;
  readonly incoming?: number;
  readonly outgoing?: number;
}

function ask(routes: Routes, to: string, asked: Asked = {}): number {
  const words = Uint32Array.from([9, ...address(to).words]),
    from = Uint32Array.from([...address(asked.from ?? "::").words]);
  const family = address(to).family;
  return routes.lookup(family, words, 1, from, 0, asked.mark ?? 0, asked.incoming ?? 0, asked.outgoing ?? 0);
}

/** "TYPE via NEXT-HOP dev INTERFACE", as far as each applies. */
function way(routes: Routes, to: string, asked: Asked = {}): string {
  const type = ask(routes, to, asked);
  if (type !== ROUTE_UNICAST) return `type ${type}`;
  const via = formatWords(routes.gatewayFamily, routes.gateway, 0);
  return `${routes.hasGateway ? `via ${via} ` : via === to ? "" : "WRONG "}dev ${names(routes.interface)}`;
}

function router(plans: RoutePlan[], rules: PolicyRulePlan[] = []): Routes {
  const routes = new Routes();
  routes.configure(plans, rules, connected);
  return routes;
}

test("own addresses, directed broadcasts, subnets and the default", () => {
  const routes = router([
    route("0.0.0.0/0", { gateway: "198.51.100.1", interface: WAN }),
    route("::/0", { gateway: "fe80::ffff", interface: WAN }),
  ]);
  assert.equal(ask(routes, "192.168.1.1"), ROUTE_LOCAL);
  assert.equal(ask(routes, "198.51.100.2"), ROUTE_LOCAL);
  assert.equal(ask(routes, "192.168.1.255"), ROUTE_BROADCAST);
  assert.equal(routes.interface, LAN);
  assert.equal(ask(routes, "198.51.100.3"), ROUTE_BROADCAST);
  assert.equal(
    way(routes, "192.168.1.0"),
    "dev lan",
    "the lowest address is an ordinary one since Linux 5.14",
  );
  assert.equal(way(routes, "192.168.1.77"), "dev lan");
  assert.equal(routes.prefixLength, 24);
  assert.equal(way(routes, "203.0.113.9"), "via 198.51.100.1 dev wan");
  assert.equal(routes.prefixLength, 0);
  assert.equal(ask(routes, "fd00:1::1"), ROUTE_LOCAL);
  assert.equal(routes.anycast, false);
  assert.equal(ask(routes, "fd00:1::"), ROUTE_LOCAL);
  assert.equal(routes.anycast, true, "subnet-router anycast");
  assert.equal(way(routes, "fd00:1::99"), "dev lan");
  assert.equal(way(routes, "2001:db8:1::1"), "via fe80::ffff dev wan");
});

test("a /31 and a /32 have no broadcast, a /127 no anycast", () => {
  const routes = new Routes();
  routes.configure([], [], [{
    interface: WAN,
    addresses: ["203.0.113.0/31", "203.0.113.9/32", "2001:db8::/127"].map(prefix),
  }]);
  assert.equal(way(routes, "203.0.113.1"), "dev wan");
  assert.equal(ask(routes, "203.0.113.9"), ROUTE_LOCAL);
  assert.equal(ask(routes, "203.0.113.8"), ROUTE_NONE);
  assert.equal(ask(routes, "2001:db8::"), ROUTE_LOCAL);
  assert.equal(routes.anycast, false);
});

test("broadcast, multicast and link-local destinations belong to the interface they are asked for", () => {
  const routes = router([route("0.0.0.0/0", { gateway: "198.51.100.1", interface: WAN })]);
  assert.equal(ask(routes, "255.255.255.255", { incoming: LAN }), ROUTE_BROADCAST);
  assert.equal(routes.interface, LAN);
  assert.equal(ask(routes, "224.0.0.251", { outgoing: LAN }), ROUTE_MULTICAST);
  assert.equal(routes.interface, LAN);
  assert.equal(ask(routes, "224.0.0.251"), ROUTE_MULTICAST, "without one, by the route there");
  assert.equal(routes.interface, WAN);
  assert.equal(routes.hasGateway, false);
  assert.equal(ask(routes, "ff02::1", { incoming: LAN }), ROUTE_MULTICAST);
  assert.equal(ask(routes, "fe80::1", { incoming: LAN }), ROUTE_LOCAL);
  assert.equal(way(routes, "fe80::1", { incoming: WAN }), "dev wan", "another link's fe80::1 is not ours");
  assert.equal(way(routes, "fe80::77", { outgoing: LAN }), "dev lan");
  assert.equal(ask(routes, "fe80::77"), ROUTE_NONE);
  assert.equal(ask(routes, "fe80::2"), ROUTE_LOCAL);
});

test("the lowest metric wins, the first of equals; a route needs its interface", () => {
  const routes = router([
    route("10.0.0.0/8", { gateway: "198.51.100.1", interface: WAN, metric: 20 }),
    route("10.0.0.0/8", { gateway: "192.168.1.9", interface: LAN, metric: 10 }),
    route("10.0.0.0/8", { gateway: "192.168.1.8", interface: LAN, metric: 10 }),
    route("10.1.0.0/16", { interface: DMZ, mtu: 1400 }),
  ]);
  assert.equal(way(routes, "10.2.0.1"), "via 192.168.1.9 dev lan");
  assert.equal(routes.mtu, 0);
  assert.equal(way(routes, "10.1.0.1"), "dev dmz");
  assert.equal(routes.mtu, 1400);
  routes.interfaceUp(LAN, false);
  assert.equal(way(routes, "10.2.0.1"), "via 198.51.100.1 dev wan", "to the next metric");
  assert.equal(ask(routes, "192.168.1.1"), ROUTE_LOCAL, "own addresses stay");
  assert.equal(ask(routes, "192.168.1.5"), ROUTE_NONE);
  routes.interfaceUp(DMZ, false);
  assert.equal(way(routes, "10.1.0.1"), "via 198.51.100.1 dev wan", "to the next wider prefix");
  routes.interfaceUp(WAN, false);
  assert.equal(ask(routes, "10.1.0.1"), ROUTE_NONE);
  routes.interfaceUp(LAN, true);
  assert.equal(way(routes, "10.1.0.1"), "via 192.168.1.9 dev lan");
});

test("blackhole, unreachable and prohibit end the search; a next hop finds its interface", () => {
  const routes = router([
    route("0.0.0.0/0", { gateway: "198.51.100.1" }),
    route("10.66.0.0/16", { type: "blackhole" }),
    route("10.67.0.0/16", { type: "unreachable" }),
    route("10.68.0.0/16", { type: "prohibit" }),
    route("10.69.0.0/16", { gateway: "203.0.113.1" }),
    route("10.70.0.0/16", { gateway: "fe80::9", interface: WAN }),
  ]);
  assert.equal(ask(routes, "10.66.1.1"), ROUTE_BLACKHOLE);
  assert.equal(ask(routes, "10.67.1.1"), ROUTE_UNREACHABLE);
  assert.equal(ask(routes, "10.68.1.1"), ROUTE_PROHIBIT);
  assert.equal(
    way(routes, "10.69.1.1"),
    "via 198.51.100.1 dev wan",
    "a next hop on no subnet is not installed",
  );
  assert.equal(
    way(routes, "10.70.1.1"),
    "via fe80::9 dev wan",
    "an IPv4 route over an IPv6 router (RFC 5549)",
  );
});

test("policy rules send packets to tables by source, destination, mark and interface", () => {
  const rule = (priority: number, table: number, more: Partial<PolicyRulePlan>): PolicyRulePlan => ({
    priority,
    family: 4,
    table,
    ...more,
  });
  const routes = router([
    route("0.0.0.0/0", { gateway: "198.51.100.1", interface: WAN }),
    route("0.0.0.0/0", { gateway: "192.168.1.10", interface: LAN, table: 10 }),
    route("0.0.0.0/0", { gateway: "192.168.1.20", interface: LAN, table: 20 }),
    route("10.9.0.0/16", { gateway: "192.168.1.30", interface: LAN, table: 30 }),
    route("203.0.113.0/24", { gateway: "192.168.1.53", interface: LAN, table: 253 }),
  ], [
    rule(300, 30, {}),
    rule(100, 10, { mark: { value: 0x101, mask: 0xff } }),
    rule(200, 20, { from: prefix("192.168.1.128/25"), to: prefix("203.0.113.0/24"), incoming: LAN }),
    rule(50, 99, {}),
    rule(250, 10, { family: 6 }),
  ]);
  assert.equal(
    way(routes, "203.0.113.5", { from: "192.168.1.5", incoming: LAN }),
    "via 198.51.100.1 dev wan",
  );
  assert.equal(way(routes, "203.0.113.5", { mark: 0xff01 }), "via 192.168.1.10 dev lan");
  assert.equal(
    way(routes, "203.0.113.5", { from: "192.168.1.130", incoming: LAN }),
    "via 192.168.1.20 dev lan",
  );
  assert.equal(way(routes, "203.0.113.5", { from: "192.168.1.130" }), "via 198.51.100.1 dev wan");
  assert.equal(
    way(routes, "198.18.0.1", { from: "192.168.1.130", incoming: LAN }),
    "via 198.51.100.1 dev wan",
  );
  assert.equal(way(routes, "10.9.1.1"), "via 192.168.1.30 dev lan", "a table without a route passes on");
  assert.equal(ask(routes, "192.168.1.1", { mark: 1 }), ROUTE_LOCAL, "the local table is asked first");
});

test("learned routes come, are prolonged, expire, and outlive a new plan", () => {
  const routes = router([]);
  const learned = { destination: prefix("::/0"), via: address("fe80::ffff"), interface: WAN };
  routes.addLearned({ ...learned, deadline: 1000 });
  routes.addLearned({ destination: prefix("2001:db8:5::/64"), interface: LAN });
  assert.equal(way(routes, "2001:db8:9::1"), "via fe80::ffff dev wan");
  assert.equal(way(routes, "2001:db8:5::1"), "dev lan");
  routes.addLearned({ ...learned, deadline: 5000 });
  routes.tick(1500);
  assert.equal(way(routes, "2001:db8:9::1"), "via fe80::ffff dev wan");
  routes.configure([], [], connected);
  assert.equal(way(routes, "2001:db8:9::1"), "via fe80::ffff dev wan");
  routes.tick(5000);
  assert.equal(ask(routes, "2001:db8:9::1"), ROUTE_NONE);
  routes.addLearned(learned);
  routes.removeLearned(prefix("::/0"), WAN, address("fe80::1"));
  assert.equal(way(routes, "2001:db8:9::1"), "via fe80::ffff dev wan");
  routes.removeLearned(prefix("::/0"), WAN);
  assert.equal(ask(routes, "2001:db8:9::1"), ROUTE_NONE);
});

test("what an address is to the router", () => {
  const routes = router([]);
  const type = (text: string) =>
    routes.addressType(address(text).family, Uint32Array.from(address(text).words), 0);
  assert.equal(type("192.168.1.1"), ROUTE_LOCAL);
  assert.equal(type("192.168.1.255"), ROUTE_BROADCAST);
  assert.equal(type("255.255.255.255"), ROUTE_BROADCAST);
  assert.equal(type("239.1.1.1"), ROUTE_MULTICAST);
  assert.equal(type("192.168.1.2"), ROUTE_NONE);
  assert.equal(type("fe80::2"), ROUTE_LOCAL);
  assert.equal(type("fe80::3"), ROUTE_NONE);
  assert.equal(type("fd00:1::"), ROUTE_LOCAL);
  assert.equal(type("ff02::1"), ROUTE_MULTICAST);
  assert.equal(routes.isAnycast(6, Uint32Array.from(address("fd00:1::").words), 0), true);
  assert.equal(routes.isAnycast(6, Uint32Array.from(address("fd00:1::1").words), 0), false);
});

test("listed in the words of ip route", () => {
  const routes = router([
    route("0.0.0.0/0", { gateway: "198.51.100.1", interface: WAN, metric: 100 }),
    route("10.9.0.0/16", { interface: LAN, mtu: 1400 }),
    route("10.66.0.0/16", { type: "blackhole" }),
    route("2001:db8:dead::/48", { type: "unreachable", metric: 1024 }),
    route("0.0.0.0/0", { gateway: "192.168.1.10", interface: LAN, table: 10 }),
  ]);
  routes.addLearned({
    destination: prefix("::/0"),
    via: address("fe80::ffff"),
    interface: WAN,
    deadline: 1_800_000,
  });
  routes.interfaceUp(WAN, false);
  assert.deepEqual(routes.list(names, 1000), [
    "default via 198.51.100.1 dev wan proto static metric 100 linkdown",
    "10.9.0.0/16 dev lan proto static scope link mtu 1400",
    "blackhole 10.66.0.0/16 proto static",
    "192.168.1.0/24 dev lan proto kernel scope link src 192.168.1.1",
    "198.51.100.0/30 dev wan proto kernel scope link src 198.51.100.2 linkdown",
    "default via 192.168.1.10 dev lan table 10 proto static",
    "default via fe80::ffff dev wan proto ra metric 1024 linkdown expires 1799sec pref medium",
    "2001:db8:f::/64 dev wan proto kernel metric 256 linkdown pref medium",
    "unreachable 2001:db8:dead::/48 dev lo proto static metric 1024 pref medium",
    "fd00:1::/64 dev lan proto kernel metric 256 pref medium",
    "fe80::/64 dev lan proto kernel metric 256 pref medium",
    "fe80::/64 dev wan proto kernel metric 256 linkdown pref medium",
  ]);
});

test("100k routes are configured and found", () => {
  const random = new SeededRandom(7), plans: RoutePlan[] = [];
  for (let i = 0; i < 100_000; i++) {
    const word = (0x0b000000 + i * 256) >>> 0;
    plans.push({
      destination: { family: 4, words: [word, 0, 0, 0], length: 24 },
      type: "unicast",
      via: { family: 4, words: [(0xc0a80100 + (i & 127)) >>> 0, 0, 0, 0] },
      interface: LAN,
      metric: 0,
      table: 254,
    });
  }
  const routes = router(plans);
  for (let i = 0; i < 1000; i++) {
    const n = below(random, 100_000);
    const words = Uint32Array.of((0x0b000000 + n * 256 + below(random, 256)) >>> 0, 0, 0, 0);
    assert.equal(routes.lookup(4, words, 0, words, 0, 0, 0), ROUTE_UNICAST);
    assert.equal(routes.gateway[0], (0xc0a80100 + (n & 127)) >>> 0);
  }
});
