import type { Expression } from "../../expr/expression.ts";
import { LOG_LEVELS } from "../check/log.ts";
import { printDuration } from "../datatype/time.ts";
import { OPTION_BY_TYPE } from "../delinearize/option.ts";
import { SYNPROXY_MSS, SYNPROXY_SACK, SYNPROXY_TIMESTAMP, SYNPROXY_WSCALE } from "../parse/action.ts";
import { ALL_LOG_FLAGS, LOG_FLAGS } from "../parse/log.ts";
import { objectWords } from "./action.ts";
import type { PrintContext } from "./context.ts";

/** Expressions that are statements by themselves. */
export function printPlain(e: Expression, context: PrintContext): string {
  switch (e.kind) {
    case "counter": {
      if (context.stateless) return "counter";
      const [packets, bytes] = context.counts?.(e) ?? [e.packets, e.bytes];
      return `counter packets ${packets} bytes ${bytes}`;
    }
    case "limit":
      return `limit ${printLimit(e)}`;
    case "quota":
      return `quota ${printQuota(e, context.stateless ? 0 : context.counts?.(e)?.[0] ?? e.used)}`;
    case "connlimit":
      return `ct count ${e.inverted ? "over " : ""}${e.count}`;
    case "last":
      return printLast(e, context);
    case "log":
      return log(e);
    case "objref":
      return `${objectWords(e.type)} "${e.name}"`;
    case "synproxy":
      return printSynproxy(e);
    case "flow offload":
      return `flow add @${e.flowtable}`;
    case "exthdr reset":
      return `reset tcp option ${OPTION_BY_TYPE(e.type, 0, 8).option.name}`;
    case "notrack":
      return "notrack";
    default:
      return e.kind;
  }
}

/** `last used 5m3s`, `last used never`. */
function printLast(e: Extract<Expression, { kind: "last" }>, context: PrintContext): string {
  if (context.stateless) return "last";
  const used = lastUsed(e, context);
  return `last used ${used === undefined ? "never" : printDuration(BigInt(Math.round(used)))}`;
}

/** Milliseconds since a packet came by; undefined: none has. */
export function lastUsed(
  e: Extract<Expression, { kind: "last" }>,
  { counts, now }: Pick<PrintContext, "counts" | "now">,
): number | undefined {
  const cells = counts?.(e);
  if (cells === undefined || now === undefined) return e.used;
  return cells[1] === 0 ? undefined : Math.max(0, now() - cells[0]);
}

/** `synproxy mss 1460 wscale 7 timestamp sack-perm`. */
function printSynproxy(e: Extract<Expression, { kind: "synproxy" }>): string {
  let text = "synproxy";
  if ((e.flags & (SYNPROXY_MSS | SYNPROXY_WSCALE)) !== 0) text += ` mss ${e.mss} wscale ${e.wscale}`;
  if ((e.flags & SYNPROXY_TIMESTAMP) !== 0) text += " timestamp";
  return (e.flags & SYNPROXY_SACK) === 0 ? text : `${text} sack-perm`;
}

const UNITS = new Map([[1, "second"], [60, "minute"], [3600, "hour"], [86400, "day"], [604800, "week"]]);
const PACKET_BURST = 5;

/** What follows `limit`. */
export function printLimit(e: Extract<Expression, { kind: "limit" }>): string {
  const unit = UNITS.get(e.unit) ?? "second";
  const over = e.inverted ? "over " : "";
  if (e.type === "packets") {
    const burst = e.burst !== 0 && e.burst !== PACKET_BURST ? ` burst ${e.burst} packets` : "";
    return `rate ${over}${e.rate}/${unit}${burst}`;
  }
  return `rate ${over}${amount(e.rate)}/${unit}${e.burst === 0 ? "" : ` burst ${amount(e.burst)}`}`;
}

/** Bytes in the largest unit that divides them. */
function amount(bytes: number): string {
  let value = bytes;
  let index = 0;
  const units = ["bytes", "kbytes", "mbytes"];
  while (value !== 0 && value % 1024 === 0 && index < 2) {
    value /= 1024;
    index++;
  }
  return `${value} ${units[index]}`;
}

/** More than there is cannot have been used (nft_quota_do_dump). */
export const printQuota = (e: Extract<Expression, { kind: "quota" }>, used: number): string =>
  `${e.inverted ? "over " : ""}${amount(e.bytes)}${
    used === 0 ? "" : ` used ${amount(Math.min(used, e.bytes))}`
  }`;

const DEFAULT_LEVEL = 4;

function log(e: Extract<Expression, { kind: "log" }>): string {
  let text = "log";
  if (e.prefix !== undefined) text += ` prefix "${e.prefix}"`;
  if (e.group !== undefined) {
    text += ` group ${e.group}`;
    if (e.snaplen !== undefined && e.snaplen !== 0) text += ` snaplen ${e.snaplen}`;
    if (e.threshold !== undefined && e.threshold !== 0) text += ` queue-threshold ${e.threshold}`;
  }
  if (e.level !== undefined && e.level !== DEFAULT_LEVEL) text += ` level ${LOG_LEVELS[e.level] ?? e.level}`;
  const flags = e.flags ?? 0;
  if ((flags & ALL_LOG_FLAGS) === ALL_LOG_FLAGS) return `${text} flags all`;
  if ((flags & 3) === 3) text += " flags tcp sequence,options";
  for (const [name, bit] of LOG_FLAGS) {
    if ((flags & bit) !== 0 && !(bit < 4 && (flags & 3) === 3)) text += ` flags ${name}`;
  }
  return text;
}
