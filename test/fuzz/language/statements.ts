import { below, type Random } from "../../../core/random.ts";
import { chance, pick } from "./values.ts";

type Made = (random: Random) => string;

/** Options of a statement: some of them, in any order. */
const options = (random: Random, from: readonly string[]): string => {
  const left = [...from], chosen: string[] = [];
  for (let count = below(random, 4); count > 0 && left.length > 0; count--) {
    chosen.push(left.splice(below(random, left.length), 1)[0]!);
  }
  return chosen.length === 0 ? "" : " " + chosen.join(" ");
};
const oneOf = (...texts: string[]): Made => (random) => pick(random, texts);
const UNITS = ["second", "minute", "hour", "day", "week"];

const limit: Made = (random) => {
  const over = pick(random, ["", "", "over ", "until "]);
  const bytes = chance(random, 40);
  const unit = bytes ? pick(random, [" bytes", " kbytes", " mbytes"]) : "";
  const burst = chance(random, 50)
    ? ` burst ${1 + below(random, 20)} ${bytes ? pick(random, ["bytes", "kbytes", "mbytes"]) : "packets"}`
    : "";
  return `limit rate ${over}${below(random, 1000)}${unit}/${pick(random, UNITS)}${burst}`;
};

const stateful: Made = (random) =>
  pick(random, [
    "",
    "",
    " counter",
    ` ${limit(random)}`,
    " ct count 3",
    " ct count over 10",
    " quota over 10 mbytes",
  ]);

