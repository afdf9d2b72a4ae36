import assert from "node:assert/strict";
import { guestLacks, runInGuest } from "./guest.ts";

const lacking = guestLacks();
if (lacking !== undefined) console.log(`skipped: guest_test.ts needs ${lacking}`);

Deno.test(
  { name: "a guest runs our programs on Debian's kernel", ignore: lacking !== undefined },
  async () => {
    const { status, output } = await runInGuest(
      `echo "kernel $(uname -r)"
modprobe algif_skcipher && grep -q '^af_alg' /proc/modules && echo "AF_ALG"
${Deno.execPath()} eval 'console.log("deno", 6 * 7)'
touch /root/nothing && echo "written"
exit 3`,
    );
    assert.equal(status, 3, output);
    assert.match(output, /^kernel \d+\./m);
    assert.match(output, /^AF_ALG$/m);
    assert.match(output, /deno .*42/);
    assert.match(output, /^written$/m);
  },
);
