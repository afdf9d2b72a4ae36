import { parseArgs } from "node:util";
import { SeededRandom } from "../../../core/random.ts";
import { compare, type Compared, ours, theirs } from "./compare.ts";
import { KernelNft } from "./kernel_nft.ts";
import { type Place, PLACES, setup } from "./places.ts";
import { CLASSES } from "./rules.ts";

/** A rule, where, and how the two answers to it differ. */
export interface Case extends Compared {
  readonly of: string;
  readonly place: Place;
  readonly rule: string;
}

/** `count` rules of every class, in every place by turns. */
export async function differential(
  kernel: KernelNft,
  seed: number,
  count: number,
  classes: readonly string[] = Object.keys(CLASSES),
): Promise<Case[]> {
  const random = new SeededRandom(seed), all: Case[] = [];
  const each = Math.max(1, Math.ceil(count / PLACES.length));
  for (const place of PLACES) {
    const our = ours(place);
    let fresh = true;
    for (const of of classes) {
      for (let number = 0; number < each; number++) {
        const rule = CLASSES[of]!(random);
        const want = await theirs(kernel, place, fresh, rule);
        fresh = want === undefined || /meter/.test(rule);
        let got;
        try {
          got = our(rule);
        } catch (error) {
          got = { ok: false, output: "", listing: "", error: `THROWN ${(error as Error).stack}` };
        }
        all.push({ of, place, rule, ...compare(want, got) });
      }
    }
    await kernel.ask({ before: setup(place), command: `delete table ${place.family} t`, list: "" });
  }
  return all;
}

/** Per class: how many are compared, how many are equal. */
export function figures(cases: readonly Case[]): string {
  const rows = [...Map.groupBy(cases, (one) => one.of)].map(([of, group]) => {
    const counts = Map.groupBy(group, (one) => one.verdict);
    const not = (counts.get("kernel")?.length ?? 0) + (counts.get("stopped")?.length ?? 0);
    const equal = counts.get("equal")?.length ?? 0;
    const others = [...counts].filter(([verdict]) => verdict !== "equal").map(([verdict, some]) =>
      `${verdict} ${some.length}`
    );
    const compared = group.length - not;
    return `${of.padEnd(16)} ${
      (100 * equal / Math.max(1, compared)).toFixed(1).padStart(5)
    } % of ${compared}; ${others.join(", ")}`;
  });
  return rows.join("\n");
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      count: { type: "string" },
      seed: { type: "string" },
      class: { type: "string" },
      show: { type: "boolean" },
    },
  });
  const seed = Number(values.seed ?? crypto.getRandomValues(new Uint32Array(1))[0]);
  await using kernel = await KernelNft.start();
  const cases = await differential(
    kernel,
    seed,
    Number(values.count ?? 200),
    values.class?.split(","),
  );
  if (values.show === true) {
    for (const { of, place, rule, verdict, wanted, got } of cases) {
      if (verdict === "equal" || verdict === "kernel" || verdict === "stopped") continue;
      console.log(
        `# ${verdict} ${of} ${place.family} ${place.chain}\n${rule}\n--- nft\n${wanted}\n--- weir\n${got}\n`,
      );
    }
  }
  console.log(`seed ${seed}, ${cases.length} rules\n${figures(cases)}`);
}