export const STATEMENTS: readonly Made[] = [
  (random) =>
    `log${
      options(random, [
        'prefix "a b"',
        "level debug",
        "level audit",
        "group 2",
        "snaplen 33",
        "queue-threshold 3",
        "flags all",
        "flags tcp sequence,options",
        "flags ip options",
        "flags skuid",
        "flags ether",
      ])
    }`,
  limit,
  limit,
  oneOf(
    "counter",
    "counter packets 1 bytes 2",
    "counter name cnt",
    'counter name "cnt"',
    "counter name nosuch",
    "counter bytes 1 packets 2",
  ),
  (random) =>
    `quota ${pick(random, ["", "over ", "until "])}${below(random, 3000)} ${
      pick(random, ["bytes", "kbytes", "mbytes", "gbytes"])
    }${pick(random, ["", "", " used 2 kbytes"])}`,
  oneOf(
    "quota name q",
    "limit name l",
    "quota name cnt",
    "counter name ip saddr map { 192.0.2.1 : cnt }",
    "counter name ip saddr map @cm",
    "limit name tcp dport map { 22 : l, 80 : l }",
  ),
  oneOf("ct count 3", "ct count over 10", "ct count until 3", "ct count 0"),
  oneOf(
    "reject",
    "reject with tcp reset",
    "reject with icmp type host-unreachable",
    "reject with icmp host-unreachable",
    "reject with icmp 3",
    "reject with icmpv6 no-route",
    "reject with icmpv6 type admin-prohibited",
    "reject with icmpx admin-prohibited",
    "reject with icmpx type port-unreachable",
    "reject with icmpx 2",
    "tcp dport 22 reject with tcp reset",
    "udp dport 53 reject with tcp reset",
    "ip protocol udp reject with tcp reset",
    "meta l4proto tcp reject",
    "reject with icmp type nosuch",
    "ip saddr 192.0.2.1 reject",
    "ip6 saddr ::1 reject with icmp host-unreachable",
    "ether type arp reject",
    "meta nfproto ipv4 reject with icmpv6 no-route",
  ),
  (random) =>
    pick(random, [
      "queue",
      "queue num 1",
      "queue num 1-5",
      "queue to 3",
      "queue to 1-3 bypass",
      "queue num 1 bypass,fanout",
      "queue num 1-4 fanout bypass",
      "queue flags bypass to 65535",
      "queue flags bypass,fanout to 2-4",
      "queue to 65536",
      "queue to numgen inc mod 4",
      "queue flags bypass to symhash mod 2 offset 4",
      'queue to oifname map { "lo" : 1, eth0 : 2 }',
      "queue num 5-3",
      "queue to jhash oif . meta mark mod 32",
    ]),
  oneOf(
    "notrack",
    "continue",
    "return",
    "accept",
    "drop",
    "jump other",
    "goto other",
    "jump nosuch",
    "accept drop",
    "continue accept",
    "drop counter",
  ),
  oneOf(
    "dup to 192.0.2.1",
    "dup to 192.0.2.1 device lo",
    "dup to 2001:db8::1",
    "dup to lo",
    "dup to ip saddr map { 192.0.2.1 : 192.0.2.2 }",
    'dup to ip saddr map { 192.0.2.1 : 192.0.2.2 } device "lo"',
    "fwd to lo",
    "fwd ip to 192.0.2.1 device lo",
    'fwd ip6 to 2001:db8::1 device "lo"',
    "fwd to meta mark map { 1 : lo }",
  ),
  oneOf(
    "meta l4proto tcp tproxy to :1",
    "tcp dport 22 tproxy to 192.0.2.1:80",
    "meta l4proto udp tproxy ip to 192.0.2.1",
    "meta l4proto 6 tproxy ip6 to [2001:db8::1]:50",
    "tproxy to :1",
    "meta l4proto 17 tproxy to 192.0.2.1-192.0.2.9",
    "tcp dport 22 tproxy ip to :80",
    "meta l4proto 17 tproxy to 192.0.2.1:80-90",
    "tcp dport 1 tproxy ip6 to [::1]",
  ),
  (random) =>
    `${pick(random, ["", "tcp dport 80 "])}synproxy${
      options(random, ["mss 1460", "wscale 7", "timestamp", "sack-perm"])
    }`,
  oneOf(
    "reset tcp option mss",
    "reset tcp option maxseg",
    "reset tcp option timestamp",
    "reset tcp option sack-perm",
    "tcp flags syn reset tcp option 4",
    "tcp option maxseg size set rt mtu",
    "tcp option maxseg size set 1400",
  ),
  (random) =>
    `${pick(random, ["add", "update", "delete"])} @${pick(random, ["dyn4", "dyn4", "a4", "dynp", "c4p"])} { ${
      pick(random, [
        "ip saddr",
        "ip saddr",
        "ip daddr",
        "ip saddr . tcp dport",
        "192.0.2.1",
        "tcp dport",
        "ip saddr & 255.255.255.0",
      ])
    }${pick(random, ["", "", " timeout 30s", " timeout 1h30m"])}${stateful(random)}${
      pick(random, ["", "", "", ' comment "x"'])
    } }`,
  (random) =>
    `${pick(random, ["add", "update", "delete"])} @dm { ip saddr : ${
      pick(random, ["meta mark", "1", "ct mark", "ip daddr"])
    } }`,
  (random) =>
    `set ${pick(random, ["add", "update"])} ${pick(random, ["ip saddr", "ip daddr", "tcp dport"])}${
      pick(random, ["", " timeout 10s"])
    } @dyn4`,
  (random) =>
    `meter mt${pick(random, ["", " size 1024"])} { ${
      pick(random, [
        "ip saddr",
        "ip saddr . tcp dport",
        "ip6 saddr & ffff:ffff::",
        "ip dscp",
        "meta mark",
        "iifname . ip saddr",
        "ether saddr",
        "ip saddr & 255.255.255.0 . ip daddr",
      ])
    }${pick(random, ["", " timeout 60s"])}${
      pick(random, [` ${limit(random)}`, " ct count 3", " counter", ""])
    } }`,
  oneOf(
    'comment "hello"',
    'counter comment "hello there"',
    'accept comment "x" drop',
    'tcp dport 22 comment "a"',
  ),
  oneOf(
    "tcp dport 22 ip saddr 192.0.2.1",
    'ct helper "ftp"',
    "ct zone set 1",
    "ct original zone set 3",
    "ct reply zone 5",
    "ct state established,related accept",
    "ct state vmap { established : accept, invalid : drop }",
    "ct state != { new, established }",
    "tcp flags & (syn|ack) == syn",
    "tcp flags syn,ack / syn,ack,rst",
    "tcp flags ! syn",
    "tcp flags != syn,ack",
    "ct status ! dnat",
    "fib saddr . iif oif missing",
    "fib daddr . iif type != { local, broadcast }",
    "fib saddr type local",
    "fib saddr oif 0",
    "ct state ! new",
    "vlan id 5 ip saddr 192.0.2.1",
    "vlan type ip ip protocol tcp",
    "ether type vlan vlan id 1",
    'meta time < "2022-01-01 00:00"',
    'meta hour "17:00"-"19:00"',
    "meta day { Monday, Tuesday }",
    "meta day 0-3",
  ),
];

