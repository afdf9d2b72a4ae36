import { strict as assert } from "node:assert";
import { test } from "node:test";
import { assemble } from "../classify/assemble.ts";
import { Machine } from "../classify/machine.ts";
import { HOOK_OUTPUT } from "../hook.ts";
import { ethernet, ip, udp } from "../packet/build.ts";
import { putPacket, testBatch } from "../packet/test_batch.ts";
import { SeededRandom } from "../random.ts";
import { RulesetStore } from "../ruleset/store.ts";
import { Nft } from "./nft.ts";

/** What came to nft after 1.0.6: carried out, and as JSON. `golden/newest_*.t` has the bytecode and listings. */

/** The mark a packet with mark 0x12, DSCP 5 and TTL 64 has behind these rules. */
function run(rules: readonly string[], given?: Uint8Array) {
  const store = new RulesetStore({ offline: true }), nft = new Nft(store);
  const text = `table ip t { chain c { type filter hook output priority 0\n${
    given ? "" : "ip dscp set 5 ip ecn set 1\n"
  }${rules.join("\n")}\n}\n}\n`;
  assert.equal(nft.run(text).error, "");
  const machine = new Machine({ random: new SeededRandom(1), cells: store.cells.numbers });
  machine.install(assemble(store.current, 1, { live: store.live }));
  const batch = testBatch();
  const packet = given ?? udp({ from: "192.0.2.1", to: "192.0.2.2" }, 9, 53, new Uint8Array(10));
  const row = putPacket(batch, packet);
  batch.mark[row] = 0x12;
  machine.run(machine.hooks(4, "output")[0]!, batch, row, HOOK_OUTPUT);
  return batch.mark[row];
}

const A = "02:00:00:00:00:01", B = "02:00:00:00:00:02";
const outer = { from: "192.0.2.1", to: "192.0.2.2" };
const inside4 = udp({ from: "198.51.100.1", to: "198.51.100.2" }, 7, 53, new Uint8Array(4));
const inside6 = udp({ from: "2001:db8::1", to: "2001:db8::2" }, 7, 53, new Uint8Array(4));
const join = (...parts: (readonly number[] | Uint8Array)[]) =>
  Uint8Array.from(parts.flatMap((part) => [...part]));
const vxlan = join([8, 0, 0, 0, 0, 0, 10, 0], ethernet(A, B, inside4));
const geneve = join([1, 0, 0x65, 0x58, 0, 0, 11, 0, 1, 2, 3, 4], ethernet(A, B, inside6));
const TUNNELLED:
  readonly (readonly [packet: Uint8Array, matches: readonly string[], not: readonly string[]])[] = [
    [udp(outer, 9, 4789, vxlan), [
      "udp dport 4789 vxlan vni 10 vxlan flags 8",
      "udp dport 4789 vxlan ip saddr 198.51.100.1 vxlan udp dport 53 ip saddr 192.0.2.1",
      "udp dport 4789 vxlan ether daddr 02:00:00:00:00:02",
      "udp dport 4789 vxlan ip saddr . vxlan ip daddr { 198.51.100.1 . 198.51.100.2 }",
      "udp dport 4789 vxlan ip dscp 0",
    ], ["udp dport 4789 vxlan ip6 hoplimit != 0", "udp dport 4789 vxlan tcp dport != 0", "gre version 0"]],
    [udp(outer, 9, 6081, geneve), [
      "udp dport 6081 geneve vni 11",
      "udp dport 6081 geneve ip6 saddr 2001:db8::1 geneve udp sport 7",
    ], ["udp dport 6081 geneve ip ttl != 0"]],
    [ip(outer, 47, join([0, 0, 0x08, 0], inside4)), [
      "gre version 0 gre protocol ip",
      "gre ip daddr 198.51.100.2 gre udp dport 53",
    ], ["gre ip6 hoplimit != 0", "gretap ip ttl != 0"]],
    [ip(outer, 47, join([0x20, 0, 0x86, 0xdd, 1, 2, 3, 4], inside6)), ["gre ip6 daddr 2001:db8::2"], []],
    [ip(outer, 47, join([0, 0, 0x65, 0x58], ethernet(A, B, inside4))), [
      "gretap ether saddr 02:00:00:00:00:01 gretap ip saddr 198.51.100.1",
    ], []],
  ];

