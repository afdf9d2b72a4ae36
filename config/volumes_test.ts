import assert from "node:assert/strict";
import { checkFiles } from "./check_files.ts";
import { renderDiagnostics } from "./diagnostic.ts";
import { parseConfig } from "./load.ts";
import { staysInside, volumesOf } from "./volumes.ts";

const GOOD = `version: 1
ports: { wan: { addresses: [198.51.100.2/24] } }
ruleset: weir.nft
volumes:
`;

const CASES: readonly [text: string, complaint: string][] = [
  ["v: { device: d }", "5:3-3: Error: the volume v needs its key-file"],
  ["v: { device: d, key-file: k, cipher: rot13 }", "5:40-44: Error: expected one of aes-xts-plain64"],
  ["v: { device: d, key-file: k, key-size: 384 }", "5:42-44: Error: aes-xts-plain64 has no keys of 384"],
  ["v: { device: d, key-file: k, sector-size: 4096 }", "5:45-48: Error: expected 512"],
  ["v: { device: d, key-file: ../k }", "5:29-32: Error: a key file is below the configuration's"],
  ["v: { device: d, key-file: /k }", "5:29-30: Error: a key file is below the configuration's"],
  ["v w: { device: d, key-file: k }", "5:3-5: Error: a volume's name is made of"],
  [
    "v: { device: d, key-file: k }\n  w: { device: e, key-file: k.new }",
    "6:29-33: Error: this is a key file of v",
  ],
  [
    "v: { device: d, key-file: k }\n  w: { device: d, key-file: l, offset: 8 }",
    "6:16-16: Error: w and v share",
  ],
];

Deno.test("volumes: each mistake is found once, and where it is", () => {
  for (const [text, expected] of CASES) {
    const result = parseConfig({ name: "weir.yaml", text: `${GOOD}  ${text}\n` });
    assert.ok(!result.ok, text);
    assert.equal(result.diagnostics.length, 1, renderDiagnostics(result.diagnostics));
    const rendered = renderDiagnostics(result.diagnostics);
    assert.ok(rendered.startsWith(`weir.yaml:${expected}`), rendered);
    assert.match(rendered, /\^/);
  }
});

Deno.test("volumes side by side on one device, and what is left out", () => {
  const text = `${GOOD}  v: { device: d, key-file: k, size: 8 }
  w: { device: d, key-file: l, offset: 8, cipher: "aes-cbc-essiv:sha256" }\n`;
  const result = parseConfig({ name: "weir.yaml", text });
  assert.ok(result.ok);
  assert.deepEqual(
    volumesOf(result.config).map(({ cipher, keySize, offset, size }) => ({ cipher, keySize, offset, size })),
    [
      { cipher: "aes-xts-plain64", keySize: 512, offset: 0, size: 8 },
      { cipher: "aes-cbc-essiv:sha256", keySize: 256, offset: 8, size: undefined },
    ],
  );
});

Deno.test("what stays inside a directory", () => {
  for (const inside of ["k", "keys/k", "..k"]) assert.ok(staysInside(inside), inside);
  for (const out of ["/k", "../k", "a/../../k", "a//k", "", "."]) assert.ok(!staysInside(out), out);
});

Deno.test("weir check looks at key files and devices", () => {
  const directory = Deno.makeTempDirSync(), at = (name: string) => `${directory}/${name}`;
  const check = (volumes: string) => {
    Deno.writeTextFileSync(at("weir.yaml"), `${GOOD}  ${volumes}\n`);
    return checkFiles(at("weir.yaml"));
  };
  try {
    Deno.writeTextFileSync(at("weir.nft"), "table inet filter {}\n");
    Deno.writeFileSync(at("good"), new Uint8Array(64), { mode: 0o600 });
    Deno.writeFileSync(at("open"), new Uint8Array(64), { mode: 0o644 });
    Deno.writeFileSync(at("short"), new Uint8Array(32), { mode: 0o600 });
    Deno.writeFileSync(at("disk"), new Uint8Array(4096));
    Deno.linkSync(at("disk"), at("same"));
    Deno.symlinkSync("/tmp", at("out"));
    const good = check("v: { device: disk, key-file: good }");
    assert.deepEqual([good.ok, good.messages], [true, ""]);
    assert.match(good.summary, /, 1 volume, /);
    const cases: readonly [string, boolean, RegExp][] = [
      [
        "v: { device: none, key-file: good }",
        true,
        /yaml:5:16-19: Warning: the device .*none: there is no such/,
      ],
      [
        "v: { device: disk, key-file: good, offset: 9 }",
        true,
        /Warning: the volume does not fit: .* 8 sectors/,
      ],
      ["v: { device: disk, key-file: none }", false, /no such file[^]*hint: weir disk key v makes one/],
      ["v: { device: disk, key-file: open }", false, /5:32-35: Error: .* is open to others[^]*chmod 600/],
      ["v: { device: disk, key-file: short }", false, /short has 32 bytes, and a key of 512 bits .* has 64/],
      ["v: { device: disk, key-file: out/k }", false, /leads to \/tmp, out of/],
      [
        "v: { device: disk, key-file: good }\n  w: { device: same, key-file: short, key-size: 256 }",
        false,
        /6:16-19: Error: same is the same as disk/,
      ],
    ];
    for (const [text, ok, message] of cases) {
      const result = check(text);
      assert.equal(result.ok, ok, text + result.messages);
      assert.match(result.messages, message);
    }
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});
