/**
 * A ruleset assembled for the machine: clonable typed arrays and strings, nothing else, so that it can be posted
 * to the data plane. Made by `assemble` from tables, chains and expressions; run by `interpret`.
 */
export interface Program {
  readonly generation: number;
  /** Instructions of all chains, see `opcodes.ts`. */
  readonly code: Int32Array;
  /** Base chains, hooked in order of priority. */
  readonly hooks: readonly HookedChain[];
  readonly sets: readonly SetImage[];
  /** Log prefixes and other texts instructions name by index. */
  readonly strings: readonly string[];
  /** Cells of stateful objects (counters, limits, quotas) the program uses: highest cell number + 1. */
  readonly cells: number;
}

export interface HookedChain {
  readonly family: "ip" | "ip6" | "inet";
  readonly table: string;
  readonly chain: string;
  readonly type: "filter" | "nat" | "route";
  readonly hook: Hook;
  readonly priority: number;
  /** True: the policy is drop. */
  readonly drop: boolean;
  /** First instruction in `code`. */
  readonly entry: number;
}

export type Hook = "prerouting" | "input" | "forward" | "output" | "postrouting";

/** A set or map in the back end chosen for it; the arrays' meaning belongs to that back end. */
export interface SetImage {
  readonly kind: string;
  readonly data: readonly (Int32Array | Uint32Array | Uint8Array)[];
}
