import { lineText, placeOf, type Span } from "./source.ts";

/** What went wrong, where, and what to do about it. The first span is the culprit, others explain it. */
export interface Diagnostic {
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly spans: readonly Span[];
  readonly hints: readonly string[];
}

/** Ends the evaluation of one command; never leaves `Nft.run`. */
export class Refusal extends Error {
  readonly diagnostic: Diagnostic;
  constructor(diagnostic: Diagnostic) {
    super(diagnostic.message);
    this.diagnostic = diagnostic;
  }
}

export const errorAt = (span: Span, message: string, ...hints: string[]): Diagnostic => ({
  severity: "error",
  message,
  spans: [span],
  hints,
});

/** Refuses the command: `others` are drawn with `~` under the same line. */
export function refuse(
  span: Span,
  message: string,
  others: readonly Span[] = [],
  hints: readonly string[] = [],
): never {
  throw new Refusal({ severity: "error", message, spans: [span, ...others], hints });
}

/**
 * As nft prints it: `file:line:col-col: Error: message`, the line, carets; then our hints. Ends with a newline.
 * A warning shows its other places too, where they are on lines of their own.
 */
export function renderDiagnostic(diagnostic: Diagnostic): string {
  const first = diagnostic.spans[0];
  const title = `${diagnostic.severity === "error" ? "Error" : "Warning"}: ${cut(diagnostic.message)}\n`;
  const hints = diagnostic.hints.map((hint) => `hint: ${cut(hint)}\n`).join("") + otherPlaces(diagnostic);
  if (first === undefined || first.source.text === "") return title + hints;
  const { source } = first;
  const { line } = placeOf(source, first.start);
  // At the end of a text its last line is shown, as nft does.
  const atEnd = first.start >= source.text.length && line > 1;
  const text = lineText(source, line) || (atEnd ? lineText(source, line - 1) : "");
  if (text.length > LONGEST_LINE) return `${heading(first)}${title}${excerpt(text, first)}${hints}`;
  const drawn: string[] = [];
  for (const character of text.split("")) drawn.push(character === "\t" ? "\t" : " ");
  for (let index = diagnostic.spans.length - 1; index >= 0; index--) {
    const span = diagnostic.spans[index]!;
    if (span.source !== source || placeOf(source, span.start).line !== line) continue;
    const { from, to } = columns(span);
    const last = Math.min(to, text.length + 1);
    for (let at = from - 1; at < last; at++) drawn[at] = index === 0 ? "^" : "~";
  }
  return `${heading(first)}${title}${text}\n${drawn.join("").trimEnd()}\n${hints}`;
}

/** Places of a warning shown beside the first. */
const MAXIMUM_PLACES = 3;

function otherPlaces({ severity, spans: [first, ...others] }: Diagnostic): string {
  if (severity === "error" || first === undefined) return "";
  const lineOf = ({ source, start }: Span) => placeOf(source, start).line;
  return others.filter((span) => span.source !== first.source || lineOf(span) !== lineOf(first))
    .slice(0, MAXIMUM_PLACES).map((span) => {
      const text = lineText(span.source, lineOf(span)), place = heading(span).trimEnd();
      const { from, to } = columns(span), indent = text.slice(0, from - 1).replace(/[^\t]/g, " ");
      const drawn = text.length > LONGEST_LINE
        ? excerpt(text, span)
        : `${text}\n${indent}${"~".repeat(Math.max(1, Math.min(to, text.length) - from + 1))}\n`;
      return `${place === "" ? "" : `${place}\n`}${drawn}`;
    }).join("");
}

/** Lines longer than this (JSON on one line) are drawn in part: what is wrong and some of what is around it. */
const LONGEST_LINE = 4000;
const AROUND = 60;

/** A message may hold a name of any length. */
const cut = (text: string): string =>
  text.length > LONGEST_LINE ? `${text.slice(0, 4 * AROUND)}...${text.slice(-AROUND)}` : text;

function excerpt(text: string, span: Span): string {
  const { from, to } = columns(span);
  const start = Math.max(0, from - 1 - AROUND), end = Math.min(text.length, from - 1 + 2 * AROUND);
  const before = start === 0 ? "" : "...", after = end === text.length ? "" : "...";
  const indent = before.length + from - 1 - start, width = Math.max(1, Math.min(to, end) - from + 1);
  const part = text.slice(start, end).replaceAll("\t", " ");
  return `${before}${part}${after}\n${" ".repeat(indent)}${"^".repeat(width)}\n`;
}

/** `file:line:column-column: `, behind where it was included from. */
function heading(span: Span): string {
  const { from, to } = columns(span), { source } = span;
  const place = source.name === ""
    ? ""
    : `${source.name}:${placeOf(source, span.start).line}:${from}-${to}: `;
  return `${includedFrom(span)}${place}`;
}

/** First and last column, both inclusive, the last one on the line where the span ends (as nft counts). */
function columns(span: Span): { from: number; to: number } {
  const from = placeOf(span.source, span.start).column;
  const to = placeOf(span.source, Math.max(span.start, span.end - 1)).column;
  return { from, to };
}

function includedFrom(span: Span): string {
  let text = "";
  for (let at = span.source.includedFrom; at !== undefined; at = at.source.includedFrom) {
    if (at.source.name === "") break;
    const { from, to } = columns(at);
    const { line } = placeOf(at.source, at.start);
    text += `${
      text === "" ? "In file included from " : "                 from "
    }${at.source.name}:${line}:${from}-${to}:\n`;
  }
  return text;
}
