import { type Diagnostic, renderDiagnostic } from "../core/nft/text/diagnostic.ts";
import { hideKeys } from "../core/xfrm/words.ts";
import { placeOf, type Source, type Span } from "../core/nft/text/source.ts";

/**
 * What is wrong with a file the administrator wrote, and where: the rule language's diagnostics, so that both files
 * complain alike.
 */
export type { Diagnostic, Source, Span };

/** A value that remembers where it was written. */
export interface Located<T> {
  readonly value: T;
  readonly place: Span;
}

/** Collects what is wrong, so that one run shows everything but keys. `also` is the first of two places that clash. */
export type Report = (
  place: Span,
  message: string,
  more?: {
    readonly also?: Span | undefined;
    readonly hints?: readonly string[];
    /** An error unless told. */
    readonly severity?: "warning";
  },
) => void;

export function collector(): { readonly diagnostics: Diagnostic[]; readonly report: Report } {
  const diagnostics: Diagnostic[] = [];
  const report: Report = (place, message, more) => {
    const hints = (more?.hints ?? []).map(hideKeys);
    if (more?.also !== undefined) hints.unshift(`the other one is at ${whereIs(more.also)}`);
    diagnostics.push({
      severity: more?.severity ?? "error",
      message: hideKeys(message),
      spans: [firstLineOf(place)],
      hints,
    });
  };
  return { diagnostics, report };
}

/** Diagnostics in the order of their places, as text that ends with a newline; empty for none. */
export function renderDiagnostics(diagnostics: readonly Diagnostic[]): string {
  const start = (diagnostic: Diagnostic) => diagnostic.spans[0]?.start ?? 0;
  return [...diagnostics].sort((a, b) => start(a) - start(b)).map(renderDiagnostic).map(printable).join("");
}

/** `file:line:column`. */
export function whereIs(place: Span): string {
  const { line, column } = placeOf(place.source, place.start);
  return `${place.source.name}:${line}:${column}`;
}

/** A block of several lines is pointed at by its first. */
function firstLineOf(place: Span): Span {
  const { text } = place.source;
  const start = Math.min(place.start, text.length);
  const newline = text.indexOf("\n", start);
  const last = Math.min(place.end, newline < 0 ? text.length : newline);
  return { source: place.source, start, end: Math.max(start + 1, last) };
}

/** Control characters would move the cursor or colour the terminal: each is shown as `?`. */
// deno-lint-ignore no-control-regex
export const printable = (text: string): string => text.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, "?");

/** The candidate a typing slip away from `word`, or none: an edit distance of a third of its letters at most. */
export function closest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best;
}

/** Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment). */
function editDistance(a: string, b: string): number {
  if (a.length > 64 || b.length > 64) return Infinity;
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, rows[i - 1]![j - 1]! + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, rows[i - 2]![j - 2]! + 1);
      }
      row.push(cost);
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}
