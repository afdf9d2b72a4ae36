import type { Expression } from "../../expr/expression.ts";
import { LOG_LEVELS } from "../check/log.ts";
import { ALL_LOG_FLAGS, LOG_FLAGS } from "../parse/log.ts";
import { type Json, type JsonObject, oneOrMany } from "./json.ts";

type Of<K extends Expression["kind"]> = Extract<Expression, { kind: K }>;

/** Bytes in the largest unit that divides them. */
function amount(bytes: number): { value: number; unit: string } {
  const units = ["bytes", "kbytes", "mbytes"];
  let value = bytes, index = 0;
  while (value !== 0 && value % 1024 === 0 && index < 2) {
    value /= 1024;
    index++;
  }
  return { value, unit: units[index]! };
}

const SECONDS = new Map([[1, "second"], [60, "minute"], [3600, "hour"], [86400, "day"], [604800, "week"]]);

export function jsonLimit(e: Of<"limit">): JsonObject {
  const per = SECONDS.get(e.unit) ?? "second";
  const inverted: JsonObject = e.inverted ? { inv: true } : {};
  if (e.type === "packets") {
    return { rate: e.rate, ...(e.burst === 0 ? {} : { burst: e.burst }), per, ...inverted };
  }
  const rate = amount(e.rate), burst = amount(e.burst);
  return {
    rate: rate.value,
    burst: burst.value,
    per,
    ...inverted,
    rate_unit: rate.unit,
    burst_unit: burst.unit,
  };
}

export function jsonQuota(e: Of<"quota">, used: number): JsonObject {
  const size = amount(e.bytes), spent = amount(Math.min(used, e.bytes));
  return {
    val: size.value,
    val_unit: size.unit,
    ...(e.inverted ? { inv: true } : {}),
    ...(used === 0 ? {} : { used: spent.value, used_unit: spent.unit }),
  };
}

export const jsonConnectionLimit = (e: Of<"connlimit">): JsonObject => ({
  val: e.count,
  ...(e.inverted ? { inv: true } : {}),
});

const DEFAULT_LEVEL = 4;

export function jsonLog(e: Of<"log">): Json {
  const flags = e.flags ?? 0;
  const names: Json[] = LOG_FLAGS.filter(([, bit]) => (flags & bit) !== 0).map(([name]) => name);
  const log: JsonObject = {
    ...(e.prefix === undefined ? {} : { prefix: e.prefix }),
    ...(e.group === undefined ? {} : { group: e.group }),
    ...(e.group === undefined || !e.snaplen ? {} : { snaplen: e.snaplen }),
    ...(e.group === undefined || !e.threshold ? {} : { "queue-threshold": e.threshold }),
    ...(e.level === undefined || e.level === DEFAULT_LEVEL
      ? {}
      : { level: LOG_LEVELS[e.level] ?? `${e.level}` }),
    ...(flags === 0 ? {} : { flags: (flags & ALL_LOG_FLAGS) === ALL_LOG_FLAGS ? "all" : oneOrMany(names) }),
  };
  return Object.keys(log).length === 0 ? null : log;
}
