import type { Family } from "../ruleset/ruleset.ts";

/** Rules and chains of a program by the numbers its trace instructions have for them. */
export interface TracePlan {
  /** Rules by number. */
  readonly rules: readonly TracedRule[];
  /** Chains by their first instruction. */
  readonly chains: ReadonlyMap<number, string>;
}

export interface TracedRule {
  readonly family: Family;
  readonly table: string;
  readonly chain: string;
  readonly handle: number;
}
