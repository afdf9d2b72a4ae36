import assert from "node:assert/strict";
import { test } from "node:test";
import { readFrame } from "../forward/link_frame.ts";
import { HOOK_FORWARD, HOOK_PREROUTING } from "../hook.ts";
import type { ExpressionKind } from "../expr/expression.ts";
import { features } from "../nft/features.ts";
import { Nft } from "../nft/nft.ts";
import type { PacketBatch } from "../packet/batch.ts";
import { putFrame, testBatch } from "../packet/test_batch.ts";
import { SeededRandom } from "../random.ts";
import { RulesetStore } from "../ruleset/store.ts";
import { assemble } from "./assemble.ts";
import type { FlowView } from "./flow_view.ts";
import { isLinkFamily } from "./link_family.ts";
import { Machine, MACHINE_ACCEPT, MACHINE_STOLEN } from "./machine.ts";
import { sampleFrames, VLAN_TAG } from "./test_frames.ts";
import { unsupported } from "./unsupported.ts";

/**
 * Every field, option and key of the language, from its descriptors: a rule that compares it is refused at its place,
 * or there is a packet that it matches. What is accepted and matches nothing would be passed over in silence.
 */

/** What no router of ours can answer. */
const REFUSED = [
  "meta skuid",
  "meta skgid",
  "meta cgroup",
  "meta broute",
  "meta ibrhwaddr",
  "ct event",
];
/** Compared with nothing that could be written: they are for maps and sets alone. */
const UNWRITTEN = ["rt2 addr", "meta secmark", "ct secmark"];
/** As with the kernel's bridge while it does not filter by VLAN. */
const NEVER = ["meta ibrpvid", "meta ibrvproto"];
/** The grammar has another word for it. */
const WRITTEN: Readonly<Record<string, string>> = {
  "vxlan flags": "udp dport 4789 vxlan flags",
  "vxlan vni": "udp dport 4789 vxlan vni",
  "geneve type": "udp dport 6081 geneve type",
  "geneve vni": "udp dport 6081 geneve vni",
  "srh sid": "srh sid[1]",
  "rt0 addr": "rt0 addr[1]",
  "ct saddr": "ct original ip saddr",
  "ct daddr": "ct original ip daddr",
  "ct proto-src": "meta l4proto tcp ct original proto-src",
  "ct proto-dst": "meta l4proto tcp ct original proto-dst",
};

const VALUES: Readonly<Record<string, string>> = {
  ether_addr: "02:00:00:00:00:01",
  ipv4_addr: "192.0.2.1",
  ipv6_addr: "2001:db8::1",
  boolean: "exists",
  iface_index: "lan",
  ifname: '"lan"',
  time: "1s",
  hour: '"10:00"',
  day: "Monday",
  classid: "1:2",
  string: '"ftp"',
  invalid: "192.0.2.1",
  uid: "0",
  gid: "0",
  realm: "0",
  ct_label: "1",
};

const BY_NAME: Readonly<Record<string, string>> = {
  "meta time": '"2020-01-01 00:00:00"',
  "meta ipsec": "missing",
};

const FAMILIES = ["inet", "bridge", "netdev", "arp"] as const;

test("every field the language knows is carried out or refused", () => {
  const { types, fields } = features();
  const symbols = new Map(types.map(({ name, values }) => [name, values?.[0]?.name]));
  const [batch, rows] = samples();
  const refused: string[] = [], silent: string[] = [], unwritten: string[] = [];
  for (const field of fields) {
    const name = WRITTEN[field.name] ?? field.name;
    const value = BY_NAME[field.name] ?? VALUES[field.type] ?? symbols.get(field.type) ?? "1";
    const outcomes = new Set<Outcome>();
    for (const family of FAMILIES) {
      if (!outcomes.has("runs")) outcomes.add(outcome(family, name, value, batch, rows));
    }
    if (outcomes.has("runs")) continue;
    if (outcomes.has("silent")) silent.push(field.name);
    else if (outcomes.has("refused")) refused.push(field.name);
    else unwritten.push(field.name);
  }
  assert.deepEqual(refused, REFUSED);
  assert.deepEqual(silent.sort(), [...NEVER].sort());
  assert.deepEqual(unwritten, UNWRITTEN);
});

type Outcome = "runs" | "silent" | "refused" | "not written";

function outcome(
  family: string,
  name: string,
  value: string,
  batch: PacketBatch,
  rows: readonly number[],
): Outcome {
  let found: Outcome = "not written";
  for (const operator of value === "exists" ? [""] : ["", "!= "]) {
    const result = run(family, `${name} ${operator}${value} accept`, batch, rows);
    if (result === "runs" || result === "refused") return result;
    if (result === "silent") found = result;
  }
  return found;
}

