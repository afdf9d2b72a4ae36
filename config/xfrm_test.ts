import assert from "node:assert/strict";
import fc from "fast-check";
import { formatPolicy } from "../core/xfrm/policy_words.ts";
import { parseState } from "../core/xfrm/state_words.ts";
import { renderDiagnostics } from "./diagnostic.ts";
import { keyFilesIn, type KeyReader } from "./key_file.ts";
import { parseConfig } from "./load.ts";
import { xfrmPlan } from "./xfrm.ts";

const KEY = `0x${"5a".repeat(20)}`, STARS = `0x${"*".repeat(40)}`;
const HEAD = `version: 1
ports:
  wan: { match: { name: eth0 }, addresses: [192.0.2.1/24, 2001:db8::1/64] }
ruleset: weir.nft
xfrm:
`;
const keys: KeyReader = (path) =>
  path === "sa.key" ? { ok: true, key: KEY } : { ok: false, error: `no ${path}` };
const load = (xfrm: string) => parseConfig({ name: "weir.yaml", text: HEAD + xfrm }, keys);

function loaded(xfrm: string) {
  const result = load(xfrm);
  assert.ok(result.ok, result.ok ? "" : renderDiagnostics(result.diagnostics));
  assert.equal(renderDiagnostics(result.warnings), "");
  return xfrmPlan(result.config.xfrm!);
}

function complaints(xfrm: string): string {
  const result = load(xfrm);
  return renderDiagnostics(result.ok ? result.warnings : result.diagnostics);
}

/** `line:from-to: text` of everything said; lines of `xfrm:` from 1. */
const places = (xfrm: string): string[] =>
  complaints(xfrm).split("\n").filter((line) => line.startsWith("weir.yaml:")).map((line) => {
    const [, row, rest] = /^weir\.yaml:(\d+):(.*)$/.exec(line)!;
    return `${Number(row) - 5}:${rest}`;
  });

const STATE = "src 192.0.2.1 dst 198.51.100.1 proto esp spi 0x100 reqid 1 mode tunnel";
const WORDS =
  `${STATE} mark 0x10/0xff replay-window 64 flag esn flag af-unspec encap espinudp 4500 4500 0.0.0.0 ` +
  `limit time-hard 60 limit byte-soft 5 aead rfc4106(gcm(aes)) ${KEY} 128 ` +
  "sel src 10.1.0.0/16 dst 10.0.0.0/8 proto tcp dport 80";

Deno.test("a state is the same in words and as a mapping", () => {
  const forms = [
    `  states:\n    - ${WORDS}\n`,
    `  states: ["${WORDS}"]\n`,
    `  states:\n    - >-\n      ${
      WORDS.replaceAll(" mark", "\n      mark").replaceAll(" aead", "\n\n      aead")
    }\n`,
    `  states:\n    - ${
      WORDS.replace("rfc4106(gcm(aes))", "'rfc4106(gcm(aes))'").replace(KEY, "file:sa.key")
    }\n`,
    `  states:
    - src: 192.0.2.1
      sel: { src: 10.1.0.0/16, dst: 10.0.0.0/8, proto: tcp, dport: 80 }
      dst: 198.51.100.1
      proto: esp
      spi: 256
      reqid: 1
      mode: tunnel
      mark: 0x10 mask 0xff
      replay-window: 64
      flag: [esn, af-unspec]
      encap: { type: espinudp, sport: 4500, dport: 4500 }
      limit: { time-hard: 60, byte-soft: 5 }
      aead: { bits: 128, name: rfc4106(gcm(aes)), key-file: sa.key }
`,
    `  states:
    - { src: 192.0.2.1, dst: 198.51.100.1, proto: esp, spi: 0x100, reqid: 1, mode: tunnel, mark: 0x10/0xff,
        replay-window: 64, flag: esn af-unspec, encap: espinudp 4500 4500 0.0.0.0, limit: [time-hard 60, byte-soft 5],
        aead: rfc4106(gcm(aes)) ${KEY} 128, sel: src 10.1.0.0/16 dst 10.0.0.0/8 proto tcp dport 80 }
`,
  ];
  for (const form of forms) {
    assert.deepEqual(loaded(form), { states: [parseState(WORDS)], policies: [] }, form);
  }
});

