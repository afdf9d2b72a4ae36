import { strict as assert } from "node:assert";
import { test } from "node:test";
import { field, table, type TableBuilder } from "./builder.ts";
import { Nft } from "../nft.ts";
import { lo } from "../test_options.ts";

const accept = { accept: null };
const established = {
  match: { op: "in", left: { ct: { key: "state" } }, right: ["established", "related"] },
};

function filter(ports: readonly number[], admins: readonly string[]): TableBuilder {
  const result = table("inet", "filter");
  result.set("admins", { type: "ipv4_addr" }, admins);
  const input = result.chain("input", { type: "filter", hook: "input", priority: 0, policy: "drop" });
  input.addRule({ expr: [established, accept] });
  for (const port of ports) {
    input.addRule({
      expr: [
        { match: { op: "==", left: field("ip", "saddr"), right: "@admins" } },
        { match: { op: "==", left: field("tcp", "dport"), right: port } },
        { counter: null },
        accept,
      ],
    });
  }
  return result;
}

const listing = (nft: Nft): string => new Nft(nft.store, lo).run("list ruleset").output;

test("a program's table is one transaction and lists as text", () => {
  const nft = new Nft(undefined, { ...lo, json: true });
  const { ok, error } = filter([22], ["192.0.2.1", "192.0.2.2"]).apply(nft);
  assert.ok(ok, error);
  assert.equal(
    listing(nft),
    `table inet filter {
	set admins {
		type ipv4_addr
		elements = { 192.0.2.1, 192.0.2.2 }
	}

	chain input {
		type filter hook input priority filter; policy drop;
		ct state established,related accept
		ip saddr @admins tcp dport 22 counter packets 0 bytes 0 accept
	}
}
`,
  );
});

test("a difference holds only what differs, and leads to the same", () => {
  const nft = new Nft(undefined, { ...lo, json: true });
  const first = filter([22], ["192.0.2.1", "192.0.2.2"]);
  assert.ok(first.apply(nft).ok);
  assert.equal(first.diff(nft), "");
  const other = filter([22], ["192.0.2.2"]).setElements("admins", ["192.0.2.2", "192.0.2.9"]);
  const elements = other.diff(nft)!;
  assert.deepEqual(
    (JSON.parse(elements) as { nftables: object[] }).nftables.map((each) => Object.entries(each)[0]![0]),
    ["delete", "add"],
  );
  assert.ok(nft.run(elements).ok);
  assert.match(listing(nft), /elements = \{ 192\.0\.2\.2, 192\.0\.2\.9 \}/);
  const rules = filter([22, 443], ["192.0.2.2", "192.0.2.9"]);
  assert.ok(nft.run(rules.diff(nft)!).ok);
  assert.equal(rules.diff(nft), "");
  assert.match(listing(nft), /tcp dport 443/);
});

test("what is wrong is told, and nothing changes", () => {
  const nft = new Nft(undefined, { ...lo, json: true });
  const wrong = table("inet", "filter");
  // @ts-expect-error: the protocol table has no such field
  wrong.chain("c").addRule({ expr: [{ match: { op: "==", left: field("tcp", "dprot"), right: 1 } }] });
  const { ok, error } = wrong.apply(nft);
  assert.ok(!ok);
  assert.match(error, /^<json>:\d+:\d+-\d+: Error: Unknown tcp field 'dprot'\./);
  assert.match(error, /\^/);
  assert.equal(listing(nft), "");
});
