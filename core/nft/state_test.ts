import { strict as assert } from "node:assert";
import { test } from "node:test";
import { features, featuresText } from "./features.ts";
import { Nft } from "./nft.ts";
import type { NftOptions } from "./options.ts";
import { STATEMENT_ROWS } from "./statement_rows.ts";
import { lo } from "./test_options.ts";

const filled = (options: NftOptions = {}): Nft => {
  const nft = new Nft(undefined, { ...lo, ...options });
  const made = nft.run(`
add table ip t
add chain ip t c
add counter ip t seen { packets 5 bytes 6; }
add quota ip t data { 5 mbytes used 5 kbytes; }
add set ip t s { type ipv4_addr; flags interval; elements = { 192.0.2.1, 198.51.100.0/24 }; }
add rule ip t c counter packets 7 bytes 8
`);
  assert.ok(made.ok, made.error);
  return nft;
};

test("get element tells the interval that holds an address, or that there is none", () => {
  const nft = filled();
  assert.match(nft.run("get element ip t s { 198.51.100.7 }").output, /elements = \{ 198\.51\.100\.0\/24 \}/);
  assert.match(nft.run("get element ip t s { 203.0.113.1 }").error, /No such file or directory/);
});

test("reset tells counts and begins anew; a check and a text that fails leave them", () => {
  const nft = filled();
  assert.match(nft.run("reset counter ip t seen").output, /packets 5 bytes 6/);
  assert.match(nft.run("reset counters").output, /packets 0 bytes 0/);
  assert.match(nft.run("reset quotas table ip t").output, /5 mbytes used 5 kbytes/);
  assert.doesNotMatch(nft.run("list quotas").output, /used/);
  assert.ok(!nft.run("reset rules\nlist table ip none").ok);
  assert.match(nft.run("reset rules table ip t").output, /counter packets 7 bytes 8/);
  assert.match(nft.run("list chain ip t c").output, /counter packets 0 bytes 0/);
});

test("words newer than nft 1.0.6 are refused in its dialect", () => {
  const old = filled({ dialect: "1.0.6" });
  assert.match(old.run("destroy table ip t").error, /syntax error, unexpected table/);
  assert.match(old.run("reset rules").error, /syntax error, unexpected string/);
  const nft = filled();
  assert.ok(nft.run("destroy table ip none; destroy chain ip t none; destroy set ip t s").ok);
  assert.match(nft.run("list set ip t s").error, /No such file or directory/);
});

test("export and import answer as nft does", () => {
  assert.match(filled().run("export json").error, /^Error: JSON export is no longer supported/);
  assert.match(filled().run("import json").error, /Operation not supported/);
});

test("echo tells what was added", () => {
  const nft = filled({ echo: true, handles: true });
  assert.equal(
    nft.run("add rule ip t c tcp dport 22 accept").output,
    "add rule ip t c tcp dport 22 accept # handle 6\n",
  );
  assert.equal(nft.run("add element ip t s { 203.0.113.1 }").output, "add element ip t s { 203.0.113.1 }\n");
  const json = new Nft(nft.store, { ...lo, echo: true, json: true }).run("add chain ip t d");
  assert.deepEqual(JSON.parse(json.output), {
    nftables: [{ add: { chain: { family: "ip", table: "t", name: "d", handle: 7 } } }],
  });
});

test("describe: type, width and names of an expression", () => {
  const nft = new Nft();
  assert.equal(
    nft.run("describe tcp dport").output,
    "payload expression, datatype inet_service (internet network service) (basetype integer), 16 bits\n",
  );
  assert.match(nft.run("describe iifname").output, /\(basetype string\), 16 characters\n$/);
  assert.match(nft.run("describe ct state").output, /in hexadecimal\):\n\tinvalid {23}\t0x00000001\n/);
  assert.equal(nft.run("describe nonsense").output, "symbol expression, datatype invalid (invalid)");
});

test("every feature can be described, and none says undefined", () => {
  const { fields, types } = features();
  const nft = new Nft();
  const names = new Set(types.map((type) => type.name));
  for (const field of fields) {
    const { ok, output } = nft.run(`describe ${field.name}`);
    if (ok && !output.includes("invalid")) assert.match(output, / bits\n| characters\n/, field.name);
    assert.ok(
      names.has(field.type),
      `${field.name}: ${field.type}`,
    );
  }
  for (const { name, group, example, syntax, type } of features().expressions) {
    const { ok, output } = nft.run(`describe ${example}`);
    assert.ok(ok && output.includes(" expression, "), name);
    assert.ok(syntax.startsWith(group) && names.has(type), name);
  }
  for (const group of ["fib", "rt", "socket", "osf", "ipsec", "numgen", "jhash", "symhash"]) {
    assert.ok(features().expressions.some((row) => row.group === group), group);
  }
  assert.ok(STATEMENT_ROWS.length > 20);
  assert.doesNotMatch(featuresText(features()), /undefined|null|NaN/);
});

test("an error in the value is told before that its target cannot be set; arp names what it cannot reject", () => {
  const nft = new Nft();
  nft.run("add table ip6 t; add chain ip6 t c; add table arp t; add chain arp t c");
  assert.match(
    nft.run("add rule ip6 t c meta cgroup set meta nfproto").error,
    /^Error: meta nfproto is only useful in the inet family/,
  );
  assert.match(nft.run("add rule ip6 t c meta cgroup set 1").error, /^Error: meta cgroup cannot be set/);
  assert.match(
    nft.run("add rule arp t c reject with icmp type host-unreachable").error,
    /^Error: cannot use reject with arp/,
  );
});
