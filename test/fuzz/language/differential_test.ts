import { skip } from "../../needs.ts";
import { differential } from "./differential.ts";
import { KernelNft } from "./kernel_nft.ts";
import { judge, LEAST, library } from "./rounds.ts";

/** The seed that is always tried, and just below the share it has reached. */
const ALWAYS = 20080820, REACHED = 0.91;

Deno.test({
  name: "rules made at random: the same answers as nft's",
  ignore: skip("fuzz/language/differential_test.ts", "nft", "ip") || !library(),
  async fn() {
    await using kernel = await KernelNft.start();
    const fresh = Number(Deno.env.get("WEIR_FUZZ_SEED") ?? crypto.getRandomValues(new Uint32Array(1))[0]);
    for (const seed of [ALWAYS, fresh]) {
      const { alike, text } = judge(
        seed,
        await differential(kernel, seed, 36),
        seed === ALWAYS ? REACHED : LEAST,
      );
      console.log(text);
      if (!alike) throw new Error(text);
    }
  },
});
