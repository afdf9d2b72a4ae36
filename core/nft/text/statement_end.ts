import { END, JUNK, MARK, NEWLINE, type Tokens, WORD } from "./token.ts";

/** What fills a set stands so before its name; such rules are looked at before anything is carried out. */
const FILLING = ["add", "update", "delete", "set"];

/**
 * Index of the token behind the statement that begins at `at`: a line end, semicolon or closing brace outside of
 * braces. -1 where that cannot be told without reading it: junk, braces that do not close, a set that is filled,
 * nothing there.
 */
export function statementEnd(tokens: Tokens, at: number): number {
  const { text } = tokens.source;
  let depth = 0, named = false, filling = false, next = at;
  for (;; next++) {
    const kind = tokens.kind(next);
    if (kind === MARK) {
      const mark = text[tokens.start(next)];
      if (mark === "{") depth++;
      else if (mark === "}" && --depth < 0) break;
      else if (mark === ";" && depth === 0) break;
      else if (mark === "@" || mark === "$") named = true;
    } else if (kind === WORD) filling ||= FILLING.some((word) => tokens.reads(next, word));
    else if (kind === NEWLINE && depth === 0) break;
    else if (kind === END || kind === JUNK) {
      if (kind === JUNK || depth > 0) return -1;
      break;
    }
  }
  return next === at || (named && filling) ? -1 : next;
}
