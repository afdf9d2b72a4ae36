import type { Cursor } from "../text/cursor.ts";
import type { LogNode, StatementNode } from "../tree/tree.ts";

/** NF_LOG_* bits by their names in the language. */
export const LOG_FLAGS: readonly (readonly [name: string, bit: number])[] = [
  ["tcp sequence", 1],
  ["tcp options", 2],
  ["ip options", 4],
  ["skuid", 8],
  ["ether", 32],
];
export const ALL_LOG_FLAGS = 47;

/** `log [prefix "..."] [level ...] [group N] [snaplen N] [queue-threshold N] [flags ...]`, in any order. */
export function parseLog(c: Cursor): StatementNode {
  const start = c.at;
  c.expect("log");
  const log: LogNode = {};
  for (;;) {
    if (c.skip("prefix")) {
      log.prefixSpan = c.span();
      log.prefix = c.string("a prefix");
    } else if (c.skip("group")) log.group = c.number("a group", 65535);
    else if (c.skip("snaplen")) log.snaplen = c.number("a length", 0xffffffff);
    else if (c.skip("queue-threshold")) log.threshold = c.number("a number", 65535);
    else if (c.skip("level")) {
      log.levelSpan = c.span();
      log.level = c.string("a level");
    } else if (c.skip("flags")) log.flags = (log.flags ?? 0) | flags(c);
    else return { kind: "log", log, span: c.since(start) };
  }
}

function flags(c: Cursor): number {
  if (c.skip("all")) return ALL_LOG_FLAGS;
  if (c.skip("skuid")) return 8;
  if (c.skip("ether")) return 32;
  if (c.skip("ip")) {
    c.expect("options");
    return 4;
  }
  if (!c.skip("tcp")) return c.unexpected("expected all, skuid, ether, ip options or tcp sequence,options");
  let bits = 0;
  do {
    if (c.skip("sequence")) bits |= 1;
    else if (c.skip("options")) bits |= 2;
    else return c.unexpected("expected sequence or options");
  } while (c.skip(","));
  return bits;
}