/** A rule for each kind of expression; the compiler sees that none is left out. */
const KINDS: Readonly<Record<ExpressionKind, readonly [rule: string, family?: string]>> = {
  "meta": ["meta mark 0 accept"],
  "meta set": ["meta mark set 7 meta mark 7 accept"],
  "payload": ["@th,0,16 1000 accept"],
  "inner": ["udp dport 4789 vxlan vni 0 accept"],
  "payload write": ["tcp dport set 81 tcp dport 81 accept"],
  "exthdr": ["exthdr frag exists accept"],
  "exthdr write": ["tcp option maxseg size set 100 tcp option maxseg size 100 accept"],
  "exthdr reset": ["reset tcp option sack-perm tcp option sack-perm missing accept"],
  "cmp": ["tcp dport 80 accept"],
  "range": ["tcp dport != 1-79 accept"],
  "bitwise": ["tcp flags & syn == syn accept"],
  "bitwise registers": ["ct mark set ct mark | meta mark accept"],
  "shift": ["meta mark set meta mark << 2 accept"],
  "byteorder": ["ip length 20-200 meta length 20-200 accept"],
  "immediate": ["meta mark set 1 accept"],
  "verdict": ["accept"],
  "lookup": ["tcp dport { 80, 81 } accept"],
  "dynset": ["add @s { ip saddr } accept"],
  "ct": ["ct mark 1 accept"],
  "ct set": ["ct mark set 9 ct mark 9 accept"],
  "rt": ["rt ip nexthop 0.0.0.1 accept"],
  "fib": ["fib saddr . iif oif exists accept"],
  "counter": ["counter accept"],
  "limit": ["limit rate 5/second accept"],
  "quota": ["quota 9 mbytes accept"],
  "connlimit": ["ct count 5 accept"],
  "last": ["last accept"],
  "log": ['log prefix "x" accept'],
  "objref": ["counter name k accept"],
  "objref map": ['counter name tcp dport map { 80 : "k" } accept'],
  "numgen": ["numgen inc mod 2 0 accept"],
  "hash": ["jhash ip saddr mod 2 { 0, 1 } accept"],
  "socket": ["socket transparent 1 accept"],
  "osf": ['osf name "Linux" accept'],
  "xfrm": ["ipsec in reqid 1 accept"],
  "queue": ["queue to 1"],
  "dup": ["dup to lan accept", "netdev"],
  "fwd": ["fwd to lan", "netdev"],
  "tproxy": ["meta l4proto tcp tproxy to :80"],
  "synproxy": ["synproxy mss 1460 wscale 7"],
  "flow offload": ["flow add @f accept"],
  "reject": ["reject"],
  "nat": ["dnat ip to 192.0.2.9", "nat"],
  "masquerade": ["masquerade", "nat out"],
  "redirect": ["redirect", "nat"],
  "notrack": ["notrack accept"],
};
const REFUSED_KINDS = ["socket", "osf", "queue", "tproxy", "synproxy"];

test("every kind of expression is carried out or refused", () => {
  for (const [kind, [rule, family = "inet"]] of Object.entries(KINDS)) {
    const [batch, rows] = samples(), result = run(family, rule, batch, rows);
    if (REFUSED_KINDS.includes(kind)) assert.equal(result, "refused", `${kind}: ${rule}`);
    else assert.ok(result === "runs" || result === "refused", `${kind}: ${rule}: ${result}`);
  }
});

/** Statements about connections: those that run, and what is refused of their kind. */
const CONNECTIONS: readonly (readonly [statement: string, family?: string])[] = [
  ["ct zone set 1"],
  ["ct original zone set 1"],
  ["ct label set 3"],
  ["ct event set new,destroy"],
  ['ct helper set "phone"'],
  ['ct timeout set "slow"'],
  ['ct expectation set "callback"'],
];
const REFUSED_CONNECTIONS: typeof CONNECTIONS = [
  ['ct helper set "nobody"'],
  ['ct helper set tcp dport map { 21 : "phone" }'],
  ["ct zone set 1", "bridge"],
  ['ct timeout set "slow"', "netdev"],
];

test("statements about connections run, in tables that see connections", () => {
  const [batch, rows] = samples();
  for (const [statement] of CONNECTIONS) {
    assert.equal(run("inet", `${statement} accept`, batch, rows), "runs", statement);
  }
  for (const [statement, family = "inet"] of REFUSED_CONNECTIONS) {
    assert.equal(run(family, `${statement} accept`, batch, rows), "refused", statement);
  }
});

