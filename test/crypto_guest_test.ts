import assert from "node:assert/strict";
import { corpora } from "../drivers/crypto/vectors/corpora.ts";
import { denoTest } from "./guest/deno_test.ts";
import { guestLacks, runInGuest } from "./guest/guest.ts";

/** Devices of Debian's kernel, in a guest: their own test files run there. */
const lacking = guestLacks() ?? (corpora() === undefined ? "vectors beside the checkout" : undefined);
if (lacking !== undefined) console.log(`skipped: crypto_guest_test.ts needs ${lacking}`);
const ignore = lacking !== undefined;

/** A test file's run as a guest's command. */
const testing = (file: string, environment = ""): string =>
  denoTest(file, `WEIR_CORPORA=${corpora()!.replace(/\/vectors$/, "")} ${environment}`);

/** Lines a device printed of itself, so that a run shows where its vectors ran. */
function show(output: string): void {
  for (const line of output.split("\n")) if (/^af_alg on/.test(line)) console.log(line);
}

Deno.test({ name: "AF_ALG in a guest: every known answer", ignore }, async () => {
  const { status, output } = await runInGuest(
    `modprobe -a algif_skcipher algif_aead algif_hash
${testing("drivers/crypto/af_alg")}`,
    { seconds: 600 },
  );
  show(output);
  assert.equal(status, 0, output);
});

Deno.test({ name: "a virtio-crypto card in a guest, by its driver's name", ignore }, async () => {
  const { status, output } = await runInGuest(
    `modprobe -a algif_skcipher virtio_crypto && grep -A1 -B1 virtio_crypto /proc/crypto
${testing("drivers/crypto/af_alg", "'WEIR_AF_ALG_DRIVERS=cbc(aes)=virtio_crypto_aes_cbc'")}`,
    {
      devices: [
        "-object",
        "cryptodev-backend-builtin,id=card",
        "-device",
        "virtio-crypto-pci,cryptodev=card",
      ],
      seconds: 600,
    },
  );
  show(output);
  assert.equal(status, 0, output);
});
