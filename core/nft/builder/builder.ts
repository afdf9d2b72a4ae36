/** Tables written by programs. */
export { type BaseOptions, type ChainBuilder, type RuleOptions, type RuleSource } from "./chain.ts";
export { field, match, type Relation } from "./expression.ts";
export { type Element, type ObjectKind, type SetOptions, table, type TableBuilder } from "./table.ts";
