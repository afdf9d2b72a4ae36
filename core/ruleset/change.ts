import type { Chain, Family, Rule, Ruleset, SetDefinition, SetElement, StatefulObject } from "./ruleset.ts";

/**
 * What a transaction did, one entry a thing made or taken away, in the order of its commands: what the kernel's
 * netlink notifications tell (nf_tables_*_notify).
 */
export type RulesetChange = {
  readonly event: "new" | "destroy";
  readonly family: Family;
  readonly table: string;
} & ChangedThing;

export type ChangedThing =
  | { readonly what: "table" }
  | { readonly what: "chain"; readonly chain: Chain }
  | { readonly what: "rule"; readonly chain: string; readonly rule: Rule; readonly inserted?: boolean }
  | { readonly what: "set"; readonly set: SetDefinition }
  | { readonly what: "element"; readonly set: SetDefinition; readonly element: SetElement }
  | { readonly what: "object"; readonly object: StatefulObject };

/** A commit as an observer of the store sees it. */
export interface RulesetCommit {
  readonly before: Ruleset;
  readonly after: Ruleset;
  readonly changes: readonly RulesetChange[];
}

/**
 * Keeps the changes of one transaction; nothing at all while nobody asked for them, for a large text makes millions.
 */
export class ChangeLog {
  readonly entries: RulesetChange[] = [];
  readonly wanted: boolean;

  constructor(wanted: boolean) {
    this.wanted = wanted;
  }

  note(event: "new" | "destroy", table: { family: Family; name: string }, thing: ChangedThing): void {
    if (this.wanted) this.entries.push({ event, family: table.family, table: table.name, ...thing });
  }
}
