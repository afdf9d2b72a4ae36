import { strict as assert } from "node:assert";
import { Nft } from "../nft.ts";
import type { NftOptions } from "../options.ts";

/** A chain `c` of these rules, beside chains `d` (which writes nothing) and `w` (which writes the mark). */
export const chainText = (rules: readonly string[], head = "type filter hook forward priority 0;"): string =>
  `table ip t {
	set s { type inet_service; flags dynamic; }
	set k { type inet_service; counter; }
	chain c {
		${head}
${rules.map((rule) => `\t\t${rule}\n`).join("")}	}
	chain d {
		tcp dport 7 counter
	}
	chain w {
		meta mark set 1
	}
	chain r {
		type filter hook input priority 0;
		jump d; jump w
	}
}
`;

/** What the optimiser makes of chain `c`. */
export function optimized(
  rules: readonly string[],
  head?: string,
  options: NftOptions = {},
): { listed: string[]; output: string; error: string } {
  const nft = new Nft(undefined, { optimize: true, ...options });
  const { ok, output, error } = nft.run(chainText(rules, head), "r.nft");
  assert.ok(ok, error);
  const listed = nft.run("list chain ip t c").output.split("\n").slice(3, -3).map((line) => line.trim());
  return { listed, output, error };
}