Deno.test("policies in words and as mappings, in the order of the file", () => {
  const { policies, states } = loaded(`  states:
    - ${STATE} aead rfc4106(gcm(aes)) ${KEY} 128
  policies:
    - src 10.1.0.0/16 dst 10.0.0.0/8 dir out tmpl src 192.0.2.1 dst 198.51.100.1 proto esp reqid 1 mode tunnel
    - tmpl: [{ proto: esp, mode: tunnel, src: 198.51.100.1, dst: 192.0.2.1, level: use }, proto esp level use]
      dir: in
      priority: 7
      src: 10.0.0.0/8
      dev: wan
      flag: localok
`);
  assert.equal(states.length, 1);
  assert.deepEqual(policies.map((policy) => formatPolicy(policy)), [
    "src 10.1.0.0/16 dst 10.0.0.0/8 \n\tdir out priority 0 ptype main \n" +
    "\ttmpl src 192.0.2.1 dst 198.51.100.1\n\t\tproto esp reqid 1 mode tunnel\n",
    "src 10.0.0.0/8 dst 0.0.0.0/0 dev wan \n\tdir in priority 7 ptype main flag localok\n" +
    "\ttmpl src 198.51.100.1 dst 192.0.2.1\n\t\tproto esp reqid 0 mode tunnel\n\t\tlevel use \n" +
    "\ttmpl src 0.0.0.0 dst 0.0.0.0\n\t\tproto esp reqid 0 mode transport\n\t\tlevel use \n",
  ]);
});

Deno.test("what is wrong is at its word", () => {
  const gcm = `aead rfc4106(gcm(aes)) ${KEY} 128`;
  const cases: readonly [xfrm: string, ...said: string[]][] = [
    ["  statse: []", "1:3-8: Error: unknown key statse"],
    ["  states: [[]]", "1:12-13: Error: expected the words of ip xfrm, or a mapping of them"],
    ['  states: [""]', "1:12-13: Error: a state needs src and dst"],
    [
      `  states: ["${STATE} mode tunel ${gcm}"]`,
      '1:89-93: Error: expected a mode (transport, tunnel), found "tunel"',
    ],
    [
      `  states:\n    - ${STATE}\n      mdoe tunnel ${gcm}`,
      '3:7-10: Error: expected a word of a state, found "mdoe"',
    ],
    [
      `  states:\n    - >-\n      ${STATE}\n      aead rfc4106(gcm(aes)) ${KEY} 120`,
      "4:73-75: Error: rfc4106(gcm(aes)) has ICVs of 64, 96, 128 bits, not 120",
    ],
    [
      `  states:\n    - { ${
        STATE.replace(/(\S+) (\S+) ?/g, "$1: $2, ")
      } aead: { name: aes-gcm, key: ${KEY}, bits: 128 } }`,
      '2:107-113: Error: "aes-gcm" is no aead algorithm here; there are rfc4106(gcm(aes)), rfc7539esp(chacha20,poly1305)',
    ],
    [
      `  states: ["${STATE} aead rfc4106(gcm(aes)) 0x${"5a".repeat(19)} 128"]`,
      "1:107-146: Error: keys of rfc4106(gcm(aes)) have 160, 224, 288 bits, this one has 152",
    ],
    [`  states: ["${STATE} aead rfc4106(gcm(aes)) secret 128"]`, "1:107-112: Error: expected a key"],
    [`  states: ["${STATE} aead rfc4106(gcm(aes)) file:no.key 128"]`, "1:107-117: Error: no no.key"],
    [
      `  states: ["${STATE} flag esn ${gcm}"]`,
      "1:89-91: Error: extended sequence numbers need a replay window",
    ],
    [
      `  states: ["${STATE} enc aes ${KEY.slice(0, 34)}"]`,
      "1:88-90: Error: cbc(aes) alone lets packets be forged (RFC 8221): add auth",
    ],
    [
      `  states:\n    - { src: 192.0.2.1, aead: { nmae: x, key: ${KEY}, key-file: x } }`,
      "2:25-28: Error: aead needs the name of an algorithm",
      "2:33-36: Error: unknown key nmae",
      "2:91-98: Error: either key or key-file",
    ],
    [
      "  states:\n    - { aead: { name: rfc4106(gcm(aes)), bits: 128 }, src: 192.0.2.1 }",
      "2:9-12: Error: aead needs key or key-file",
    ],
    [
      `  states: ["${STATE} ${gcm}", "${STATE} reqid 7 ${gcm}"]`,
      "1:156-305: Error: this state stands twice: one destination, SPI and mark",
    ],
    [
      `  states: ["${STATE} sel dst 10.0.0.0/8 dev wam ${gcm}"]`,
      "1:12-180: Error: no interface is named wam",
    ],
    [
      "  policies: [dst 10.0.0.0/8 dir out, dir out dst 10.0.0.0/8 priority 7]",
      "1:38-70: Error: this policy stands twice: one selector, direction and mark",
    ],
    [
      "  policies: [dst 10.0.0.0/8 dir sideways]",
      '1:33-40: Error: expected a direction (in, out, fwd), found "sideways"',
    ],
    ["  policies: [dst 10.0.0.0/8]", "1:14-16: Error: a policy needs dir in, out or fwd"],
    [
      `  states: ["${STATE.replace("192.0.2.1", "192.0.2.9")} ${gcm}"]`,
      "1:12-153: Warning: neither 192.0.2.9 nor 198.51.100.1 is here",
    ],
    [
      "  policies: [dst 10.0.0.0/8 dir out tmpl src 192.0.2.9 dst 198.51.100.1 proto esp mode tunnel level use]",
      "1:14-103: Warning: the tunnel's near end 192.0.2.9 is no address of this router",
    ],
    [
      "  policies: [dst 10.0.0.0/8 dir out tmpl proto esp reqid 5]",
      "1:14-58: Warning: no state in this file fits this policy's template: its packets are dropped until one is added",
    ],
  ];
  for (const [xfrm, ...said] of cases) assert.deepEqual(places(xfrm), said, xfrm);
});

