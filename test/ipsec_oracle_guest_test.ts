import assert from "node:assert/strict";
import { guestLacks, runInGuest } from "./guest/guest.ts";
import { denoTest } from "./guest/deno_test.ts";

/** IPsec of weir and of Debian's kernel side by side, in a guest: oracle/ipsec.ts runs there. */
const lacking = guestLacks();
if (lacking !== undefined) console.log(`skipped: ipsec_oracle_guest_test.ts needs ${lacking}`);

Deno.test({ name: "IPsec beside the kernel of a guest", ignore: lacking !== undefined }, async () => {
  const { status, output } = await runInGuest(
    `modprobe -a veth tun af_packet nf_tables nft_ct nft_nat nft_chain_nat nft_masq nft_reject_inet nft_limit \\
  nft_log nft_fib_inet nft_xfrm esp4 esp6 xfrm_user xfrm4_tunnel tunnel4 authenc gcm seqiv echainiv cbc sha256
ip link set lo up
${denoTest("test/oracle/ipsec.ts", "WEIR_PATIENCE=6")}`,
    { seconds: 900 },
  );
  const ran = /(\d+) passed \((\d+) steps\)/.exec(output);
  console.log(`IPsec beside the kernel of a guest: ${ran?.[0] ?? "nothing ran"}`);
  assert.equal(status, 0, output);
  assert.ok(ran !== null, output);
});
