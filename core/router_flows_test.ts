import { test } from "node:test";
import assert from "node:assert/strict";
import { formatFlow } from "./conntrack/format.ts";
import { DROP_CONNTRACK, DROP_MARTIAN_SOURCE } from "./forward/drops.ts";
import { formatWords, parsePrefix } from "./packet/address.ts";
import { arp, ethernet, icmp, ip, tcp, udp } from "./packet/build.ts";
import { u16, u32 } from "./packet/bytes.ts";
import { TCP_ACK, TCP_RST, TCP_SYN } from "./packet/tcp.ts";
import { TABLE_MAIN } from "./plan.ts";
import type { Router } from "./router.ts";
import { MAC, network, taken } from "./test_network.ts";

const CLIENT = "192.0.2.9", SERVER = "203.0.113.5";
const MASQUERADE =
  `table ip nat { chain p { type nat hook postrouting priority 100; oifname "wan" masquerade; }; }`;

const fromLan = (packet: Uint8Array) => ethernet(MAC.host, MAC.lan, packet);
const fromWan = (packet: Uint8Array) => ethernet(MAC.gateway, MAC.wan, packet);
const addresses = (b: Uint8Array) => [[...b.subarray(12, 16)].join("."), [...b.subarray(16, 20)].join(".")];

function flows({ conntrack }: Router): string[] {
  const lines: string[] = [];
  for (let row = conntrack.next(0); row >= 0; row = conntrack.next(row + 1)) {
    lines.push(formatFlow(conntrack.table, row, 0));
  }
  return lines;
}

test("an address that goes ends the flows masqueraded to it, and no others", () => {
  const t = network(MASQUERADE);
  t.meet();
  t.lan.put(fromLan(udp({ from: CLIENT, to: SERVER }, 1000, 53)));
  t.run();
  const [lan, wan] = t.plan.interfaces;
  const apply = (...wanted: string[]) =>
    t.router.apply({
      ...t.plan,
      interfaces: [lan!, { ...wan!, addresses: wanted.map((text) => parsePrefix(text)!) }],
    });
  apply("198.51.100.2/24", "2001:db8:f::2/64", "198.51.100.3/24");
  apply("198.51.100.2/24");
  assert.equal(t.router.conntrack.count, 1);
  apply("198.51.100.3/24");
  assert.equal(t.router.conntrack.count, 0);
});

test("masquerade speaks with the address that shares the gateway's network", () => {
  const t = network(MASQUERADE, { wan: ["203.0.113.129/25", "198.51.100.2/24"] });
  t.meet();
  t.lan.put(fromLan(udp({ from: CLIENT, to: "10.9.9.9" }, 1000, 53)));
  t.run();
  const [sent] = t.heard(t.wan, 0x0800);
  assert.deepEqual(sent && addresses(sent.subarray(14)), ["198.51.100.2", "10.9.9.9"]);
});

test("a packet that waited for its neighbour does not speak for the flow that has its row now", () => {
  const t = network(MASQUERADE);
  t.meet();
  t.lan.put(fromLan(udp({ from: CLIENT, to: "198.51.100.99" }, 1000, 53)));
  t.run();
  t.router.conntrack.flush();
  t.lan.put(arp("02:00:00:00:01:10", "192.0.2.10", "192.0.2.1"));
  t.run(100);
  t.lan.put(fromLan(udp({ from: "192.0.2.10", to: SERVER }, 2000, 53)));
  t.run(4000);
  // its own flow is gone: the error is of none, goes nowhere, and above all not to 192.0.2.10
  assert.deepEqual(t.heard(t.lan, 0x0800), []);
});

test("a connection rejected by a reset is closing", () => {
  const t = network(
    `table ip f { chain f { type filter hook forward priority 0; tcp flags ack reject with tcp reset; }; }`,
  );
  t.meet();
  t.lan.put(fromLan(tcp({ from: CLIENT, to: SERVER }, 4000, 80, { flags: TCP_SYN, sequence: 1 })));
  t.run();
  t.wan.put(fromWan(
    tcp({ from: SERVER, to: CLIENT }, 80, 4000, {
      flags: TCP_SYN | TCP_ACK,
      sequence: 9,
      acknowledgement: 2,
    }),
  ));
  t.run();
  assert.match(flows(t.router)[0]!, /^tcp +6 .* CLOSE /);
});

