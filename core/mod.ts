/**
 * weir's data plane as a library for any runtime: pure TypeScript, no files, no clock, no sockets of its own.
 *
 * @module
 */
export * from "./clock.ts";
export * from "./random.ts";
export * from "./port.ts";
export * from "./plan.ts";
export { Router, type RouterEvent, type RouterOptions } from "./router.ts";
export { BATCH, PacketBatch } from "./packet/batch.ts";
export { PacketPool } from "./packet/pool.ts";
export * from "./packet/address.ts";
export { Nft, type NftOptions, type NftResult } from "./nft/nft.ts";
export { type ChainBuilder, field, match, table, type TableBuilder } from "./nft/builder/builder.ts";
export {
  type ExpressionFeature,
  type Features,
  features,
  type FieldFeature,
  type TypeFeature,
} from "./nft/features.ts";
export { RulesetStore } from "./ruleset/store.ts";
export type { Program } from "./classify/program.ts";
