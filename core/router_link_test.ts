import assert from "node:assert/strict";
import { test } from "node:test";
import { counters, frame, linkNetwork, MAC } from "./test_link_network.ts";
import { taken } from "./test_network.ts";
import { arp, ethernet, tcp, udp } from "./packet/build.ts";
import { u16 } from "./packet/bytes.ts";

const outward = udp({ from: "192.0.2.9", to: "203.0.113.5" }, 1000, 53);

test("netdev ingress: counts whole frames before anything else sees them, and drops", () => {
  const { router, wan, one, meet, run, store } = linkNetwork(`table netdev t {
    chain c { type filter hook ingress device "one" priority 0; policy accept;
      counter comment "all"
      ip saddr 192.0.2.9 udp dport 53 counter drop comment "dns"
      ether type arp counter comment "arp"
      iifname "one" meta protocol ip meta l4proto udp counter comment "udp"
    }
  }`);
  meet();
  one.put(frame(MAC.one, MAC.lan, outward));
  one.put(frame(MAC.one, MAC.lan, udp({ from: "192.0.2.9", to: "203.0.113.5" }, 1000, 54)));
  run();
  assert.deepEqual(counters(store), {
    all: [3, 28 + 28 + 28],
    dns: [1, 28],
    arp: [1, 28],
    udp: [1, 28],
  });
  assert.deepEqual(taken(wan).map((f) => u16(f, 14 + 22)), [54]);
  assert.equal(router.forwarding.forwarded, 1);
});

test("netdev egress sees what leaves, link header and all; a policy of drop", () => {
  const { wan, one, meet, run, store } = linkNetwork(`table netdev t {
    chain c { type filter hook egress device "wan" priority 0; policy drop;
      ip daddr 203.0.113.5 oifname "wan" counter accept comment "out"
      counter comment "rest"
    }
  }`);
  meet();
  taken(wan);
  one.put(frame(MAC.one, MAC.lan, outward));
  one.put(frame(MAC.one, MAC.lan, udp({ from: "192.0.2.9", to: "203.0.113.6" }, 1, 2)));
  run();
  assert.equal(taken(wan).length, 1);
  const { out, rest } = counters(store);
  assert.deepEqual(out, [1, 42]);
  assert.equal(rest![0] >= 1, true);
});

test("fwd sends a frame on as it is, dup a copy of it beside", () => {
  const { wan, one, two, meet, run } = linkNetwork(`table netdev t {
    chain c { type filter hook ingress device "one" priority 0;
      udp dport 9 fwd to "two"
      udp dport 53 dup to "two"
    }
  }`);
  meet();
  const forwarded = frame(MAC.one, MAC.lan, udp({ from: "192.0.2.9", to: "203.0.113.5" }, 1, 9));
  one.put(forwarded);
  one.put(frame(MAC.one, MAC.lan, outward));
  run();
  assert.deepEqual(taken(two), [forwarded, frame(MAC.one, MAC.lan, outward)]);
  assert.equal(taken(wan).length, 1, "the copied packet is routed as well");
});

test("two ports that send to each other on egress do not turn for ever", () => {
  const { one, two, meet, run } = linkNetwork(`table netdev t {
    chain a { type filter hook ingress device "one" priority 0; udp dport 9 dup to "two"; }
    chain b { type filter hook egress device "two" priority 0; udp dport 9 dup to "one" dup to "two"; }
    chain c { type filter hook egress device "one" priority 0; udp dport 9 fwd to "two"; }
  }`);
  meet();
  one.put(frame(MAC.one, MAC.lan, udp({ from: "192.0.2.9", to: "203.0.113.5" }, 1, 9)));
  run();
  assert.ok(taken(two).length > 0);
});

test("inet ingress: ip and ip6 alike, others pass; what claims to be IP and is not is dropped", () => {
  const { two, one, meet, run, store } = linkNetwork(`table inet t {
    chain c { type filter hook ingress device "one" priority 0;
      meta nfproto ipv4 counter comment "ip"
      ct state invalid counter comment "unknown"
      udp dport 7 reject
    }
  }`);
  meet();
  taken(two);
  const bad = outward.slice();
  bad[0] = 0x4f;
  one.put(frame(MAC.one, MAC.two, bad));
  one.put(frame(MAC.one, MAC.two, outward));
  one.put(frame(MAC.one, MAC.two, udp({ from: "192.0.2.9", to: "192.0.2.8" }, 5, 7)));
  run();
  assert.equal(taken(two).length, 1);
  assert.deepEqual(counters(store), { ip: [2, 56], unknown: [2, 56] });
  const [answer] = taken(one).filter((f) => u16(f, 12) === 0x0800);
  assert.ok(answer, "port unreachable, as from the one it was for");
  assert.deepEqual([...answer.subarray(26, 34)], [192, 0, 2, 8, 192, 0, 2, 9]);
  assert.deepEqual([answer[34], answer[35]], [3, 3]);
  assert.equal(answer[5], 0x0a);
});

