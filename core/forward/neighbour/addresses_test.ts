import { test } from "node:test";
import assert from "node:assert/strict";
import { formatAddress, formatWords, parsePrefix } from "../../packet/address.ts";
import { SeededRandom } from "../../random.ts";
import { Addresses, interfaceAddress } from "./addresses.ts";
import { eui64, LINK_LOCAL_PREFIX, stableIdentifier, withIdentifier } from "./interface_identifier.ts";
import { sipHash } from "./siphash.ts";
import { selectSource } from "./source_address.ts";
import { address, plan, TestLink, words } from "./test_link.ts";

test("SipHash-2-4: the vectors of its paper", () => {
  const key = Uint8Array.from({ length: 16 }, (_, i) => i);
  const hex = (length: number) =>
    sipHash(key, Uint8Array.from({ length }, (_, i) => i)).map((w) => w.toString(16).padStart(8, "0")).join(
      "",
    );
  assert.equal(hex(15), "a129ca6149be45e5");
  assert.equal(hex(0), "726fdb47dd0e0e31");
  assert.equal(hex(8), "93f5f5799a932462");
});

test("interface identifiers: EUI-64 of RFC 4291 appendix A, and RFC 7217", () => {
  const link = withIdentifier(LINK_LOCAL_PREFIX, eui64(Uint8Array.of(0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde)));
  assert.equal(formatAddress(link), "fe80::3656:78ff:fe9a:bcde");
  const secret = new Uint8Array(16).fill(5), prefix = parsePrefix("2001:db8::/64")!;
  const first = stableIdentifier(prefix, "wan", 0, secret);
  assert.deepEqual(stableIdentifier(prefix, "wan", 0, secret), first, "stable");
  assert.notDeepEqual(stableIdentifier(prefix, "wan", 1, secret), first, "another attempt");
  assert.notDeepEqual(stableIdentifier(prefix, "lan", 0, secret), first, "another interface");
  assert.notDeepEqual(stableIdentifier(parsePrefix("2001:db8:1::/64")!, "wan", 0, secret), first);
});

function table(...list: [number, string, ("preferred" | "deprecated" | "tentative")?][]): Addresses {
  const addresses = new Addresses();
  for (const [index, text, state] of list) {
    const made = interfaceAddress(index, parsePrefix(text)!, "static");
    made.state = state ?? "preferred";
    addresses.add(made);
  }
  return addresses;
}

test("isLocal knows usable addresses only, on one interface or on any", () => {
  const addresses = table([1, "192.0.2.1/24"], [2, "fe80::1/64"], [3, "fe80::1/64"], [
    1,
    "2001:db8::1/64",
    "tentative",
  ]);
  assert.equal(addresses.isLocal(0, 4, words("192.0.2.1"), 0), true);
  assert.equal(addresses.isLocal(1, 4, words("192.0.2.1"), 0), true);
  assert.equal(addresses.isLocal(2, 4, words("192.0.2.1"), 0), false);
  assert.equal(addresses.isLocal(0, 6, words("192.0.2.1"), 0), false, "the family counts");
  assert.equal(addresses.isLocal(3, 6, words("fe80::1"), 0), true);
  assert.equal(addresses.isLocal(1, 6, words("fe80::1"), 0), false);
  assert.equal(addresses.isLocal(0, 6, words("2001:db8::1"), 0), false);
  for (
    const [text, is] of [["192.0.2.255", true], ["192.0.2.254", false], ["255.255.255.255", true]] as const
  ) {
    assert.equal(addresses.isBroadcast(1, words(text)[0]!), is);
  }
});

