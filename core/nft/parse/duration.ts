import { parseDuration } from "../datatype/time.ts";
import type { Cursor } from "../text/cursor.ts";
import { refuse } from "../text/diagnostic.ts";
import { LITERAL, NUMBER, WORD } from "../text/token.ts";

/** `1h30m`, `30s` or a number of seconds, in milliseconds. */
export function duration(c: Cursor): bigint {
  const at = c.span();
  if (c.kind() !== NUMBER && c.kind() !== LITERAL && c.kind() !== WORD) {
    return c.unexpected("expected a time, such as 30s or 1h30m");
  }
  const value = parseDuration(c.text());
  if (value === undefined) refuse(at, "Could not parse time", [], ["expected a time, such as 30s or 1h30m"]);
  c.take();
  return value;
}
