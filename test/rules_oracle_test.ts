import { skip } from "./needs.ts";
import { CONNECTION_RULES, connectionsScript } from "./oracle/connections_script.ts";
import { LINK_RULES, linkScript } from "./oracle/link_script.ts";
import { compare } from "./oracle/compare.ts";
import type { Step } from "./oracle/play.ts";
import { RARE_RULES, rareScript } from "./oracle/rare_script.ts";
import { RULES, script } from "./oracle/script.ts";
import { root } from "./topology.ts";

/**
 * The kernel as oracle of the rule language and of translation: the same ruleset and the same frames through either,
 * then every rule's counter and every packet that came out are compared.
 */
compared("one ruleset, one script: weir counts and sends what the kernel does", RULES, script, "");
compared("rarer expressions: options, chunks, routes, hashes, numbers", RARE_RULES, rareScript, "");
compared("statements about connections", CONNECTION_RULES, connectionsScript, "");
compared(
  "the same below the network layer: netdev, bridge, arp and inet at ingress",
  LINK_RULES,
  linkScript,
  kernelLacks("netdev", "bridge", "arp"),
);

function compared(name: string, rules: string, script: readonly Step[], lacking: string): void {
  if (lacking !== "") console.log(`skipped: ${name}: ${lacking}`);
  Deno.test({
    name,
    ignore: skip("test/rules_oracle_test.ts", "nft") || lacking !== "",
    fn: (test) => compare(test, rules, script),
  });
}

/** Why this kernel cannot be asked about chains of these families; "" where it can, or where nothing is asked. */
function kernelLacks(...families: readonly string[]): string {
  if (!root || skip("test/rules_oracle_test.ts", "nft")) return "";
  const lacking = families.filter((family) => !hasFamily(family));
  return lacking.length === 0 ? "" : `this kernel has no chains of family ${lacking.join(", ")}`;
}

function hasFamily(family: string): boolean {
  const hook = family === "netdev" ? "ingress device lo" : "input";
  const rules = `table ${family} t {\n chain c {\n type filter hook ${hook} priority 0;\n counter\n }\n}`;
  return new Deno.Command("unshare", { args: ["-n", "nft", "-c", rules], stdout: "null", stderr: "null" })
    .outputSync().success;
}