test("packets inside tunnels, whole and cut anywhere", () => {
  for (const [packet, matches, not] of TUNNELLED) {
    for (const rule of matches) assert.equal(run([`${rule} meta mark set 1`], packet), 1, rule);
    for (const rule of not) assert.equal(run([`${rule} meta mark set 1`], packet), 0x12, rule);
    for (let length = 20; length < packet.length; length++) {
      run([`${matches[0]} meta mark set 1`], packet.slice(0, length));
    }
  }
});

test("operations between registers", () => {
  assert.equal(run(["meta mark set meta mark | ip dscp"]), 0x17);
  assert.equal(run(["meta mark set meta mark & 0xff ^ ip dscp << 8"]), 0x512);
  assert.equal(run(["meta mark set 0x1000 | meta mark & (meta mark | ip dscp)"]), 0x1012);
  assert.equal(run(["meta mark set udp dport"]), 53);
  assert.equal(run(["meta mark set meta mark | udp dport << 16"]), 53 << 16 | 0x12);
});

test("part of a field", () => {
  assert.equal(run(["ip dscp set ip dscp | 0x3", "meta mark set ip dscp"]), 7);
  assert.equal(run(["ip dscp set ip dscp & 0x4 ^ 0x21", "meta mark set ip dscp << 8 | ip ecn"]), 0x2501);
});

test("operations between registers in JSON, and back", () => {
  const nft = new Nft(undefined, { json: true });
  const rule = "meta mark set ct mark & 0xffff0000 | meta mark & 0xffff ip dscp set ip dscp | 0x3";
  assert.equal(nft.run(`table ip t { chain c { ${rule}; }; }`).error, "");
  const { output } = nft.run("list ruleset");
  assert.match(
    output,
    /"value": \{"\|": \[\{"&": \[\{"ct": \{"key": "mark"\}\}, 4294901760\]\}, \{"&": \[\{"meta": \{"key": "mark"\}\}, 65535\]\}\]\}/,
  );
  const copy = new Nft(undefined, { json: true });
  assert.equal(copy.run(output).error, "");
  assert.equal(copy.run("list ruleset").output, output);
});

test("tunnels in JSON, and back; nft 1.0.6 reads neither", () => {
  const nft = new Nft(undefined, { json: true });
  const text = `table inet t {
    set s { typeof vxlan ip saddr; }
    chain c { udp dport 4789 vxlan vni 10 vxlan ip saddr 192.0.2.1 vxlan ip saddr @s
      gre version 1 gre ip6 saddr ::1
      fib daddr check missing
      icmpv6 taddr fe80::1
    }
  }`;
  assert.equal(nft.run(text).error, "");
  const { output } = nft.run("list ruleset");
  assert.match(output, /\{"payload": \{"protocol": "vxlan", "field": "vni", "tunnel": "vxlan"\}\}/);
  assert.match(output, /\{"payload": \{"protocol": "ip", "field": "saddr", "tunnel": "vxlan"\}\}/);
  assert.match(output, /\{"payload": \{"protocol": "gre", "field": "version"\}\}/);
  assert.match(output, /\{"fib": \{"result": "check", "flags": \["daddr"\]\}\}/);
  const copy = new Nft(undefined, { json: true });
  assert.equal(copy.run(output).error, "");
  assert.equal(copy.run("list ruleset").output, output);
  const old = new Nft(undefined, { json: true, dialect: "1.0.6" });
  const { error } = old.run(output);
  for (
    const what of ["does not look into vxlan", "does not look into gre", "no fib check", "no icmpv6 taddr"]
  ) {
    assert.ok(
      error.includes(`nft 1.0.6 ${what}`) || error.includes(`nft 1.0.6 has ${what}`),
      `${what}: ${error}`,
    );
  }
});

test("times of ct timeout have units; nft 1.0.6 has seconds", () => {
  const text = "table ip t {\n\tct timeout x {\n\t\tprotocol tcp\n\t\tl3proto ip\n" +
    "\t\tpolicy = { established : 1d2h, close : 5s }\n\t}\n}\n";
  const nft = new Nft();
  assert.equal(nft.run(text).error, "");
  assert.equal(nft.run("list ruleset").output, text);
  const old = new Nft(undefined, { dialect: "1.0.6" });
  assert.match(old.run(text).error, /syntax error/);
  assert.equal(old.run(text.replace("1d2h", "93600").replace("5s", "5")).error, "");
  assert.match(old.run("list ruleset").output, /established : 93600, close : 5 /);
});
