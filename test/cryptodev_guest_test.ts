import assert from "node:assert/strict";
import { corpora } from "../drivers/crypto/vectors/corpora.ts";
import { denoTest } from "./guest/deno_test.ts";
import { guestLacks, runInGuest } from "./guest/guest.ts";

/** /dev/crypto in a guest: served by ourselves over CUSE, and by the module where WEIR_CRYPTODEV_KO names it. */
const lacking = guestLacks() ?? (corpora() === undefined ? "vectors beside the checkout" : undefined);
if (lacking !== undefined) console.log(`skipped: cryptodev_guest_test.ts needs ${lacking}`);
const ignore = lacking !== undefined;

const testing = (file: string, environment: string): string =>
  denoTest(file, `WEIR_CORPORA=${corpora()!.replace(/\/vectors$/, "")} ${environment}`);

function show(output: string): void {
  for (const line of output.split("\n")) if (/^cryptodev/.test(line)) console.log(line);
}

const checkout = new URL("..", import.meta.url).pathname;
const deno = `${Deno.execPath()} run --no-lock --no-check --allow-all`;
const READY = `cd ${checkout}
export NO_COLOR=1 DENO_DIR=${Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME") ?? "/root"}/.cache/deno`}`;

/** Serves /dev/crypto behind the command's back. */
const SERVED = `modprobe cuse
${deno} test/cuse/main.ts &
for i in $(seq 300); do [ -e /dev/crypto ] && break; sleep 0.1; done`;

/** What the command says of the device: each algorithm by its driver, tested. */
const LIST = `${deno} weir.ts crypto list --devices cryptodev | sed 's/^/cryptodev list: /'`;

/** Algorithms that passed their test by drivers of this device. */
const listed = (output: string): number =>
  output.match(/^cryptodev list: .*-cryptodev .* passed$/gm)?.length ?? 0;

Deno.test({ name: "a served /dev/crypto in a guest: every known answer", ignore }, async () => {
  const { status, output } = await runInGuest(
    `${READY}
${SERVED}
${LIST}
${testing("drivers/crypto/cryptodev test/cuse", "WEIR_CRYPTODEV=served")}`,
    { seconds: 900 },
  );
  show(output);
  assert.equal(status, 0, output);
  assert.equal(listed(output), 18, output);
});

/** A cryptodev.ko built for the guest's kernel, where there is one. */
const module = Deno.env.get("WEIR_CRYPTODEV_KO");
if (module === undefined) console.log("WEIR_CRYPTODEV_KO names no cryptodev.ko: the served device alone");
else {
  Deno.test({ name: "the module cryptodev in a guest: every known answer", ignore }, async () => {
    const { status, output } = await runInGuest(
      `modprobe -a xts gcm ctr cbc ecb des_generic sha256_generic sha512_generic 2>/dev/null
${READY}
insmod ${module}
${LIST}
${testing("drivers/crypto/cryptodev", "WEIR_CRYPTODEV=module")}
result=$?
dmesg | grep -E 'BUG|Oops|WARNING: CPU' && result=1
exit $result`,
      { seconds: 300 },
    );
    show(output);
    assert.equal(status, 0, output);
    assert.equal(listed(output), 18, output);
  });
}
