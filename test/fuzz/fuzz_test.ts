import { describeFailure, fuzz } from "./fuzz.ts";
import { targets } from "./targets.ts";

for (const target of targets()) {
  Deno.test(`fuzz: ${target.name} takes mutated input without a throw`, () => {
    const seed = Number(Deno.env.get("WEIR_FUZZ_SEED") ?? crypto.getRandomValues(new Uint32Array(1))[0]);
    const result = fuzz(target, seed, 20000, 4000);
    if (typeof result !== "number") throw new Error(describeFailure(result));
    console.log(`seed ${seed}, ${result} inputs`);
  });
}
