import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { libcrypto } from "../../drivers/crypto/libcrypto/library.ts";

const WEIR = new URL("../../weir.ts", import.meta.url).pathname;
const ignore = libcrypto() === undefined;
if (ignore) console.log("skipped: disk_test.ts needs libcrypto.so.3");

async function weir(args: readonly string[], input = new Uint8Array(), command = "disk") {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-lock", "--allow-all", WEIR, command, ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(input).catch(() => {});
  await writer.close().catch(() => {});
  const { code, stdout, stderr } = await child.output();
  return { code, out: stdout, err: new TextDecoder().decode(stderr) };
}

/** XTS and ESSIV by another implementation. */
const PYTHON = `
import sys, struct, hashlib
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
cipher, key, path = sys.argv[1], open(sys.argv[2], "rb").read(), sys.argv[3]
data = open(path, "rb").read()
for n in range(0, len(data) // 512):
    iv = struct.pack("<QQ", n, 0)
    if cipher == "xts": mode, k = modes.XTS(iv), key[:64]
    else:
        k = key[:32]
        e = Cipher(algorithms.AES(hashlib.sha256(k).digest()), modes.ECB()).encryptor()
        mode = modes.CBC(e.update(iv))
    d = Cipher(algorithms.AES(k), mode).decryptor()
    sys.stdout.buffer.write(d.update(data[n * 512:n * 512 + 512]))
`;

async function byPython(cipher: string, key: string, volume: string): Promise<Uint8Array | undefined> {
  const command = new Deno.Command("python3", { args: ["-c", PYTHON, cipher, key, volume] });
  const { code, stdout, stderr } = await command.output();
  if (code === 0) return stdout;
  const said = new TextDecoder().decode(stderr);
  if (!said.includes("ModuleNotFoundError")) throw new Error(said);
  console.log("skipped: disk_test.ts needs python3-cryptography");
  return undefined;
}

Deno.test(
  { name: "a volume is written, read by another implementation, re-keyed and read again", ignore },
  async () => {
    const directory = Deno.makeTempDirSync(), at = (name: string) => `${directory}/${name}`;
    try {
      const plain = crypto.getRandomValues(new Uint8Array(64 * 512));
      Deno.writeFileSync(at("volume"), new Uint8Array(64 * 512));
      Deno.writeFileSync(at("old"), crypto.getRandomValues(new Uint8Array(64)));
      Deno.writeFileSync(at("new"), crypto.getRandomValues(new Uint8Array(64)));
      const written = await weir(["write", at("volume"), "--key-file", at("old")], plain);
      assert.equal(written.code, 0, written.err);
      const other = await byPython("xts", at("old"), at("volume"));
      if (other !== undefined) assert.ok(Buffer.compare(other, plain) === 0);
      const part = await weir(["read", at("volume"), "--key-file", at("old"), "--from", "3", "--count", "2"]);
      assert.ok(Buffer.compare(part.out, plain.subarray(3 * 512, 5 * 512)) === 0);
      const keys = [
        "--key-file",
        at("old"),
        "--new-key-file",
        at("new"),
        "--new-cipher",
        "aes-cbc-essiv:sha256",
      ];
      const changed = await weir(["rekey", at("volume"), ...keys]);
      assert.equal(changed.code, 0, changed.err);
      const again = await byPython("essiv", at("new"), at("volume"));
      if (again !== undefined) assert.ok(Buffer.compare(again, plain) === 0);
      const read = await weir([
        "read",
        at("volume"),
        "--key-file",
        at("new"),
        "--cipher",
        "aes-cbc-essiv:sha256",
      ]);
      assert.ok(Buffer.compare(read.out, plain) === 0);
      assert.throws(() => Deno.statSync(at("volume.rekey")));
    } finally {
      Deno.removeSync(directory, { recursive: true });
    }
  },
);