test("a port where nobody listens: the reset ends the flow it answers", () => {
  const t = network();
  t.meet();
  t.lan.put(fromLan(tcp({ from: CLIENT, to: "192.0.2.1" }, 4000, 80, { flags: TCP_SYN, sequence: 1 })));
  t.run();
  const [reset] = t.heard(t.lan, 0x0800);
  assert.equal(reset?.[14 + 33], TCP_RST | TCP_ACK);
  assert.deepEqual(flows(t.router), []);
});

test("what the host sends is rejected to the host, in the words of whom it had asked", () => {
  const rules =
    `table inet f { chain o { type filter hook output priority 0; tcp dport 25 reject with tcp reset; udp dport 9 reject; }; }`;
  const t = network(rules, { local: true });
  t.meet();
  const from = "198.51.100.2";
  t.host.put(tcp({ from, to: SERVER }, 4000, 25, { flags: TCP_SYN, sequence: 1 }));
  t.host.put(udp({ from, to: SERVER }, 4001, 9));
  t.run();
  const [reset, error, ...more] = taken(t.host);
  assert.deepEqual(more, []);
  assert.ok(reset && error);
  assert.deepEqual([reset[9], addresses(reset), reset[33]], [6, [SERVER, from], TCP_RST | TCP_ACK]);
  assert.deepEqual([error[9], addresses(error), error[20], error[21]], [1, [SERVER, from], 3, 3]);
  assert.equal(t.router.conntrack.count, 0);
});

test("a destination translated in the output hook is routed anew", () => {
  const rules =
    `table ip nat { chain o { type nat hook output priority -100; udp dport 53 dnat to ${CLIENT}; }; }`;
  const t = network(rules, { local: true });
  t.meet();
  t.host.put(udp({ from: "198.51.100.2", to: SERVER }, 4000, 53));
  t.run();
  assert.deepEqual(t.heard(t.lan, 0x0800).map((frame) => addresses(frame.subarray(14))), [[
    "198.51.100.2",
    CLIENT,
  ]]);
  t.lan.put(fromLan(udp({ from: CLIENT, to: "198.51.100.2" }, 53, 4000)));
  t.run();
  // from the device of the interface it came in by: the host takes it as its own there, too
  assert.deepEqual(taken(t.inner).map(addresses), [[SERVER, "198.51.100.2"]]);
});

test("hairpin: a LAN client reaches another by a port forward of the outer address", () => {
  const rules = `table ip nat {
    chain d { type nat hook prerouting priority -100; ip daddr 198.51.100.2 udp dport 8080 dnat to 192.0.2.7:80; };
    chain p { type nat hook postrouting priority 100; oifname "wan" masquerade; ct status dnat iifname "lan" oifname "lan" masquerade; };
  }`;
  const t = network(rules);
  t.meet();
  t.lan.put(arp("02:00:00:00:01:77", "192.0.2.7", "192.0.2.1"));
  t.lan.put(fromLan(udp({ from: CLIENT, to: "198.51.100.2" }, 4000, 8080)));
  t.run();
  const [asked] = t.heard(t.lan, 0x0800);
  assert.ok(asked);
  assert.deepEqual([addresses(asked.subarray(14)), u16(asked, 36)], [["192.0.2.1", "192.0.2.7"], 80]);
  t.lan.put(
    ethernet("02:00:00:00:01:77", MAC.lan, udp({ from: "192.0.2.7", to: "192.0.2.1" }, 80, u16(asked, 34))),
  );
  t.run();
  const [answer] = t.heard(t.lan, 0x0800);
  assert.ok(answer);
  assert.deepEqual([addresses(answer.subarray(14)), u16(answer, 34), u16(answer, 36)], [
    ["198.51.100.2", CLIENT],
    8080,
    4000,
  ]);
});

