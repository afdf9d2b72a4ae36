import { Cursor } from "../text/cursor.ts";
import { type Diagnostic, Refusal } from "../text/diagnostic.ts";
import { parseDefine } from "./variable.ts";

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