Deno.test({ name: "what cannot be is said, and nothing is written", ignore }, async () => {
  const directory = Deno.makeTempDirSync(), volume = `${directory}/volume`, key = `${directory}/key`;
  try {
    Deno.writeFileSync(volume, new Uint8Array(1024));
    Deno.writeFileSync(key, new Uint8Array(16));
    const cases: readonly (readonly [string[], Uint8Array<ArrayBuffer>, RegExp])[] = [
      [
        ["read", volume, "--key-file", key],
        new Uint8Array(),
        /key has 16 bytes, and a key of 512 bits needs 64/,
      ],
      [["read", volume, "--key-file", `${key}.not`], new Uint8Array(), /No such file/],
      [
        ["read", volume, "--key-file", key, "--cipher", "rot13"],
        new Uint8Array(),
        /there are aes-xts-plain64 and/,
      ],
      [
        ["write", volume, "--key-file", key, "--key-size", "128"],
        new Uint8Array(512),
        /a key has 32, 48, 64 bytes, not 16/,
      ],
      [["write", volume, "--key-file", volume], new Uint8Array(2048), /does not fit: .* has 2 sectors/],
      [["write", volume, "--key-file", volume], new Uint8Array(100), /ends within a sector: 100 bytes/],
    ];
    for (const [args, input, wanted] of cases) {
      const { code, err } = await weir(args, input);
      assert.equal(code, 1, err);
      assert.match(err, wanted);
      assert.ok(Deno.readFileSync(volume).every((byte) => byte === 0));
    }
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});

Deno.test(
  { name: "a volume of weir.yaml: its key is made, it is written, re-keyed and read", ignore },
  async () => {
    const directory = Deno.makeTempDirSync(), at = (name: string) => `${directory}/${name}`;
    const named = (args: string[], input?: Uint8Array<ArrayBuffer>) =>
      weir([...args, "--config", at("weir.yaml")], input);
    const refused = async (args: string[], wanted: RegExp) => {
      const { code, err } = await named(args);
      assert.equal(code, 1, err);
      assert.match(err, wanted);
    };
    try {
      const plain = Uint8Array.from({ length: 200 * 512 }, (_, i) => (i * 31) ^ (i >> 8));
      Deno.writeFileSync(at("disk"), new Uint8Array(208 * 512));
      Deno.writeTextFileSync(at("weir.nft"), "table inet filter {}\n");
      Deno.writeTextFileSync(
        at("weir.yaml"),
        `version: 1
ports: { wan: {} }
ruleset: weir.nft
volumes:
  vault: { device: disk, key-file: keys/vault.key, offset: 8, size: 200 }
`,
      );
      await refused(["read", "vault"], /vault has no key\nhint: weir disk key vault makes one/);
      await refused(["read", "volt"], /has no volume volt: there are vault/);
      const made = await named(["key", "vault"]), first = Deno.readFileSync(at("keys/vault.key"));
      assert.deepEqual([made.code, first.length], [0, 64], made.err);
      assert.equal((Deno.statSync(at("keys")).mode ?? 0) & 0o777, 0o700);
      assert.equal((Deno.statSync(at("keys/vault.key")).mode ?? 0) & 0o777, 0o600);
      await refused(["key", "vault"], /is there already/);
      await refused(["read", "vault", "--skip", "1"], /--skip needs --key-file/);
      assert.deepEqual(Deno.readFileSync(at("keys/vault.key")), first);
      const written = await named(["write", "vault"], plain);
      assert.equal(written.code, 0, written.err);
      const changed = await named(["rekey", "vault"]);
      assert.equal(changed.code, 0, changed.err);
      assert.notDeepEqual(Deno.readFileSync(at("keys/vault.key")), first);
      assert.deepEqual([...Deno.readDirSync(at("keys"))].map(({ name }) => name), ["vault.key"]);
      assert.ok(Buffer.compare((await named(["read", "vault"])).out, plain) === 0);
      const list = JSON.parse(new TextDecoder().decode((await named(["list", "--json"])).out));
      assert.deepEqual([list.length, list[0].user, list[0].state], [1, "disk vault", "key"]);
      assert.match(list[0].driver, /xts/);
      const crypto = await weir(
        ["list", "--json", "--devices", "software", "--config", at("weir.yaml")],
        undefined,
        "crypto",
      );
      assert.deepEqual(JSON.parse(new TextDecoder().decode(crypto.out)).volumes.length, 1);
      Deno.copyFileSync(at("keys/vault.key"), at("keys/vault.key.new"));
      await refused(["read", "vault"], /re-keying unfinished/);
      const status = await named(["status", "vault"]);
      assert.match(new TextDecoder().decode(status.out), /^vault: re-keying unfinished, 0 sectors done/);
    } finally {
      Deno.removeSync(directory, { recursive: true });
    }
  },
);
