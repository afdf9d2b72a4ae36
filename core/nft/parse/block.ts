import type { Cursor } from "../text/cursor.ts";
import { type Ending, recover } from "../text/recover.ts";
import { type IncludeContext, parseInclude } from "./include.ts";
import { Scope } from "./scope.ts";
import { parseDefine } from "./define.ts";

/** `{ ... }` with statements apart by newlines or semicolons, in a scope of its own. */
export function parseBlock(c: Cursor, context: IncludeContext, statement: () => Ending): void {
  c.deeper(() => {
    c.expect("{");
    const outer = c.scope;
    c.scope = new Scope(outer);
    for (;;) {
      c.skipSeparators();
      if (c.skip("}")) break;
      recover(c, () => {
        if (c.is("include")) return parseInclude(c, context);
        if (c.is("define") || c.is("redefine") || c.is("undefine")) parseDefine(c);
        else return statement();
      });
    }
    c.scope = outer;
  });
}
