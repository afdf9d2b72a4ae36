import type { Expression } from "../expr/expression.ts";
import type { ObjectDefinition } from "./ruleset.ts";

/** First values of an expression's cell pair; undefined when it keeps no state. `now`: monotonic milliseconds. */
export function initialState(
  expression: Expression | ObjectDefinition,
  now?: number,
): readonly [number, number] | undefined {
  switch (expression.kind) {
    case "counter":
      return [expression.packets, expression.bytes];
    case "limit":
      return [limitTokens(expression), 0];
    case "quota":
      return [expression.used, 0];
    case "connlimit":
      return [0, 0];
    case "last":
      // The time, and whether there was one.
      return expression.used === undefined || now === undefined ? [0, 0] : [now - expression.used, 1];
    case "numgen":
      // The first packet gets 0.
      return expression.mode === "inc" ? [expression.modulus - 1, 0] : undefined;
    default:
      return undefined;
  }
}

type Limit = Extract<Expression, { kind: "limit" }>;

/** Nanoseconds of `unit` seconds. */
const nanoseconds = (limit: Limit): number => limit.unit * 1e9;

/** nft_limit counts tokens in nanoseconds; this many fill the bucket. `unit` is in seconds, as in netlink. */
export function limitTokens(limit: Limit): number {
  if (limit.type === "packets") {
    return Math.floor(nanoseconds(limit) / limit.rate) * (limit.burst === 0 ? PACKET_BURST : limit.burst);
  }
  return Math.floor(nanoseconds(limit) * (limit.rate + limit.burst) / limit.rate);
}

/** Tokens one packet costs; for a byte limit, what one byte costs (not rounded). */
export const limitCost = (limit: Limit): number =>
  limit.type === "packets" ? Math.floor(nanoseconds(limit) / limit.rate) : nanoseconds(limit) / limit.rate;

/** NFT_LIMIT_PKT_BURST_DEFAULT. */
const PACKET_BURST = 5;
