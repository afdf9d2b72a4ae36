import assert from "node:assert/strict";
import { libcrypto } from "../../drivers/crypto/libcrypto/library.ts";

const WEIR = new URL("../../weir.ts", import.meta.url).pathname;
const ignore = libcrypto() === undefined;
if (ignore) console.log("skipped: crypto_test.ts needs libcrypto.so.3");

async function weir(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-lock", "--allow-all", WEIR, ...args],
  });
  const { code, stdout, stderr } = await command.output(), decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

Deno.test(
  { name: "weir crypto list names algorithms, their drivers and devices that are not there", ignore },
  async () => {
    const { code, out } = await weir("crypto", "list", "--json");
    assert.equal(code, 0);
    const { algorithms, missing } = JSON.parse(out) as {
      algorithms: { algorithm: string; driver: string; selftest: string }[];
      missing: { name: string; reason: string }[];
    };
    const cbc = algorithms.find(({ driver }) => driver === "cbc-aes-libcrypto")!;
    assert.deepEqual([cbc.algorithm, cbc.selftest], ["cbc(aes)", "passed"]);
    for (const { reason } of missing) assert.match(reason, /\w/);
    const text = (await weir("crypto", "list")).out;
    assert.match(text, /^rfc4106\(gcm\(aes\)\) +rfc4106-gcm-aes-libcrypto +200 +1 +8 +20,28,36 +passed$/m);
  },
);

Deno.test({ name: "weir crypto selftest runs known answers through every device", ignore }, async () => {
  const { code, out, err } = await weir("crypto", "selftest");
  assert.equal(code, 0, err);
  assert.match(out, /^software: \d+ passed, 0 failed/m);
});

Deno.test({
  name: "weir crypto speed says which algorithms there are when it knows none of those asked for",
  ignore,
}, async () => {
  const { code, err } = await weir("crypto", "speed", "rot13");
  assert.equal(code, 1);
  assert.equal(
    err,
    "weir crypto speed: no device offers rot13\nhint: weir crypto list names what there is\n",
  );
});
