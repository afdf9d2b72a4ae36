import type { Cursor } from "../text/cursor.ts";
import { refuse } from "../text/diagnostic.ts";
import type { Ending } from "../text/recover.ts";
import type { SourceReader } from "../text/source.ts";
import { QUOTED } from "../text/token.ts";

const MAXIMUM_INCLUDES = 16;

export interface IncludeContext {
  readonly reader?: SourceReader | undefined;
  readonly includePaths: readonly string[];
}

/**
 * `include "PATTERN"`: the texts are read in place, in the order of their names. Answers `open`: what comes next is
 * their first token, not the end of this line, which has been checked.
 */
export function parseInclude(c: Cursor, context: IncludeContext): Ending {
  const start = c.at;
  c.expect("include");
  if (c.kind() !== QUOTED) c.unexpected("expected a quoted path");
  const pattern = c.quotedText();
  // The line end belongs to the statement, as nft draws it.
  const statement = c.since(start);
  const at = { ...statement, end: Math.min(statement.end + 1, statement.source.text.length) };
  if (!c.atLineEnd()) c.unexpected("expected the end of the line");
  const { reader } = context;
  const wild = /[*?[]/.test(pattern);
  if (reader === undefined && wild) return "open";
  if (reader === undefined) refuse(at, `File not found: ${pattern}`, [], ["files cannot be included here"]);
  if (c.includeDepth >= MAXIMUM_INCLUDES) {
    refuse(at, `Include nested too deeply, max ${MAXIMUM_INCLUDES} levels`);
  }
  const places = pattern.startsWith("/") || pattern.startsWith("./")
    ? [pattern]
    : context.includePaths.map((path) => `${path}/${pattern}`);
  for (const place of places.length === 0 ? [pattern] : places) {
    const paths = wild ? reader.glob(place) : [place];
    const found = paths.map((path) => ({ path, text: reader.read(path) })).filter((file) =>
      file.text !== undefined
    );
    if (found.length === 0) continue;
    // Entered last to first, so that the first is read first.
    for (const { path, text } of found.reverse()) {
      if (c.reading(path)) {
        refuse(at, `${path} includes itself`, [], ["take the include out of one of the files"]);
      }
      c.enter({ name: path, text: text!, includedFrom: at });
    }
    return "open";
  }
  if (!wild) refuse(at, `File not found: ${pattern}`);
  return "open";
}