const FLAGS = [
  "random",
  "persistent",
  "fully-random",
  "random,persistent",
  "random persistent",
  "fully-random,random",
];
const flags: Made = (random) => chance(random, 40) ? ` ${pick(random, FLAGS)}` : "";
const guard: Made = (random) =>
  pick(random, [
    "",
    "tcp dport 80 ",
    "meta l4proto udp ",
    "ip protocol tcp ",
    "ip saddr 192.0.2.0/24 ",
    "ip6 daddr 2001:db8::/32 ",
    "meta l4proto { tcp, udp } ",
    "iifname lo ",
    "meta nfproto ipv4 ",
  ]);
const FOUR = [
  "192.0.2.1",
  "192.0.2.1-192.0.2.9",
  "192.0.2.0/24",
  "192.0.2.1:80",
  "192.0.2.1:80-90",
  "192.0.2.1-192.0.2.9:8000-9000",
  ":80",
  ":1-5",
  "numgen inc mod 2 map { 0 : 192.0.2.1, 1 : 192.0.2.2 }",
  "ip saddr map { 192.0.2.1 : 198.51.100.1 }",
  "tcp dport map @p4",
  "tcp dport map { 22 : 192.0.2.1, 80-90 : 192.0.2.2 }",
  "ip saddr . tcp dport map { 192.0.2.1 . 22 : 198.51.100.1 . 2222 }",
  "ip saddr map { 192.0.2.1 : 198.51.100.1 . 22, 192.0.2.2 : 198.51.100.2 . 80 }",
  "ip daddr",
  "ip saddr map { 192.0.2.1 : 198.51.100.1-198.51.100.9 }",
  "tcp dport map { 22 : 192.0.2.1 }:tcp dport map { 22 : 80 }",
  "192.0.2.9-192.0.2.1",
  "192.0.2.1:65536",
  "jhash ip saddr mod 2 map { 0 : 192.0.2.1, 1 : 192.0.2.2 }:80",
];
const SIX = [
  "2001:db8::1",
  "[2001:db8::1]:80",
  "2001:db8::1-2001:db8::9",
  "[2001:db8::1-2001:db8::9]:80-90",
  "2001:db8::/64",
  ":22",
  "ip6 saddr map { ::1 : 2001:db8::1 }",
  "[2001:db8::1]",
];

export const NAT: readonly Made[] = [
  (random) =>
    `${guard(random)}${pick(random, ["snat", "dnat"])}${pick(random, ["", "", " ip", " ip6"])} to ${
      pick(random, chance(random, 70) ? FOUR : SIX)
    }${flags(random)}`,
  (random) =>
    `${guard(random)}${pick(random, ["snat", "dnat"])} ip${chance(random, 30) ? "6" : ""} ${
      pick(random, ["prefix", "interval", "addr . port"])
    } to ${pick(random, FOUR)}${flags(random)}`,
  (random) =>
    `${guard(random)}masquerade${pick(random, ["", " to :1024", " to :1024-65535"])}${flags(random)}`,
  (random) =>
    `${guard(random)}redirect${
      pick(random, [
        "",
        " to :22",
        " to :22-30",
        " to 22",
        " to :tcp dport map { 22 : 8000, 80 : 8080 }",
        " to :numgen inc mod 3 offset 1000",
      ])
    }${flags(random)}`,
];
