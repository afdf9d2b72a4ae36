import { compare } from "./oracle/compare.ts";
import { insideEsp, IPSEC_RULES, ipsecScript, XFRM } from "./oracle/ipsec_script.ts";
import { skip } from "./needs.ts";

/**
 * The kernel as oracle of IPsec: the same states, policies, rules and packets. Where this kernel has no ESP,
 * ipsec_oracle_guest_test.ts asks Debian's in a guest.
 */
const lacking = skip("test/ipsec_oracle_test.ts", "nft", "ip");

Deno.test({
  name: "IPsec: weir sends, refuses and counts what the kernel does",
  ignore: lacking || !hasXfrm(),
  fn: (test) => compare(test, IPSEC_RULES, ipsecScript, { xfrm: XFRM, write: insideEsp }),
});

function hasXfrm(): boolean {
  try {
    return Deno.statSync("/proc/net/xfrm_stat").isFile;
  } catch {
    return false;
  }
}
