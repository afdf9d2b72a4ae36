import assert from "node:assert/strict";
import type { Program } from "../core/classify/program.ts";
import { formatAddress, formatMac, formatPrefix } from "../core/packet/address.ts";
import { parseConfig } from "./load.ts";
import { buildPlan, type PlanEnvironment } from "./plan.ts";

/** A plan carries its program and never looks inside. */
const PROGRAM = { generation: 1 } as Program;

const NAMES = ["wan", "lan", "lan1", "lan2"];
const ENVIRONMENT: PlanEnvironment = {
  generation: 7,
  hostname: "host",
  flows: 1000,
  interfaceIndex: (name) => NAMES.indexOf(name) + 1,
  portNumber: (name) => NAMES.indexOf(name) + 10,
  macOf: (name) => Uint8Array.of(2, 0, 0, 0, 0, NAMES.indexOf(name)),
  mtuOf: (name) => (name === "lan2" ? 1400 : 1500),
  localPort: (name) => (name === "wan" ? 20 : undefined),
};

function plan(text: string) {
  const result = parseConfig({ name: "weir.yaml", text });
  assert.ok(result.ok, JSON.stringify(result));
  return buildPlan(result.config, PROGRAM, ENVIRONMENT);
}

const TEXT = `version: 1
ruleset: weir.nft
ports:
  wan:
    macaddress: 02:00:00:00:00:99
    addresses: [198.51.100.2/24, "2001:db8:f::2/64"]
    routes: [{ to: default, via: 198.51.100.1, metric: 5, mtu: 1400 }, { to: 203.0.113.0/24 }]
  lan1:
  lan2:
bridges:
  lan:
    interfaces: [lan1, lan2]
    addresses: [192.168.1.1/24, "fd00:1:2:3::1/64", "fe80::1/64"]
    parameters: { ageing-time: 60 }
    ra: { interval: 100, dns: ["fd00:1:2:3::1"] }
    routing-policy: [{ mark: 0x10/0xf0, table: 100 }]
routes:
  - { to: default, via: "2001:db8:f::1" }
  - { to: 10.0.0.0/8, type: unreachable, table: 100 }
routing-policy: [{ from: 192.168.1.0/24, incoming: lan, table: 100, priority: 20000 }]
`;

Deno.test("interfaces: a port of its own, a bridge with its first member's address and smallest MTU", () => {
  const [wan, lan] = plan(TEXT).interfaces;
  assert.equal(formatMac(wan!.mac), "02:00:00:00:00:99");
  assert.deepEqual([wan!.index, wan!.ports, wan!.local, wan!.mtu, wan!.bridge], [
    1,
    [10],
    20,
    1500,
    undefined,
  ]);
  assert.equal(formatMac(lan!.mac), "02:00:00:00:00:02");
  assert.deepEqual([lan!.index, lan!.ports, lan!.local, lan!.mtu], [2, [12, 13], undefined, 1400]);
  const members = [{ name: "lan1", index: 3, port: 12 }, { name: "lan2", index: 4, port: 13 }];
  assert.deepEqual(lan!.bridge, { ageing: 60, stp: "pass", members });
  assert.ok(!("local" in lan!), "what there is none of is absent, not undefined");
});

Deno.test("advertisements: own /64 networks, lifetimes of RFC 4861", () => {
  const ra = plan(TEXT).interfaces[1]!.advertise!;
  assert.deepEqual([ra.routerLifetime, ra.interval, ra.mtu], [300, 100, undefined]);
  assert.deepEqual(ra.prefixes.map(formatPrefix), ["fd00:1:2:3::/64"]);
  assert.deepEqual([ra.prefixes[0]!.validLifetime, ra.prefixes[0]!.preferredLifetime], [2592000, 604800]);
  assert.deepEqual(ra.dns.map(formatAddress), ["fd00:1:2:3::1"]);
});

Deno.test("routes find their interface and their family", () => {
  const routes = plan(TEXT).routes.map((
    r,
  ) => [
    formatPrefix(r.destination),
    r.type,
    r.via && formatAddress(r.via),
    r.interface,
    r.metric,
    r.table,
    r.mtu,
  ]);
  assert.deepEqual(routes, [
    ["0.0.0.0/0", "unicast", "198.51.100.1", 1, 5, 254, 1400],
    ["203.0.113.0/24", "unicast", undefined, 1, 0, 254, undefined],
    ["::/0", "unicast", "2001:db8:f::1", 1, 0, 254, undefined],
    ["10.0.0.0/8", "unreachable", undefined, undefined, 0, 100, undefined],
  ]);
});

Deno.test("policy rules: by priority, a rule without addresses for both families", () => {
  const rules = plan(TEXT).policyRules;
  assert.deepEqual(rules.map((r) => [r.priority, r.family, r.incoming, r.table]), [
    [10001, 4, undefined, 100],
    [10001, 6, undefined, 100],
    [20000, 4, 2, 100],
  ]);
  assert.deepEqual(rules[0]!.mark, { value: 0x10, mask: 0xf0 });
});

Deno.test("a plan is plain data", () => {
  const made = plan(TEXT);
  assert.deepEqual(structuredClone(made), made);
  assert.deepEqual([made.generation, made.hostname, made.conntrack.flows], [7, "host", 1000]);
});
