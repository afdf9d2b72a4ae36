import { Cursor } from "../text/cursor.ts";
import { type Diagnostic, Refusal, refuse } from "../text/diagnostic.ts";
import type { Node } from "../tree/tree.ts";
import { parseExpression, parseList } from "./expression.ts";
import { extentOf, MAXIMUM_NESTING, most, unknown } from "./variable.ts";

/** `define NAME = VALUE`, `redefine NAME = VALUE`, `undefine NAME`. */
export function parseDefine(c: Cursor): void {
  const op = c.take();
  c.scope = c.scope.written();
  const at = c.span();
  const name = c.identifier("the name of a variable");
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
  if (size > most(c)) refuse(at, `'${name}' stands for too many values: more than ${most(c)}`);
  if (depth > MAXIMUM_NESTING) refuse(at, `'${name}' is nested more than ${MAXIMUM_NESTING} levels deep`);
  c.scope.define(name, value);
}

function emptySet(c: Cursor): Node {
  const start = c.at;
  c.take();
  c.take();
  return { kind: "set", elements: [], span: c.since(start) };
}

/** Sets a variable of the caller (`-D NAME=VALUE`) as `define` would; what is wrong where it cannot be set. */
export function defineVariable(c: Cursor, name: string, value: string): readonly Diagnostic[] {
  const inner = new Cursor({ name: "", text: `define ${name}=${value}; ` });
  inner.scope = c.scope;
  try {
    parseDefine(inner);
    if (!inner.atLineEnd()) {
      inner.unexpected("a value is written as behind define: 22, { 22, 80 }, 192.0.2.0/24");
    }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return [error.diagnostic];
  }
  return [];
}
