import assert from "node:assert/strict";
import fc from "fast-check";
import { renderDiagnostics } from "./diagnostic.ts";
import { parseConfig } from "./load.ts";

const load = (text: string) => parseConfig({ name: "weir.yaml", text });

/** `line:from-to: message` of everything wrong. */
function complaints(text: string): string[] {
  const result = load(text);
  if (result.ok) return [];
  const lines = renderDiagnostics(result.diagnostics).split("\n");
  return lines.filter((line) => line.startsWith("weir.yaml:"))
    .map((line) => line.slice("weir.yaml:".length).replace("Error: ", ""));
}

const GOOD = `version: 1
ports:
  wan: { match: { name: eth0 }, addresses: [198.51.100.2/24], routes: [{ to: default, via: 198.51.100.1 }] }
  lan1: {}
  lan2:
bridges:
  lan: { interfaces: [lan1, lan2], addresses: [192.168.1.1/24, fd00:1:2:3::1/64], ra: {} }
ruleset: weir.nft
`;

/** `GOOD` with lines appended, each case one mistake; the expected complaint starts the same. */
const CASES: readonly [name: string, more: string, complaint: string][] = [
  ["unknown key", "rulset: a.nft", "9:1-6: unknown key rulset"],
  ["netplan's wrapper", "network: {}", "9:1-7: unknown key network"],
  ["duplicate key", "version: 1", "9:1-1: this name stands twice at the same level"],
  ["not a mapping", "admin: 8080", '9:8-11: expected a mapping (key: value), found "8080"'],
  ["out of range", "admin: { port: 0 }", "9:16-16: 0 is out of range: 1 to 65535"],
  ["alias", "routes: &x []\nrouting-policy: *x", "10:17-18: expected a list, found an alias"],
  [
    "wildcard listener",
    "admin: { listen: [0.0.0.0] }",
    "9:19-25: the admin interface does not listen on every",
  ],
  [
    "wildcard listener 6",
    'admin: { listen: ["::"] }',
    "9:19-22: the admin interface does not listen on every",
  ],
  ["listener on WAN", "admin: { listen: [198.51.100.2] }", "9:19-30: wan leads outside"],
  [
    "foreign listener",
    "admin: { listen: [192.168.1.2] }",
    "9:19-29: no interface has the address 192.168.1.2",
  ],
  ["flows", "flows: revalidate", '9:8-17: expected keep, found "revalidate"'],
  [
    "no gateway",
    "routes: [{ to: 10.0.0.0/8, via: 10.1.1.1 }]",
    "9:33-40: the gateway 10.1.1.1 is in no network",
  ],
  [
    "own gateway",
    "routes: [{ to: 10.0.0.0/8, via: 192.168.1.1 }]",
    "9:33-43: the next hop is this router's own",
  ],
  ["no way", "routes: [{ to: 10.0.0.0/8 }]", "9:10-27: which way? this route has neither"],
  ["no destination", "routes: [{ via: 192.168.1.9 }]", "9:10-29: a route needs its destination"],
  ["which default", "routes: [{ to: default, type: blackhole }]", "9:16-22: default of which family?"],
  ["second default", "routes: [{ to: default, via: 192.168.1.9 }]", "9:16-22: two default routes of IPv4"],
  ["host bits", "routes: [{ to: 10.1.0.0/8, via: 192.168.1.9 }]", "9:16-25: 10.1.0.0/8 has bits set"],
  ["mixed families", "routes: [{ to: ::/0, via: 192.168.1.9 }]", "9:27-37: an IPv4 next hop for an IPv6"],
  [
    "blackhole via",
    "routes: [{ to: 10.0.0.0/8, via: 192.168.1.9, type: blackhole }]",
    "9:33-43: a blackhole",
  ],
  ["link-local via", "routes: [{ to: ::/0, via: fe80::1 }]", "9:27-33: a link-local next hop needs"],
  ["rule without table", "routing-policy: [{ from: 10.0.0.0/8 }]", "9:18-37: a policy rule needs its table"],
  ["rule of anything", "routing-policy: [{ table: 5 }]", "9:18-29: a policy rule without a condition"],
  ["unknown incoming", "routing-policy: [{ incoming: lam, table: 5 }]", "9:30-32: no interface is named lam"],
  [
    "incoming member",
    "routing-policy: [{ incoming: lan1, table: 5 }]",
    "9:30-33: no interface is named lan1",
  ],
  ["mark beyond mask", "routing-policy: [{ mark: 0x10/0xf, table: 5 }]", "9:26-33: the mark has bits"],
  ["conntrack", "conntrack: { max: many }", "9:19-22: expected a whole number of 64 to 16777216 flows"],
];

