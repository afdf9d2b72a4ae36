import { strict as assert } from "node:assert";
import { test } from "node:test";
import { optimized } from "./test_chain.ts";

type Case = readonly [rules: string[], expected: string[]];

function holds(cases: readonly Case[], head?: string): void {
  for (const [rules, expected] of cases) assert.deepEqual(optimized(rules, head).listed, expected);
}

test("rules that differ in one field, in several, and in their verdicts", () =>
  holds([
    [["tcp dport 22 accept", "tcp dport 80-90 accept"], ["tcp dport { 22, 80-90 } accept"]],
    [["ip saddr 192.0.2.1 accept", "ip saddr 198.51.100.0/24 drop"], [
      "ip saddr vmap { 192.0.2.1 : accept, 198.51.100.0/24 : drop }",
    ]],
    [["ip saddr 192.0.2.1 tcp dport 22 accept", "tcp dport 23 ip saddr 192.0.2.2 accept"], [
      "ip saddr . tcp dport { 192.0.2.1 . 22, 192.0.2.2 . 23 } accept",
    ]],
    [["iifname lan ip saddr 192.0.2.1 accept", "iifname lan ip saddr 192.0.2.2 accept"], [
      'iifname "lan" ip saddr { 192.0.2.1, 192.0.2.2 } accept',
    ]],
    [["iifname lan accept", "iifname wan drop"], ['iifname vmap { "lan" : accept, "wan" : drop }']],
    [["ip saddr 192.0.2.0/24 tcp dport 1 drop", "ip saddr 192.0.2.0/25 tcp dport 2 accept"], [
      "ip saddr . tcp dport vmap { 192.0.2.0/24 . 1 : drop, 192.0.2.0/25 . 2 : accept }",
    ]],
  ]));

test("rules that have sets and maps already", () =>
  holds([
    [["tcp dport { 1, 2 } drop", "tcp dport 3 drop"], ["tcp dport { 1, 2, 3 } drop"]],
    [["tcp dport { 1, 2 } drop", "tcp dport { 4, 8-9 } accept"], [
      "tcp dport vmap { 1 : drop, 2 : drop, 4 : accept, 8-9 : accept }",
    ]],
    [["ip saddr { 192.0.2.1, 192.0.2.2 } tcp dport 1 drop", "ip saddr 192.0.2.1 tcp dport 2 drop"], [
      "ip saddr . tcp dport { 192.0.2.1 . 1, 192.0.2.2 . 1, 192.0.2.1 . 2 } drop",
    ]],
    [["tcp dport vmap { 1 : drop }", "tcp dport vmap { 2 : accept }", "tcp dport 3 accept"], [
      "tcp dport vmap { 1 : drop, 2 : accept, 3 : accept }",
    ]],
    [["ip saddr . tcp dport { 192.0.2.1 . 1 } drop", "ip saddr . tcp dport { 192.0.2.2 . 1 } accept"], [
      "ip saddr . tcp dport vmap { 192.0.2.1 . 1 : drop, 192.0.2.2 . 1 : accept }",
    ]],
    [[
      "ip saddr . tcp dport { 192.0.2.1 . 1, 192.0.2.1 . 2 } drop",
      "ip saddr . tcp dport { 192.0.2.2 . 1 } drop",
    ], [
      "ip saddr . tcp dport { 192.0.2.1 . 1, 192.0.2.2 . 1, 192.0.2.1 . 2 } drop",
    ]],
    // A set of one value is that value, merged or not.
    [["tcp dport { 22 } ip saddr 192.0.2.1 accept"], ["tcp dport 22 ip saddr 192.0.2.1 accept"]],
  ]));

