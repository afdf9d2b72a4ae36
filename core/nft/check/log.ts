import type { Expression } from "../../expr/expression.ts";
import type { CheckContext } from "./context.ts";
import { refuse } from "../text/diagnostic.ts";
import type { Span } from "../text/source.ts";
import type { StatementNode } from "../tree/tree.ts";

/** Syslog severities, RFC 5424, and audit. */
export const LOG_LEVELS: readonly string[] = [
  "emerg",
  "alert",
  "crit",
  "err",
  "warn",
  "notice",
  "info",
  "debug",
  "audit",
];
const AUDIT = 8;

export function checkLog(context: CheckContext, node: Extract<StatementNode, { kind: "log" }>): void {
  const { log, span } = node;
  const word: Span = { ...span, end: span.start + "log".length };
  if (log.prefix !== undefined && log.prefix.length > 127) {
    refuse(log.prefixSpan ?? span, "log prefix is too long");
  }
  const level = log.level === undefined ? undefined : LOG_LEVELS.indexOf(log.level);
  if (level === -1) {
    refuse(log.levelSpan ?? span, "invalid log level", [], [`levels: ${LOG_LEVELS.join(", ")}`]);
  }
  const toGroup = log.group !== undefined || log.snaplen !== undefined || log.threshold !== undefined;
  if (toGroup && level !== undefined) refuse(word, "level and group are mutually exclusive");
  if (toGroup && log.flags !== undefined) refuse(word, "flags and group are mutually exclusive");
  if (level === AUDIT && (log.prefix !== undefined || log.flags !== undefined)) {
    refuse(word, "log level audit doesn't support any further options");
  }
  const expression: Expression = {
    kind: "log",
    ...(log.prefix === undefined ? {} : { prefix: log.prefix }),
    ...(toGroup ? { group: log.group ?? 0, snaplen: log.snaplen ?? 0, threshold: log.threshold ?? 0 } : {}),
    ...(level === undefined ? {} : { level }),
    ...(log.flags === undefined ? {} : { flags: log.flags }),
  };
  context.statements.push({ kind: "plain", expression, span });
}
