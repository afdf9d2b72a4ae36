import assert from "node:assert/strict";
import { guestLacks, runInGuest } from "./guest/guest.ts";

/** cryptsetup and dm-crypt of Debian's kernel against our volumes, both ways, in a guest. */
const lacking = guestLacks();
if (lacking !== undefined) console.log(`skipped: disk_guest_test.ts needs ${lacking}`);

const checkout = new URL("..", import.meta.url).pathname;
const cache = Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME") ?? "/root"}/.cache/deno`;

const SCRIPT = `
set -e
cd /tmp
modprobe -a dm_crypt loop
weir() { NO_COLOR=1 DENO_DIR=${cache} ${Deno.execPath()} run --no-lock --no-check --allow-all ${checkout}weir.ts disk "$@"; }
head -c 64 /dev/urandom > key
head -c 262144 /dev/urandom > plain
try() { # cipher, bits
  truncate -s 262144 ours theirs; : > ours; : > theirs; truncate -s 262144 ours theirs
  weir write ours --key-file key --cipher $1 --key-size $2 < plain
  loop=$(losetup -f --show ours)
  cryptsetup open --type plain --cipher $1 --key-size $2 --key-file key $loop vault
  cmp plain /dev/mapper/vault && echo "$1: cryptsetup opens our volume"
  cryptsetup close vault; losetup -d $loop
  loop=$(losetup -f --show theirs)
  cryptsetup open --type plain --cipher $1 --key-size $2 --key-file key $loop vault
  dd if=plain of=/dev/mapper/vault bs=64k conv=fsync status=none
  cryptsetup close vault; losetup -d $loop
  cmp ours theirs && echo "$1: the same bytes"
  weir read theirs --key-file key --cipher $1 --key-size $2 | cmp plain && echo "$1: we open its volume"
}
try aes-xts-plain64 512
try aes-xts-plain64 256
try aes-cbc-essiv:sha256 256
echo -n "correct horse" > phrase
loop=$(losetup -f --show theirs)
cryptsetup open --type plain --cipher aes-xts-plain64 --key-size 512 --hash ripemd160 $loop vault < phrase
dd if=plain of=/dev/mapper/vault bs=64k conv=fsync status=none
cryptsetup close vault; losetup -d $loop
weir read theirs --key-file phrase --hash ripemd160 | cmp plain && echo "a passphrase makes the same key"
`;

Deno.test({
  name: "volumes in a guest: cryptsetup opens ours, we open its, bit for bit",
  ignore: lacking !== undefined,
}, async () => {
  const { status, output } = await runInGuest(SCRIPT, { seconds: 600 });
  assert.equal(status, 0, output);
  for (const cipher of ["aes-xts-plain64", "aes-cbc-essiv:sha256"]) {
    for (const said of ["cryptsetup opens our volume", "the same bytes", "we open its volume"]) {
      assert.ok(output.includes(`${cipher}: ${said}`), output);
    }
  }
  assert.ok(output.includes("a passphrase makes the same key"), output);
});