for (const [name, more, expected] of CASES) {
  Deno.test(`a mistake is found once, and where it is: ${name}`, () => {
    const found = complaints(GOOD + more + "\n");
    assert.equal(found.length, 1, found.join("\n"));
    assert.ok(found[0]!.startsWith(expected), found[0]);
  });
}

/** Whole port or bridge entries, in place of wan's line. */
const ENTRIES: readonly [name: string, entry: string, complaint: string][] = [
  ["tap", "wan: { match: { name: eth0 }, local: tap }", "3:40-42: a TAP as local device is not built yet"],
  ["dhcp4", "wan: { match: { name: eth0 }, dhcp4: true }", "3:40-43: a DHCP client is not built yet"],
  [
    "no length",
    "wan: { match: { name: eth0 }, addresses: [10.9.0.1] }",
    "3:45-52: expected an address with its",
  ],
  ["network address", "wan: { addresses: [10.9.0.0/24] }", "3:22-32: this is the network's address"],
  ["broadcast address", "wan: { addresses: [10.9.0.255/24] }", "3:22-34: this is the network's broadcast"],
  ["multicast address", "wan: { addresses: [224.0.0.1/24] }", "3:22-33: no host can have this address"],
  ["anycast address", 'wan: { addresses: ["2001:db8::/64"] }', "3:22-36: this is the subnet-router anycast"],
  ["one network twice", "wan: { addresses: [192.168.1.7/16] }", "7:48-61: 192.168.1.0/24 is on wan too"],
  ["small MTU", 'wan: { mtu: 1000, addresses: ["2001:db8::1/64"] }', "3:15-18: IPv6 needs an MTU of 1280"],
  ["long name", "a23456789012345678: { match: { name: eth0 } }", "3:3-20: the name has 18 bytes"],
  ["reserved name", "all: { match: { name: eth0 } }", "3:3-5: all means something else"],
  ["same device", "wan: { match: { name: lan1 } }", "4:3-6: two ports take the device lan1"],
  ["name of both", "lan: { match: { name: eth0 } }", "7:3-5: lan is the name of a port and of a bridge"],
  [
    "RA both ways",
    'wan: { accept-ra: on, ra: {}, addresses: ["2001:db8::1/64"] }',
    "3:21-22: an interface cannot",
  ],
  ["RA of nothing", "wan: { ra: {} }", "3:3-5: wan advertises, and has no IPv6 address"],
  ["netplan gateway", "wan: { gateway4: 198.51.100.1 }", "3:10-17: unknown key gateway4"],
];

for (const [name, entry, expected] of ENTRIES) {
  Deno.test(`a mistake in an entry is found once, and where it is: ${name}`, () => {
    const lines = GOOD.split("\n");
    lines[2] = `  ${entry}`;
    const found = complaints(lines.join("\n"));
    assert.equal(found.length, 1, found.join("\n"));
    assert.ok(found[0]!.startsWith(expected), found[0]);
  });
}

for (
  const [from, to, expected] of [
    ["version: 1", "version: 2", '1:10-10: expected version 1, found "2"'],
    ["version: 1", "version: [1]", "1:10-12: expected text, found a list"],
    ["ruleset: weir.nft", "ruleset: [weir.nft]", "8:10-19: expected text, found a list"],
    ["version: 1\n", "", "1:1-1: the version is missing"],
    ["ruleset: weir.nft\n", "", "1:1-1: no ruleset"],
  ] as const
) {
  Deno.test(`what is there and wrong is not called missing: ${to || from}`, () => {
    const found = complaints(GOOD.replace(from, to));
    assert.equal(found.length, 1, found.join("\n"));
    assert.ok(found[0]!.startsWith(expected), found[0]);
  });
}

