import { duration } from "./duration.ts";
import type { Cursor } from "../text/cursor.ts";
import { refuse } from "../text/diagnostic.ts";
import type { ExpressionReader, Side } from "./side.ts";
import { parseCounter, parseStateful, startsStateful } from "./stateful.ts";
import type { ElementNode, StatementNode } from "../tree/tree.ts";
import { parseVerdict, startsVerdict } from "./verdict.ts";

/** One element of a set or map, with its options. */
export function parseElement(c: Cursor, side: Side, expression: ExpressionReader): ElementNode {
  const start = c.at;
  const key = expression(c, side);
  const element: {
    -readonly [K in keyof ElementNode]: ElementNode[K];
  } = { key, span: key.span };
  const statements: StatementNode[] = [];
  options(c, element, statements);
  element.span = c.since(start);
  if (c.skip(":")) {
    c.skipNewlines();
    element.data = startsVerdict(c) ? parseVerdict(c) : expression(c, side === "left" ? "value" : "right");
    options(c, element, statements);
  }
  if (statements.length > 0) element.statements = statements;
  return element;
}

function options(
  c: Cursor,
  element: { -readonly [K in keyof ElementNode]: ElementNode[K] },
  statements: StatementNode[],
): void {
  for (;;) {
    if (c.skip("timeout")) element.timeout = duration(c);
    else if (c.skip("expires")) element.expires = duration(c);
    else if (c.skip("comment")) element.comment = comment(c);
    else if (c.is("counter")) {
      const start = c.at;
      element.counter = parseCounter(c);
      statements.push({ kind: "counter", ...element.counter, span: c.since(start) });
    } else if (startsStateful(c)) {
      statements.push(parseStateful(c));
    } else return;
  }
}

/** A comment: at most 128 bytes, as the kernel's user data holds. */
export function comment(c: Cursor): string {
  const at = c.span();
  const text = c.string("a comment");
  if (text.length > 128) refuse(at, "comment too long, 128 characters maximum allowed");
  return text;
}