test("statements all of them have; counters go on from the sum", () =>
  holds([
    [["tcp dport 1 counter accept", "tcp dport 2 counter accept"], [
      "tcp dport { 1, 2 } counter packets 0 bytes 0 accept",
    ]],
    [["tcp dport 1 counter packets 1 bytes 2", "tcp dport 2 counter packets 5 bytes 7"], [
      "tcp dport { 1, 2 } counter packets 6 bytes 9",
    ]],
    [['tcp dport 1 log prefix "a" drop', 'tcp dport 2 log prefix "a" drop'], [
      'tcp dport { 1, 2 } log prefix "a" drop',
    ]],
    [["tcp dport 1 reject", "tcp dport 2 reject"], ["tcp dport { 1, 2 } reject"]],
    [["tcp dport 1 meta mark set 1", "tcp dport 2 meta mark set 1"], [
      "tcp dport { 1, 2 } meta mark set 0x00000001",
    ]],
    [["tcp dport 1 meta mark set 1 accept", "tcp dport 2 meta mark set 5 accept"], [
      "meta mark set tcp dport map { 1 : 0x00000001, 2 : 0x00000005 } accept",
    ]],
    [["tcp dport 1 add @s { tcp sport }", "tcp dport 2 add @s { tcp sport }"], [
      "tcp dport { 1, 2 } add @s { tcp sport }",
    ]],
    [['tcp dport 1 accept comment "x"', 'tcp dport 2 accept comment "x"'], [
      'tcp dport { 1, 2 } accept comment "x"',
    ]],
  ]));

test("jumps to chains that write nothing the rules ask", () =>
  holds([
    [["tcp dport 1 jump d", "tcp dport 2 jump d"], ["tcp dport { 1, 2 } jump d"]],
    [["tcp dport 1 jump d", "tcp dport 2 jump w", "tcp dport 3 accept", "tcp dport 4 continue"], [
      "tcp dport vmap { 1 : jump d, 2 : jump w, 3 : accept, 4 : continue }",
    ]],
    // What a goto leads to may write what it likes: it does not come back here.
    [["meta mark 1 goto w", "meta mark 2 goto w"], ["meta mark { 0x00000001, 0x00000002 } goto w"]],
  ]));

test("NAT to maps of addresses, ports and both", () => {
  holds([
    [["tcp dport 80 dnat to 10.0.0.1", "tcp dport 81 dnat to 10.0.0.2"], [
      "dnat to tcp dport map { 80 : 10.0.0.1, 81 : 10.0.0.2 }",
    ]],
    [["tcp dport 80 dnat to 10.0.0.1:8001", "tcp dport 81 dnat to 10.0.0.2:9001"], [
      "dnat ip to tcp dport map { 80 : 10.0.0.1 . 8001, 81 : 10.0.0.2 . 9001 }",
    ]],
    [
      [
        "ip saddr 192.0.2.1 tcp dport 80 dnat to 10.0.0.1",
        "ip saddr 192.0.2.2 tcp dport 81 dnat to 10.0.0.2",
      ],
      [
        "dnat to ip saddr . tcp dport map { 192.0.2.1 . 80 : 10.0.0.1, 192.0.2.2 . 81 : 10.0.0.2 }",
      ],
    ],
    [["tcp dport 80 redirect to :8080", "tcp dport 81 redirect to :8181"], [
      "meta l4proto tcp redirect to :tcp dport map { 80 : 8080, 81 : 8181 }",
    ]],
    [["tcp dport 80 redirect", "tcp dport 81 redirect"], ["tcp dport { 80, 81 } redirect"]],
  ], "type nat hook prerouting priority -100;");
  holds([
    [["ip saddr 192.0.2.1 snat to 203.0.113.1 random", "ip saddr 192.0.2.2 snat to 203.0.113.5 random"], [
      "snat to ip saddr map { 192.0.2.1 : 203.0.113.1, 192.0.2.2 : 203.0.113.5 } random",
    ]],
    [["ip saddr 192.0.2.1 masquerade", "ip saddr 192.0.2.2 masquerade"], [
      "ip saddr { 192.0.2.1, 192.0.2.2 } masquerade",
    ]],
  ], "type nat hook postrouting priority 100;");
});

test("rules are moved up past those no packet has in common with them", () =>
  holds([
    [["tcp dport 1 accept", "udp dport 5 drop", "tcp dport 2 accept"], [
      "tcp dport { 1, 2 } accept",
      "udp dport 5 drop",
    ]],
    // Both decide alike: whoever comes first.
    [["tcp dport 1 accept", "ip saddr 192.0.2.1 accept", "tcp dport 2 accept"], [
      "tcp dport { 1, 2 } accept",
      "ip saddr 192.0.2.1 accept",
    ]],
    [["tcp dport 1 accept", "tcp dport 3-5 counter", "tcp dport 2 accept"], [
      "tcp dport { 1, 2 } accept",
      "tcp dport 3-5 counter packets 0 bytes 0",
    ]],
  ]));

