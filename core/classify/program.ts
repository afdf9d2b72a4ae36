import type { Family } from "../ruleset/ruleset.ts";
import type { FlowObject } from "./flow_view.ts";
import type { TracePlan } from "./trace_plan.ts";
import type { SetImage } from "../ruleset/sets/image.ts";

/**
 * A ruleset assembled for the machine: clonable typed arrays and strings, nothing else, so that it can be posted
 * to the data plane. Made by `assemble` from tables, chains and expressions; run by `interpret`.
 */
export interface Program {
  readonly generation: number;
  /** Instructions of all chains, see `opcodes.ts`. */
  readonly code: Int32Array;
  /** Constants that do not fit an instruction word: limits, quotas. */
  readonly numbers: Float64Array;
  /** Base chains that do something, in the order they run within a hook: by priority, the youngest first. */
  readonly hooks: readonly HookedChain[];
  readonly sets: readonly SetImage[];
  /** Log prefixes and other texts instructions name by index. */
  readonly strings: readonly string[];
  /** What elements and objects of maps do, see `sets/programs.ts`. */
  readonly statements: Float64Array;
  /** Objects of connection tracking that rules name. */
  readonly flowObjects?: readonly FlowObject[];
  /** Cells of stateful objects (counters, limits, quotas) the program uses: highest cell number + 1. */
  readonly cells: number;
  /** Rules and chains by their numbers, when a rule sets `nftrace`. */
  readonly trace?: TracePlan;
  /** The ruleset store's clock at assembly, milliseconds: what deadlines of elements count from. */
  readonly time: number;
}

export interface HookedChain {
  readonly family: Family;
  readonly table: string;
  readonly chain: string;
  readonly type: "filter" | "nat" | "route";
  readonly hook: Hook;
  /** Names of interfaces or ports of an ingress or egress chain. */
  readonly devices?: readonly string[];
  readonly priority: number;
  /** True: the policy is drop. */
  readonly drop: boolean;
  /** First instruction in `code`. */
  readonly entry: number;
}

export type Hook = "prerouting" | "input" | "forward" | "output" | "postrouting" | "ingress" | "egress";

export type { SetImage };
