import type { LimitNode, StatementNode } from "../tree/tree.ts";
import { isObject, member, type Reading } from "./document.ts";
import type { Json, JsonObject } from "./json.ts";

/** Statements that keep a state: of a rule, or of an element. */
export function readStateful(r: Reading, body: Json, whole: JsonObject, name: string): StatementNode {
  switch (name) {
    case "counter":
      return { kind: "counter", ...counts(r, body), span: r.span(whole) };
    case "quota":
      return quota(r, body, whole);
    case "limit":
      return limit(r, body, whole);
    case "last": {
      const used = isObject(body) ? r.optionalNumber(body, "used") : undefined;
      return { kind: "last", ...(used === undefined ? {} : { used }), span: r.span(whole) };
    }
    default:
      return connectionLimit(r, body, whole);
  }
}

/** `{ "packets": N, "bytes": N }` or nothing. */
export function counts(r: Reading, body: Json): { packets: number; bytes: number } {
  if (!isObject(body)) return { packets: 0, bytes: 0 };
  const object: JsonObject = body;
  return { packets: r.optionalNumber(object, "packets") ?? 0, bytes: r.optionalNumber(object, "bytes") ?? 0 };
}

const SIZES: ReadonlyMap<string, number> = new Map([["bytes", 1], ["kbytes", 1024], ["mbytes", 1024 * 1024]]);

/** Bytes of a number and the unit beside it. */
function size(r: Reading, object: JsonObject, value: string, unit: string): number {
  const amount = r.number(object, value), word = r.optionalText(object, unit) ?? "bytes";
  const factor = SIZES.get(word);
  if (factor === undefined) {
    return r.fail(object, `Unknown unit '${word}'.`, "units are bytes, kbytes, mbytes");
  }
  return amount * factor;
}

function quota(r: Reading, body: Json, whole: JsonObject): StatementNode {
  const object = r.object(body, "quota", whole);
  return {
    kind: "quota",
    inverted: r.flag(object, "inv"),
    bytes: size(r, object, "val", "val_unit"),
    used: member(object, "used") === undefined ? 0 : size(r, object, "used", "used_unit"),
    span: r.span(whole),
  };
}

const SECONDS: ReadonlyMap<string, number> = new Map([
  ["second", 1],
  ["minute", 60],
  ["hour", 3600],
  ["day", 86400],
  ["week", 604800],
]);
const PACKET_BURST = 5;

function limit(r: Reading, body: Json, whole: JsonObject): StatementNode {
  return { kind: "limit", limit: readLimit(r, r.object(body, "limit", whole)), span: r.span(whole) };
}

/** A rate with its unit, of a statement or a declared limit. */
export function readLimit(r: Reading, object: JsonObject): LimitNode {
  const rateUnit = r.optionalText(object, "rate_unit") ?? "packets";
  const packets = rateUnit === "packets";
  const unit = SECONDS.get(r.optionalText(object, "per") ?? "second");
  if (unit === undefined) return r.fail(object, "a limit is per second, minute, hour, day or week");
  const rate = packets ? r.number(object, "rate") : size(r, object, "rate", "rate_unit");
  if (rate === 0) r.fail(object, "limit rate must be greater than zero");
  const none = packets ? PACKET_BURST : 0;
  const burst = member(object, "burst") === undefined
    ? none
    : packets
    ? r.number(object, "burst", 0xffffffff)
    : size(r, object, "burst", "burst_unit");
  return { rate, unit, burst, type: packets ? "packets" : "bytes", inverted: r.flag(object, "inv") };
}

function connectionLimit(r: Reading, body: Json, whole: JsonObject): StatementNode {
  const object = r.object(body, "ct count", whole);
  return {
    kind: "connlimit",
    count: r.number(object, "val", 0xffffffff),
    inverted: r.flag(object, "inv"),
    span: r.span(whole),
  };
}