test("a reassembled packet passes every chain behind the one hook that put it together", () => {
  const t = network(`table ip f { chain f { type filter hook forward priority -500; udp dport 9 drop; }; }`);
  t.meet();
  const whole = udp({ from: CLIENT, to: SERVER, flags: 0x2000 }, 1000, 9, new Uint8Array(24));
  const first = ip({ from: CLIENT, to: SERVER, flags: 0x2000 }, 17, whole.subarray(20, 36));
  const last = ip({ from: CLIENT, to: SERVER, flags: 2 }, 17, whole.subarray(36));
  first.set(whole.subarray(20, 36), 20);
  last.set(whole.subarray(36), 20);
  t.lan.put(fromLan(first));
  t.lan.put(fromLan(last));
  t.run();
  assert.deepEqual(t.heard(t.wan, 0x0800), []);
});

test("an IPv4 address in IPv6 clothes is no source", () => {
  const t = network();
  t.lan.put(fromLan(udp({ from: "::ffff:192.0.2.9", to: "2001:db8::1" }, 1000, 53)));
  t.run();
  assert.equal(t.router.drops.cells[DROP_MARTIAN_SOURCE], 1);
});

test("a flow that cannot be confirmed costs its packet, and that is counted", () => {
  // both in one batch ask for one answer: without nat chains nobody gives the second a port of its own
  const rules = `table ip f { chain p { type filter hook prerouting priority -150; }; }`;
  const t = network(rules);
  t.meet();
  const syn = (from: string, to: string, sport: number, dport: number) =>
    fromLan(tcp({ from, to }, sport, dport, { flags: TCP_SYN, sequence: 1 }));
  t.lan.put(syn(CLIENT, SERVER, 4000, 80));
  t.lan.put(syn(SERVER, CLIENT, 80, 4000));
  t.run();
  assert.equal(t.router.conntrack.count, 1);
  assert.equal(t.router.drops.cells[DROP_CONNTRACK], t.router.conntrack.counters.drop);
});

test("a link-local source is not carried beyond its link, and hears so", () => {
  const t = network();
  const destination = parsePrefix("2001:db8::/32")!, interfaces = 2;
  const beyond = {
    destination,
    type: "unicast",
    interface: interfaces,
    metric: 0,
    table: TABLE_MAIN,
  } as const;
  t.router.apply({ ...t.plan, routes: [beyond] });
  t.run(3000);
  t.lan.put(fromLan(udp({ from: "fe80::9", to: "2001:db8::1" }, 1000, 53)));
  t.run();
  taken(t.lan);
  t.lan.put(advertised("fe80::9"));
  t.run();
  const [error] = t.heard(t.lan, 0x86dd);
  assert.ok(error);
  assert.deepEqual([error[14 + 40], error[14 + 41]], [1, 2]);
});

test("whom the subnet-router anycast address is asked answers with an address of its own", () => {
  const t = network("", { wan: ["2001:db8:f::2/64"] });
  t.run(3000);
  const from = "2001:db8:f::9", to = "2001:db8:f::";
  t.wan.put(fromWan(icmp({ from, to }, 128, 0)));
  t.run();
  taken(t.wan);
  t.wan.put(advertised(from));
  t.run();
  const [reply] = t.heard(t.wan, 0x86dd);
  const source = [0, 4, 8, 12].map((word) => u32(reply!, 14 + 8 + word));
  assert.equal(formatWords(6, source, 0), "2001:db8:f::2");
});

/** A neighbour advertisement with the host's link-layer address, to all nodes. */
function advertised(from: string): Uint8Array {
  const target = parsePrefix(`${from}/128`)!.words.flatMap((word) =>
    [24, 16, 8, 0].map((shift) => (word >>> shift) & 255)
  );
  const mac = MAC.host.split(":").map((part) => parseInt(part, 16));
  const message = Uint8Array.of(136, 0, 0, 0, 0x20, 0, 0, 0, ...target, 2, 1, ...mac);
  return ethernet(MAC.host, "33:33:00:00:00:01", ip({ from, to: "ff02::1", ttl: 255 }, 58, message));
}
