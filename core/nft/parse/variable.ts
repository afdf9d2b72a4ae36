import type { Cursor } from "../text/cursor.ts";
import { refuse } from "../text/diagnostic.ts";
import { parseExpression, parseList } from "./expression.ts";
import { nearest } from "../types.ts";
import type { Node } from "../tree/tree.ts";

/** `$name`, with what it stands for at this point of the text. */
export function parseVariable(c: Cursor): Node {
  const start = c.at;
  c.expect("$");
  const at = c.span();
  const name = c.name("the name of a variable");
  const value = c.scope.find(name);
  if (value !== undefined) return { kind: "variable", name, value, span: c.since(start) };
  return unknown(c, name, at);
}

function unknown(c: Cursor, name: string, span: ReturnType<Cursor["span"]>): never {
  const near = nearest(name, c.scope.known());
  const message = near === undefined
    ? `unknown identifier '${name}'`
    : `unknown identifier '${name}'; did you mean identifier ‘${near}’?`;
  return refuse(span, message, [], ["variables must be defined before they are used: define NAME = VALUE"]);
}

/** `define NAME = VALUE`, `redefine NAME = VALUE`, `undefine NAME`. */
export function parseDefine(c: Cursor): void {
  const op = c.take();
  const at = c.span();
  const name = c.name("the name of a variable");
  if (op === "undefine") {
    if (!c.scope.remove(name)) unknown(c, name, at);
    return;
  }
  c.expect("=");
  if (op === "define" && c.scope.owns(name)) {
    refuse(at, `redefinition of symbol '${name}'`, [], ["use redefine to change it"]);
  }
  const value = c.is("{") && c.is("}", 1) ? emptySet(c) : parseList(c, parseExpression(c, "value"));
  const { size, depth } = extentOf(value);
  if (size > MAXIMUM_SIZE) refuse(at, `'${name}' stands for more than ${MAXIMUM_SIZE} values`);
  if (depth > MAXIMUM_NESTING) refuse(at, `'${name}' is nested more than ${MAXIMUM_NESTING} levels deep`);
  c.scope.define(name, value);
}

/** A variable of variables doubles with every line; what it stands for is bounded before anything looks at it. */
const MAXIMUM_SIZE = 2 ** 22;
const MAXIMUM_NESTING = 1024;

interface Extent {
  /** Nodes, variables replaced by what they stand for. */
  readonly size: number;
  readonly depth: number;
}

const known = new WeakMap<object, Extent>();

function extentOf(node: object): Extent {
  const found = known.get(node);
  if (found !== undefined) return found;
  let size = 1, depth = 0;
  for (const part of Object.values(node)) {
    if (typeof part !== "object" || part === null || "source" in part) continue;
    const inner = extentOf(part);
    size += inner.size;
    depth = Math.max(depth, inner.depth + 1);
  }
  const extent = { size, depth };
  known.set(node, extent);
  return extent;
}

function emptySet(c: Cursor): Node {
  const start = c.at;
  c.take();
  c.take();
  return { kind: "set", elements: [], span: c.since(start) };
}
