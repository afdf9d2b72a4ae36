import type { Cursor } from "../text/cursor.ts";
import type { Node } from "../tree/tree.ts";

/**
 * Expressions, by recursive descent. `left` is what is looked at (packet fields, meta keys ...), `right` what it
 * is compared with (values), `value` what a statement sets or translates to, which may be either.
 */
export type Side = "left" | "right" | "value";

/** Reads an expression. Elements and hashes hold expressions: they are given it, as expressions hold them. */
export type ExpressionReader = (c: Cursor, side: Side) => Node;
