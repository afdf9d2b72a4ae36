import type { Chain, Rule, SetDefinition, SetElement, StatefulObject, Table } from "./ruleset.ts";

/** What is asked for when something is made: the model's fields without those the transaction gives. */
export type TableSpec = Pick<Table, "family" | "name"> & Partial<Pick<Table, "flags" | "comment" | "source">>;
export type ChainSpec = Pick<Chain, "name"> & Partial<Pick<Chain, "base" | "comment" | "source">>;
export type RuleSpec = Pick<Rule, "expressions"> & Partial<Pick<Rule, "comment" | "source">>;
export type SetSpec =
  & Pick<SetDefinition, "name" | "key">
  & Partial<Omit<SetDefinition, "name" | "key" | "handle" | "elements" | "live" | "flushes" | "removals">>
  & { readonly elements?: readonly SetElement[] };
export type ObjectSpec =
  & Pick<StatefulObject, "name" | "type" | "expression">
  & Partial<Pick<StatefulObject, "comment" | "source">>;

/** Where a rule goes: at the end (default), the beginning, or beside another one (by handle or 0-based index). */
export type RulePlace =
  | { readonly at: "end" | "start" }
  | { readonly at: "before" | "after"; readonly handle: number }
  | { readonly at: "before" | "after"; readonly index: number };