function samples(): [PacketBatch, readonly number[]] {
  const batch = testBatch(64), rows = sampleFrames().map((frame) => putFrame(batch, frame));
  batch.wall = 1_700_000_000_000;
  return [batch, rows];
}

/** Whether a rule of this kind of chain decides one of the packets. */
function run(kind: string, rule: string, batch: PacketBatch, rows: readonly number[]): Outcome {
  const store = ruleset(kind, rule);
  if (!(store instanceof RulesetStore)) return store;
  const program = assemble(store.current, 1, { live: store.live }), chain = program.hooks[0]!;
  const machine = new Machine({
    flows,
    random: new SeededRandom(1),
    cells: store.cells.numbers,
    route: () => 1500,
    fib: () => 1,
    ipsec: () => ({
      family: 4,
      tunnel: true,
      spi: 1,
      reqid: 1,
      source: new Uint32Array(4),
      destination: new Uint32Array(4),
    }),
    nextHop: (_batch, _row, out) => {
      out.fill(0);
      out[0] = 1;
    },
  });
  machine.setInterfaces(["", "lan", "wan", "br"], (index) => index < 4);
  machine.install(program);
  for (const row of rows) {
    batch.flow[row] = 0;
    batch.outInterface[row] = 2;
    if (!isLinkFamily(chain.family)) {
      const decided = batch.family[row] !== 0 &&
        machine.run(chain, batch, row, HOOK_FORWARD) === MACHINE_ACCEPT;
      if (decided || machine.reject.active) return "runs";
      continue;
    }
    if (chain.family === "arp" && batch.etherType[row] !== 0x0806) continue;
    for (const tag of [0, VLAN_TAG]) {
      batch.vlan[row] = tag;
      readFrame(batch, row);
      const verdict = machine.runLink(chain, batch, row, HOOK_PREROUTING, 1, 2, 0, 3);
      batch.vlan[row] = 0;
      if (verdict === MACHINE_ACCEPT || verdict === MACHINE_STOLEN) return "runs";
    }
  }
  return "silent";
}

const CONNECTION_OBJECTS = [
  'ct helper phone { type "sip" protocol udp; }',
  'ct helper nobody { type "nobody" protocol udp; }',
  "ct timeout slow { protocol udp; policy = { unreplied : 9 }; }",
  "ct expectation callback { protocol tcp; dport 9876; timeout 1m; size 4; }",
  "",
].join("; ");

/** The rule in a chain that drops; a word where it cannot be loaded. */
function ruleset(kind: string, rule: string): RulesetStore | "refused" | "not written" {
  const store = new RulesetStore({ offline: true }),
    hook = HOOKS[kind]!,
    family = kind.startsWith("nat") ? "inet" : kind;
  const flowtable = family === "inet" ? "flowtable f { hook ingress priority 0; devices = { lan }; }; " : "";
  const text = `table ${family} t {
 counter k { }; ${flowtable}${CONNECTION_OBJECTS}set s { type ipv4_addr; flags dynamic; size 16; }; chain c {
 type ${hook} priority 0; policy drop
 ${rule}\n }\n}\n`;
  const { ok, error } = new Nft(store, {
    refuses: unsupported,
    interfaceIndex: (name) => ["lan", "wan", "br"].indexOf(name) + 1 || undefined,
  }).run(text, "rules");
  if (ok) return store;
  if (!error.includes("not supported by this data plane")) return "not written";
  assert.match(error, /^rules:4:\d+-\d+: Error: not supported by this data plane\n[^]*\nhint: \S/, rule);
  return "refused";
}

const HOOKS: Readonly<Record<string, string>> = {
  inet: "filter hook forward",
  bridge: "filter hook prerouting",
  netdev: "filter hook ingress device lan",
  arp: "filter hook input",
  nat: "nat hook prerouting",
  "nat out": "nat hook postrouting",
};

/** A flow that carried something, between documentation addresses. */
const flows: FlowView = {
  status: new Uint32Array([0xffff]),
  mark: new Uint32Array([1]),
  packets: () => 3,
  bytes: () => 300,
  expiration: () => 5000,
  family: () => 4,
  protocol: () => 6,
  sourceWord: () => 0xc0000201,
  destinationWord: () => 0xc0000202,
  sourcePort: () => 1000,
  destinationPort: () => 80,
  id: () => 7,
  zone: () => 0,
  assigned: {
    label: (_row, word) => word === 0 ? 2 : 0,
    addLabel: () => {},
    events: () => 0,
    setEvents: () => {},
    masterHelper: () => "ftp",
  },
};