Deno.test("keys are not shown, nor those in the wrong place", () => {
  for (
    const words of [
      `aead rfc4106(gcm(aes)) ${KEY} 120`,
      `aead ${KEY} rfc4106(gcm(aes)) 128`,
      `flag ${KEY}`,
      `${KEY}: x`,
    ]
  ) {
    const text = complaints(`  states:\n    - ${STATE} ${words}\n`);
    assert.ok(text.includes("Error") && text.includes(STARS) && !text.includes("5a5a"), text);
  }
});

Deno.test("key files: their owner's alone, one key and nothing else", () => {
  const directory = Deno.makeTempDirSync(), read = keyFilesIn(directory);
  const write = (name: string, text: string, mode: number) => {
    Deno.writeTextFileSync(`${directory}/${name}`, text, { mode });
    Deno.chmodSync(`${directory}/${name}`, mode);
  };
  try {
    write("good.key", `${KEY}\n`, 0o600);
    write("open.key", KEY, 0o640);
    write("text.key", "a secret", 0o400);
    assert.deepEqual(read("good.key"), { ok: true, key: KEY });
    assert.deepEqual(keyFilesIn("/")(`${directory}/good.key`), { ok: true, key: KEY });
    const said = ["open.key", "text.key", "no.key", "."].map((name) => {
      const result = read(name);
      return result.ok ? "" : result.error.replaceAll(`${directory}/`, "");
    });
    assert.deepEqual(said, [
      "the key file open.key is open to others",
      "text.key holds no key",
      "no.key: there is no such file",
      ". is no file",
    ]);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});

Deno.test("no section makes the reader throw, or speak nonsense", () => {
  const text =
    `  states:\n    - ${WORDS}\n    - { src: 192.0.2.1, flag: [esn], aead: { name: x, key: ${KEY} }, limit: { a: 1 } }\n` +
    "  policies: [dir out tmpl proto esp, { tmpl: [{ proto: esp }], dir: in }]\n";
  const tokens = text.split(/(\s+|[{}[\],:])/);
  const pieces = fc.constantFrom(...tokens, "&a", "*a", "|", ">", "null", "~", "- ", "'", '"', "file:x");
  const mutation = fc.tuple(fc.nat(tokens.length), fc.nat(3), fc.array(pieces, { maxLength: 4 }));
  fc.assert(
    fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), (mutations) => {
      const copy = [...tokens];
      for (const [at, remove, add] of mutations) copy.splice(at, remove, ...add);
      const shown = complaints(copy.join(""));
      assert.doesNotMatch(shown, /undefined|\bNaN\b|internal|\[object|5a5a5a|failed:/);
    }),
    { numRuns: 500, seed: 20261123 },
  );
});

Deno.test("the example of the README is right", () => {
  const readme = Deno.readTextFileSync(new URL("./README.md", import.meta.url));
  const section = /```yaml\nxfrm:\n([^]*?)```/.exec(readme)![1]!;
  const result = parseConfig({ name: "README.md", text: HEAD + section }, () => ({ ok: true, key: KEY }));
  assert.ok(result.ok, result.ok ? "" : renderDiagnostics(result.diagnostics));
  assert.deepEqual([result.config.xfrm?.states.length, result.config.xfrm?.policies.length], [2, 2]);
  assert.equal(renderDiagnostics(result.warnings), "");
});
