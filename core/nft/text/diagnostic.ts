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

/** As nft prints it: `file:line:col-col: Error: message`, the line, carets; then our hints. Ends with a newline. */
export function renderDiagnostic(diagnostic: Diagnostic): string {
  const first = diagnostic.spans[0];
  const title = `${diagnostic.severity === "error" ? "Error" : "Warning"}: ${diagnostic.message}\n`;
  const hints = diagnostic.hints.map((hint) => `hint: ${hint}\n`).join("");
  if (first === undefined || first.source.text === "") return title + hints;
  const { source } = first;
  const { line } = placeOf(source, first.start);
  // At the end of a text its last line is shown, as nft does.
  const atEnd = first.start >= source.text.length && line > 1;
  const text = lineText(source, line) || (atEnd ? lineText(source, line - 1) : "");
  const drawn: string[] = [];
  for (const character of text.split("")) drawn.push(character === "\t" ? "\t" : " ");
  for (let index = diagnostic.spans.length - 1; index >= 0; index--) {
    const span = diagnostic.spans[index]!;
    if (span.source !== source || placeOf(source, span.start).line !== line) continue;
    const { from, to } = columns(span);
    const last = Math.min(to, text.length + 1);
    for (let at = from - 1; at < last; at++) drawn[at] = index === 0 ? "^" : "~";
  }
  const { from, to } = columns(first);
  const place = source.name === "" ? "" : `${source.name}:${line}:${from}-${to}: `;
  return `${includedFrom(first)}${place}${title}${text}\n${drawn.join("").trimEnd()}\n${hints}`;
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
