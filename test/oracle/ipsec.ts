import { compare } from "./compare.ts";
import { insideEsp, IPSEC_RULES, ipsecScript, XFRM } from "./ipsec_script.ts";

/**
 * The kernel as oracle of IPsec: the same states, policies, rules and packets. ../ipsec_oracle_guest_test.ts runs this in
 * a guest, whose kernel has all of ESP; by hand, where this one does: `deno test --allow-all test/oracle/ipsec.ts`.
 */
Deno.test(
  "IPsec: weir sends, refuses and counts what the kernel does",
  (test) => compare(test, IPSEC_RULES, ipsecScript, { xfrm: XFRM, write: insideEsp }),
);