const BRIDGE = `table bridge t {
  chain pre { type filter hook prerouting priority 0; counter comment "pre"
    ether saddr ${MAC.one} counter comment "one"
    meta ibrname "lan" iifname "one" counter comment "name"
    vlan id 7 counter comment "vlan"; }
  chain in { type filter hook input priority 0; counter comment "in"; }
  chain across { type filter hook forward priority 0; counter comment "across"
    iifname "one" oifname "two" meta obrname "lan" counter comment "names"
    ip daddr 192.0.2.8 udp dport 9 drop; }
  chain out { type filter hook output priority 0; oifname "one" counter comment "out"; }
  chain post { type filter hook postrouting priority 0; oifname "two" counter comment "post"
    tcp dport 80 ip saddr 192.0.2.9 counter; }
}`;

test("bridge: every hook, with the ports as devices", () => {
  const { one, two, meet, run, store } = linkNetwork(BRIDGE);
  meet();
  two.put(frame(MAC.two, MAC.one, outward));
  run();
  taken(two);
  const before = counters(store);
  one.put(frame(MAC.one, MAC.two, outward));
  one.put(frame(MAC.one, MAC.two, udp({ from: "192.0.2.9", to: "192.0.2.8" }, 1, 9)));
  one.put(frame(MAC.one, MAC.lan, outward));
  one.put(frame(MAC.one, MAC.two, tcp({ from: "192.0.2.9", to: "192.0.2.8" }, 1, 80, { flags: 2 }), 7));
  run();
  const after = counters(store);
  const packets = (name: string) => after[name]![0] - (before[name]?.[0] ?? 0);
  assert.deepEqual(
    Object.fromEntries(
      ["pre", "one", "name", "vlan", "in", "across", "names", "post"].map((n) => [n, packets(n)]),
    ),
    { pre: 4, one: 4, name: 4, vlan: 1, in: 1, across: 4, names: 3, post: 2 },
  );
  assert.equal(taken(two).length, 2);
});

test("a flooded frame is one frame a port: what a chain writes into one the others do not have", () => {
  const { one, two, three, meet, run } = linkNetwork(`table bridge t {
    chain f { type filter hook forward priority 0; oifname "two" ether daddr set 02:00:00:00:00:99; }
  }`);
  meet();
  const everybody = "ff:ff:ff:ff:ff:ff";
  one.put(frame(MAC.one, everybody, udp({ from: "192.0.2.9", to: "192.0.2.255" }, 1, 9)));
  run();
  assert.equal(taken(two).at(-1)![5], 0x99);
  assert.equal(taken(three).at(-1)![5], 0xff);
});

test("arp: what is dropped is not answered, what the router says is seen", () => {
  const { one, meet, run, store } = linkNetwork(`table arp t {
    chain i { type filter hook input priority 0; iifname "lan" arp operation request counter comment "in"
      arp saddr ip 192.0.2.66 drop; }
    chain o { type filter hook output priority 0; oifname "lan" arp operation reply counter comment "out"; }
  }`);
  meet();
  const before = counters(store);
  one.put(arp(MAC.one, "192.0.2.66", "192.0.2.1"));
  run();
  assert.deepEqual(taken(one), []);
  one.put(arp(MAC.one, "192.0.2.67", "192.0.2.1"));
  run();
  assert.equal(u16(taken(one)[0]!, 12), 0x0806);
  const after = counters(store);
  assert.deepEqual([after.in![0] - before.in![0], after.out![0] - before.out![0]], [2, 1]);
  assert.equal(after.out![1], 42 * after.out![0], "a frame that leaves counts its link header");
});

test("a bridge that is a device: egress of all it sends, ingress of what it passes up", () => {
  const { one, meet, run, store } = linkNetwork(`table netdev t {
    chain i { type filter hook ingress device "lan" priority 0; meta protocol ip counter comment "up"; }
    chain e { type filter hook egress device "lan" priority 0; ether type arp counter comment "down"; }
  }`);
  meet();
  const before = counters(store);
  one.put(frame(MAC.one, MAC.two, outward));
  one.put(frame(MAC.one, MAC.lan, outward));
  one.put(arp(MAC.one, "192.0.2.67", "192.0.2.1"));
  run();
  const after = counters(store);
  assert.deepEqual([after.up![0] - before.up![0], after.down![0] - before.down![0]], [1, 1]);
});

test("impossible frames through chains of every family throw nothing", () => {
  const { one, meet, run, router } = linkNetwork(`${BRIDGE}
    table netdev n { chain c { type filter hook ingress devices = { "one", "two", "wan" } priority 0;
      tcp option maxseg size 1 counter; @th,0,16 1 counter; @ll,96,32 1 counter; ip6 nexthdr 6 counter; exthdr frag exists counter;
      vlan id set 5; ip dscp set 3; ether daddr 02:00:00:00:00:01 dup to "wan"; fib daddr type local counter; }; }
    table inet i { chain c { type filter hook ingress device "one" priority -1; tcp dport 1 reject; reject; }; }`);
  meet();
  let seed = 9;
  const next = () => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) >>> 8;
  for (let i = 0; i < 600; i++) {
    const from = i % 3 === 0 ? outward : tcp({ from: "192.0.2.9", to: "192.0.2.8" }, 1, 80, { flags: 2 });
    const made = ethernet(i % 2 ? MAC.lan : MAC.two, MAC.one, from).slice(
      0,
      14 + (next() % (from.length + 1)),
    );
    for (let n = next() % 4; n > 0; n--) made[next() % made.length] = next();
    one.put(made);
    if (i % 16 === 0) run();
  }
  run(200);
  assert.ok(router.batch.pool.available > 0);
});
