import type { RulesetError } from "./error.ts";
import type { SetDefinition, SetElement } from "./ruleset.ts";
import type { LiveStore } from "./sets/live.ts";

/** What adding an element needs of the transaction. */
export interface ElementContext {
  readonly now: number;
  /** First cell of a pair with these values, -1 when the store is full. */
  allocate(first: number, second: number): number;
  free(cell: number): void;
  /** Why a verdict map may not go to this chain; undefined when it may. */
  target(chain: string): RulesetError | undefined;
  /** Whether the table has this object. */
  object(type: number, name: string): boolean;
  /** What rules added. */
  readonly live: LiveStore;
}

/** A refusal at an element, where the language said where it stands; else of the set. */
export const refusal = (
  set: SetDefinition,
  reason: RulesetError["reason"],
  at?: Pick<SetElement, "source">,
): RulesetError => ({
  reason,
  what: "element",
  name: set.name,
  ...(at?.source === undefined ? {} : { source: at.source }),
});
