import assert from "node:assert/strict";
import { Nft, type NftOptions } from "../mod.ts";

/** The rule language as a library: no router, no file, nothing but `mod.ts`. */
const RULES = `
table inet filter {
	set admins { type ipv4_addr; flags timeout; timeout 1h30m; elements = { 192.0.2.1 } }
	counter web { packets 3 bytes 300 }
	chain input {
		type filter hook input priority filter + 5; policy drop;
		ip protocol tcp tcp dport { 22, 443 } counter packets 5 bytes 60 accept
		ct state established meta skuid 33 ct expiration 1h accept
	}
}
`;

/** What `list ruleset` says under these options. */
function listed(options: NftOptions): string {
  const filled = new Nft();
  const { ok, error } = filled.run(RULES);
  assert.ok(ok, error);
  return new Nft(filled.store, options).run("list ruleset").output;
}

for (
  const [options, wanted, unwanted] of [
    [{}, /counter packets 5 bytes 60 accept/, /# handle/],
    [{ handles: true }, /chain input \{ # handle 1\n/, undefined],
    [{ stateless: true }, /443 \} counter accept/, /packets/],
    [{ terse: true }, /timeout 1h30m\n\t\}/, /192\.0\.2\.1/],
    [{ numericProtocol: true }, /ip protocol 6 tcp dport/, undefined],
    [{ numericPriority: true }, /priority 5; policy/, undefined],
    [{ numericTime: true }, /timeout 5400s\n[^]*ct expiration 3600s/, undefined],
    [{ numeric: true }, /priority 5;[^]*ip protocol 6[^]*ct state 0x2[^]*expiration 3600s/, undefined],
    [{ service: true }, /tcp dport \{ "ssh", "https" \}/, undefined],
    [
      { guid: true, accounts: { number: () => undefined, name: (kind, id) => `${kind}${id}` } },
      /meta skuid "user33"/,
      undefined,
    ],
  ] as [NftOptions, RegExp, RegExp | undefined][]
) {
  Deno.test(`library: ${Object.keys(options).join(", ") || "no option"}`, () => {
    const text = listed(options);
    assert.match(text, wanted);
    if (unwanted !== undefined) assert.doesNotMatch(text, unwanted);
  });
}

Deno.test("library: json lists and reads", () => {
  const nft = new Nft(undefined, { json: true });
  assert.ok(nft.run('{"nftables": [{"add": {"table": {"family": "ip", "name": "t"}}}]}').ok);
  const { nftables } = JSON.parse(nft.run("list tables").output);
  assert.deepEqual(nftables[1], { table: { family: "ip", name: "t", handle: 1 } });
});

Deno.test("library: echo tells what was added; with check nothing was", () => {
  assert.equal(new Nft(undefined, { echo: true }).run("add table ip t").output, "add table ip t\n");
  const checked = new Nft(undefined, { echo: true, check: true });
  assert.deepEqual(
    [checked.run("add table ip t").ok, checked.run("list tables").output, checked.ruleset.tables.size],
    [true, "", 0],
  );
  assert.equal(checked.run("add table ip t").output, "");
  assert.ok(!checked.run("add chain ip nothere c").ok, "what cannot be is refused all the same");
});

Deno.test("library: debug netlink begins with the bytecode", () => {
  const nft = new Nft(undefined, { debug: ["netlink"] });
  nft.run("add table ip t; add chain ip t c");
  assert.equal(
    nft.run("add rule ip t c ip ttl 64 accept").output,
    "ip t c\n  [ payload load 1b @ network header + 8 => reg 1 ]\n  [ cmp eq reg 1 0x00000040 ]\n" +
      "  [ immediate reg 0 accept ]\n\n",
  );
});

Deno.test("library: optimize merges; the report is error's, the new rule output's, and it is no failure", () => {
  const nft = new Nft(undefined, { optimize: true });
  const result = nft.run(
    "table ip t {\n chain c {\n  type filter hook input priority 0; policy drop;\n" +
      "  tcp dport 1 accept\n  tcp dport 2 accept\n }\n}\n",
    "r.nft",
  );
  assert.ok(result.ok);
  assert.equal(result.output, "tcp dport { 1, 2 } accept\n");
  assert.match(result.error, /^Merging:\nr\.nft:4:3-20: [^]*into:\n\t\n$/);
});

Deno.test("library: every error is told, with its place, and nothing of the text is done", () => {
  const nft = new Nft();
  const { ok, error, diagnostics } = nft.run(
    "add table ip t\nadd chain ip x c\nadd rule ip t nothere accept\nlist table ip y\n",
    "rules.nft",
  );
  assert.ok(!ok);
  assert.deepEqual(diagnostics.map(({ spans }) => spans[0]!.start), [28, 46, 75]);
  assert.equal([...error.matchAll(/^rules\.nft:\d+:\d+-\d+: Error: /gm)].length, 3);
  assert.equal(nft.ruleset.tables.size, 0);
});

Deno.test("library: variables are written as behind define, and what is wrong with them is told", () => {
  const run = (value: string) =>
    new Nft(undefined, { defines: new Map([["ports", value]]) }).run(
      "table ip t {\n chain c {\n  tcp dport $ports accept\n }\n}\nlist ruleset\n",
      "r.nft",
    );
  assert.match(run("{ 22, 80 }").output, /tcp dport \{ 22, 80 \} accept/);
  assert.match(run("1000-2000").output, /tcp dport 1000-2000 accept/);
  assert.match(run("").error, /^Error: syntax error, unexpected semicolon\ndefine ports=; \n {13}\^/);
});

Deno.test("library: includes come from a reader of the caller's", () => {
  const files = new Map([["/lib/a.nft", "add table ip a\n"], ["/lib/b.nft", "add table ip b\n"]]);
  const nft = new Nft(undefined, {
    includePaths: ["/lib"],
    reader: {
      read: (path) => files.get(path),
      glob: (pattern) => [...files.keys()].filter((path) => path.startsWith(pattern.split("*")[0]!)),
    },
  });
  assert.equal(nft.run('include "*.nft"\nlist tables\n').output, "table ip a\ntable ip b\n");
  assert.match(nft.run('include "c.nft"\n').error, /^Error: File not found: c\.nft\n/);
});

Deno.test("library: the dialect refuses what came later", () => {
  assert.ok(new Nft().run("destroy table ip t").ok);
  assert.match(
    new Nft(undefined, { dialect: "1.0.6" }).run("destroy table ip t").error,
    /destroy came after/,
  );
});