test("isLocal agrees with a linear search over random addresses", () => {
  const random = new SeededRandom(11), addresses = new Addresses();
  const pick = () => Uint32Array.of(0x20010db8, random.u32() % 4, 0, random.u32() % 64);
  for (let i = 0; i < 300; i++) {
    const w = pick(), index = 1 + random.u32() % 3;
    const known = addresses.find(index, 6, w, 0);
    if (known !== undefined && random.u32() % 2 === 0) addresses.remove(known);
    else if (known === undefined) {
      const made = interfaceAddress(
        index,
        { family: 6, words: [w[0]!, w[1]!, 0, w[3]!], length: 64 },
        "static",
      );
      made.state = "preferred";
      addresses.add(made);
    }
    for (let j = 0; j < 20; j++) {
      const q = pick(), on = random.u32() % 4;
      const expected = addresses.all().some((a) =>
        (on === 0 || a.interface === on) && a.words.every((word, k) => word === q[k])
      );
      assert.equal(addresses.isLocal(on, 6, q, 0), expected);
    }
  }
});

test("source selection, RFC 6724 and inet_select_addr", () => {
  const addresses = table(
    [1, "192.168.1.1/24"],
    [1, "10.0.0.1/8"],
    [2, "198.51.100.2/24"],
    [1, "fe80::1/64"],
    [1, "fd00:1::1/64"],
    [1, "2001:db8:a::1/64"],
    [2, "fe80::2/64"],
    [2, "2001:db8:f::2/64"],
    [2, "2001:db8:e::2/64", "deprecated"],
    [3, "fe80::3/64"],
  );
  const out = new Uint32Array(4);
  const from = (index: number, to: string) => {
    const { family, words } = address(to);
    return selectSource(addresses, index, family, words, 0, out) ? formatWords(family, out, 0) : "none";
  };
  const cases: [number, string, string][] = [
    [1, "192.168.1.50", "192.168.1.1"],
    [1, "10.2.3.4", "10.0.0.1"],
    [1, "203.0.113.1", "192.168.1.1"],
    [2, "203.0.113.1", "198.51.100.2"],
    [3, "203.0.113.1", "192.168.1.1"],
    [1, "fe80::99", "fe80::1"],
    [1, "ff02::1", "fe80::1"],
    [1, "fd00:1::9", "fd00:1::1"],
    [1, "2001:db8:a::9", "2001:db8:a::1"],
    [2, "2001:db8:e::9", "2001:db8:f::2"],
    [2, "2001:db8:e::2", "2001:db8:e::2"],
    [3, "2001:db8:f::9", "2001:db8:f::2"],
    [3, "fe80::99", "fe80::3"],
    [0, "2001:db8:a::9", "2001:db8:a::1"],
  ];
  for (const [index, to, expected] of cases) assert.equal(from(index, to), expected, `${to} by ${index}`);
  assert.equal(selectSource(new Addresses(), 1, 6, words("2001:db8::1"), 0, out), false);
});

test("a reload keeps what is unchanged and tells what is not", () => {
  const link = new TestLink();
  link.up(plan(["192.0.2.1/24", "2001:db8::1/64"]));
  link.run(5000);
  link.events.length = 0;
  link.adjacency.configure([plan(["192.0.2.1/24", "2001:db8::1/64"])], link.now);
  assert.equal(link.events.length, 0);
  link.adjacency.configure([plan(["192.0.2.2/24", "2001:db8::1/64"])], link.now);
  assert.deepEqual(
    link.events.map((e) => e.kind === "address" ? `${e.state} ${formatAddress(e.address)}` : e.kind),
    ["removed 192.0.2.1", "preferred 192.0.2.2"],
  );
  assert.equal(link.adjacency.isLocalAddress(4, words("192.0.2.1"), 0), false);
  assert.equal(link.adjacency.isLocalAddress(4, words("192.0.2.2"), 0), true);
  link.adjacency.configure([plan(["192.0.2.2/24"], { mac: Uint8Array.of(2, 0, 0, 0, 0, 7) })], link.now);
  link.run(100);
  assert.equal(link.adjacency.isLocalAddress(6, words("fe80::ff:fe00:7"), 0), true, "a new MAC, still up");
  link.adjacency.configure([], link.now);
  assert.deepEqual(link.adjacency.addresses(), []);
  assert.equal(link.adjacency.isLocalGroup(1, 6, words("ff02::2"), 0), false);
});
