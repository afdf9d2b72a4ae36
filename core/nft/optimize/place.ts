import { lineText, placeOf, type Span } from "../text/source.ts";
import type { Merge } from "./merge_rules.ts";

/** What was merged, as nft tells it on standard error; what it became goes to standard output. */
export const mergeText = ({ rules }: Merge): string =>
  `Merging:\n${rules.map(({ span }) => placeLine(span)).join("")}into:\n\t\n`;

function placeLine(span: Span): string {
  const { source, start, end } = span, from = placeOf(source, start);
  const { column } = placeOf(source, Math.max(start, end - 1));
  return `${source.name}:${from.line}:${from.column}-${column}: ${lineText(source, from.line)}\n`;
}
