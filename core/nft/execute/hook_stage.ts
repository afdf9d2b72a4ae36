import type { ChainHook } from "../../ruleset/ruleset.ts";

/** A stage that packets meet at a hook without any rule asking for it: connection tracking, translation. */
export interface HookStage {
  readonly hook: ChainHook;
  readonly priority: number;
  /** As listed: `conntrack`. */
  readonly name: string;
  /** Who brings it, in brackets behind it. */
  readonly module: string;
  /** Base chains of type nat run within it, whatever their priority. */
  readonly runsNat?: boolean;
}
