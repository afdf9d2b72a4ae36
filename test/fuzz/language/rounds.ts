import { root } from "../../topology.ts";
import { type Case, differential, figures } from "./differential.ts";
import { KernelNft } from "./kernel_nft.ts";

/** What `--target` calls this comparison. */
export const LANGUAGE = "language";

/** Share of equal answers to a fresh seed's rules below which something broke: some percent of wild rules differ. */
export const LEAST = 0.89;

export interface Told {
  readonly alike: boolean;
  /** Figures per class, or why nothing was compared; where they are not alike, the first rule that threw. */
  readonly text: string;
}

/** Whether libnftables can be loaded. */
export function library(): boolean {
  try {
    Deno.dlopen("libnftables.so.1", {}).close();
    return true;
  } catch {
    return false;
  }
}

/** Whether the answers to these rules are alike often enough, and none threw. */
export function judge(seed: number, cases: readonly Case[], least = LEAST): Told {
  const compared = cases.filter(({ verdict }) => verdict !== "kernel" && verdict !== "stopped");
  const equal = compared.filter(({ verdict }) => verdict === "equal").length;
  const thrown = cases.find(({ got }) => got.startsWith("THROWN"));
  const head = `seed ${seed}, ${cases.length} rules, ${equal} of ${compared.length} alike`;
  return {
    alike: thrown === undefined && equal >= least * compared.length,
    text: [head, figures(cases), ...thrown === undefined ? [] : [thrown.rule, thrown.got]].join("\n"),
  };
}

/** Rounds of rules from `seed` on, until the time is up; at least one. */
export async function languageAlike(seed: number, milliseconds: number): Promise<Told> {
  if (!root || !library()) return { alike: true, text: "skipped: needs root and libnftables" };
  await using kernel = await KernelNft.start();
  const cases: Case[] = [], end = performance.now() + milliseconds;
  for (let round = seed; cases.length === 0 || performance.now() < end; round++) {
    cases.push(...await differential(kernel, round, ROUND));
  }
  return judge(seed, cases);
}

/** Rules of each class in a round: fewer leave the share to chance. */
const ROUND = 36;