test("what would change what becomes of a packet stays as it is", () => {
  const left: string[][] = [
    // Flags: a bare value asks for any of them.
    ["tcp flags syn accept", "tcp flags ack drop"],
    ["tcp flags syn accept", "tcp flags ack accept"],
    ["ct state established accept", "ct state related accept"],
    ["ct status dnat accept", "ct status snat drop"],
    ["ct status dnat accept", "ct status snat accept"],
    ["ct label 1 accept", "ct label 2 accept"],
    // Overlapping intervals: the first rule decides, and a map of both would be refused.
    ["ip saddr 192.0.2.0/24 accept", "ip saddr 192.0.2.128/25 drop"],
    ["tcp dport 1-10 accept", "tcp dport 0x0a drop"],
    ["tcp dport vmap { 80 : accept, 931 : accept }", "tcp dport vmap { 800-999 : drop }"],
    ["ip saddr 192.0.2.0/24 tcp dport 1-9 accept", "ip saddr 192.0.2.1 tcp dport 5 drop"],
    ["ip saddr . tcp dport { 192.0.2.1 . 1-9 } drop", "ip saddr . tcp dport { 192.0.2.1 . 5 } accept"],
    ["ip saddr . tcp dport { 192.0.2.1 . 1 } drop", "ip saddr . tcp dport { 192.0.2.1 . 1 } accept"],
    // Masks.
    ["meta mark & 3 == 1 accept", "meta mark & 3 == 2 drop"],
    ["tcp flags & syn == syn accept", "tcp flags & ack == ack accept"],
    ["tcp flags syn / syn,ack accept", "tcp flags ack / syn,ack accept"],
    ["tcp dport != 22 accept", "tcp dport != 23 accept"],
    ['iifname "a*" accept', 'iifname "b*" accept'],
    // What counts or limits for itself, or more than a map would let through.
    ["tcp dport 1 counter accept", "tcp dport 2 accept"],
    ["tcp dport 1 counter accept", "tcp dport 2 counter drop"],
    ["tcp dport 1 limit rate 1/second accept", "tcp dport 2 limit rate 1/second accept"],
    ["tcp dport 1 meta mark set numgen inc mod 2", "tcp dport 2 meta mark set numgen inc mod 2"],
    ['tcp dport 1 log prefix "a"', 'tcp dport 2 log prefix "b"'],
    ["tcp dport 1 reject with icmp host-unreachable", "tcp dport 2 reject with icmp admin-prohibited"],
    ['tcp dport 1 accept comment "a"', 'tcp dport 2 accept comment "b"'],
    ["tcp sport @k tcp dport 1 accept", "tcp sport @k tcp dport 2 accept"],
    // What is written is asked again.
    ["meta mark 1 jump w", "meta mark 2 jump w"],
    ["meta mark 0 meta mark set 1", "meta mark 1 meta mark set 1"],
    ["tcp dport 1 accept", "meta mark set 1", "tcp sport 1 drop"],
    // Not to be moved: what is between meets it, or writes what it asks.
    ["tcp dport 1 accept", "ip saddr 192.0.2.1 drop", "tcp dport 2 accept"],
    ["tcp dport 1 accept", "tcp sport 5 counter", "tcp dport 2 accept"],
    ["meta mark 1 accept", "tcp dport 5 meta mark set 2", "meta mark 2 accept"],
    ["meta mark 0 accept", "meta mark 1 meta mark set 2", "meta mark 2 accept"],
    ["tcp dport 1 accept", "limit rate 1/second tcp dport 5 drop", "tcp dport 2 accept"],
  ];
  for (const rules of left) assert.equal(optimized(rules).output, "", rules.join("; "));
  const nat = [
    ["tcp dport 1 counter dnat to 10.0.0.1", "tcp dport 2 counter dnat to 10.0.0.2"],
    ["tcp dport 1 dnat to 10.0.0.1", "tcp dport 2 dnat to 10.0.0.2 random"],
    ["tcp dport 1 dnat to 10.0.0.1", "tcp dport 2 dnat to 10.0.0.2:80"],
    ["tcp dport 1 dnat to 10.0.0.1-10.0.0.4", "tcp dport 2 dnat to 10.0.0.5"],
  ];
  for (const rules of nat) {
    assert.equal(optimized(rules, "type nat hook prerouting priority -100;").output, "", rules.join("; "));
  }
});