Deno.test("members of bridges: unknown, listed twice, in two bridges, with addresses", () => {
  const found = complaints(`version: 1
ruleset: a.nft
ports: { p1: {}, p2: { addresses: [10.0.0.1/8] } }
bridges:
  a: { interfaces: [p1, p1, p3, p2] }
  b: { interfaces: [p2] }
  c: {}
`);
  assert.deepEqual(found, [
    "3:18-19: p2 is a member of the bridge a and has addresses",
    "5:25-26: p1 is listed twice",
    "5:29-30: no port is named p3",
    "6:21-22: p2 is a member of a already",
    "7:3-3: the bridge c has no members",
  ]);
});

Deno.test("advertised prefixes keep RFC 4861 and 4862", () => {
  const found = complaints(`version: 1
ruleset: a.nft
ports:
  lan:
    addresses: [192.168.1.1/24, "fd00::1/64"]
    mtu: 1400
    ra:
      prefixes: ["fd00::1/64", "fd01::/64", "fd00::/48", { prefix: "fd00::/64", valid-lifetime: 5, preferred-lifetime: 6 }]
      dns: [192.168.1.1]
      router-lifetime: 100
      mtu: 1500
`);
  assert.deepEqual(found.map((line) => line.replace(/ \(.*| to its hosts.*/, "")), [
    "8:18-29: bits are set behind the prefix's length",
    "8:32-42: no address of lan is in fd01::/64: answers",
    "8:45-55: hosts configure addresses from prefixes of 64 bits only",
    "8:120-120: preferred for longer than valid",
    "9:13-23: router advertisements carry IPv6 name servers only",
    "10:24-26: the router lifetime is shorter than the interval of 600 seconds",
    "11:12-15: hosts would send packets larger than the MTU of lan",
  ]);
});

Deno.test("an error shows the line, carets and what to do", () => {
  const result = load(GOOD.replace("addresses: [192", "adresses: [192"));
  assert.ok(!result.ok);
  assert.equal(
    renderDiagnostics(result.diagnostics.slice(0, 1)).replace(/ +$/gm, ""),
    `weir.yaml:7:36-43: Error: unknown key adresses
  lan: { interfaces: [lan1, lan2], adresses: [192.168.1.1/24, fd00:1:2:3::1/64], ra: {} }
                                   ^^^^^^^^
hint: did you mean addresses?
`,
  );
});

Deno.test("no text makes the reader throw or speak nonsense", () => {
  const tokens = GOOD.split(/(\s+|[{}[\],:])/);
  const pieces = fc.constantFrom(
    ...tokens,
    "&a",
    "*a",
    "<<",
    "!!x",
    "|",
    ">",
    "\t",
    "null",
    "~",
    "- ",
    "'",
    '"',
    "\u0007",
  );
  const mutation = fc.tuple(fc.nat(tokens.length), fc.nat(3), fc.array(pieces, { maxLength: 4 }));
  fc.assert(
    fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), (mutations) => {
      const copy = [...tokens];
      for (const [at, remove, add] of mutations) copy.splice(at, remove, ...add);
      const result = load(copy.join(""));
      if (result.ok) return;
      const shown = result.diagnostics.map((d) => d.message + d.hints.join("")).join("\n");
      assert.doesNotMatch(shown, /undefined|\bNaN\b|internal|\[object/);
      assert.ok(!renderDiagnostics(result.diagnostics).includes("\u0007"));
    }),
    { numRuns: 400, seed: 20261122 },
  );
});

Deno.test("the shipped default is right", () => {
  const text = Deno.readTextFileSync(new URL("./defaults/weir.yaml", import.meta.url));
  assert.deepEqual(complaints(text), []);
  assert.deepEqual(complaints(GOOD), []);
});
