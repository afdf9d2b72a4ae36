import { skip } from "../../needs.ts";
import { differential, figures } from "./differential.ts";
import { KernelNft } from "./kernel_nft.ts";

/** Share of equal answers below which something broke; what is known to differ is some percent of wild rules. */
const LEAST = 0.88;
const ALWAYS = 20080820;

function library(): boolean {
  try {
    Deno.dlopen("libnftables.so.1", {}).close();
    return true;
  } catch {
    return false;
  }
}

Deno.test({
  name: "rules made at random: the same answers as nft's",
  ignore: skip("fuzz/language/differential_test.ts", "nft", "ip") || !library(),
  async fn() {
    await using kernel = await KernelNft.start();
    const fresh = Number(Deno.env.get("WEIR_FUZZ_SEED") ?? crypto.getRandomValues(new Uint32Array(1))[0]);
    for (const seed of [ALWAYS, fresh]) {
      const cases = await differential(kernel, seed, 36);
      console.log(`seed ${seed}, ${cases.length} rules\n${figures(cases)}`);
      const thrown = cases.filter(({ got }) => got.startsWith("THROWN"));
      if (thrown.length > 0) throw new Error(`seed ${seed}: ${thrown[0]!.rule}\n${thrown[0]!.got}`);
      const compared = cases.filter(({ verdict }) => verdict !== "kernel" && verdict !== "stopped");
      const equal = compared.filter(({ verdict }) => verdict === "equal");
      if (equal.length < LEAST * compared.length) {
        throw new Error(`seed ${seed}: ${equal.length} of ${compared.length} alike`);
      }
    }
  },
});
