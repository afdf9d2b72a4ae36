import type { Cursor } from "./cursor.ts";
import { type Diagnostic, Refusal } from "./diagnostic.ts";
import { END, NEWLINE } from "./token.ts";

/** More errors than this are not told: the first ones matter. */
export const MAXIMUM_ERRORS = 10;

/** `open`: another statement may follow on the line without a semicolon. */
export type Ending = "open" | void;

const errorsOf = new WeakMap<Cursor, Diagnostic[]>();

/** Syntax errors found so far. */
export function syntaxErrors(c: Cursor): Diagnostic[] {
  let errors = errorsOf.get(c);
  if (errors === undefined) errorsOf.set(c, errors = []);
  return errors;
}

/** Runs `read`; after an error notes it and skips to the end of the line, so that later lines are read too. */
export function recover(c: Cursor, read: () => Ending): void {
  const depth = c.depth;
  const scope = c.scope;
  const at = c.at;
  try {
    const ending = read();
    const ended = c.kind() === NEWLINE || c.kind() === END || c.is(";");
    if (!ended && ending !== "open") c.unexpected("expected a newline or a semicolon");
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const errors = syntaxErrors(c);
    if (!errors.includes(error.diagnostic)) errors.push(error.diagnostic);
    if (errors.length >= MAXIMUM_ERRORS || c.kind() === END) throw error;
    c.depth = depth;
    c.scope = scope;
    if (c.at === at) c.take();
    while (c.kind() !== NEWLINE && c.kind() !== END) c.take();
  }
}
