import type { Cursor } from "../text/cursor.ts";
import { refuse } from "../text/diagnostic.ts";
import { nearest } from "../types.ts";
import type { Node } from "../tree/tree.ts";

/** `$name`, with what it stands for at this point of the text. */
export function parseVariable(c: Cursor): Node {
  const start = c.at;
  c.expect("$");
  const at = c.span();
  const name = c.identifier("the name of a variable");
  const value = c.scope.find(name);
  if (value !== undefined) {
    c.expanded += extentOf(value).size;
    if (c.expanded > most(c)) {
      refuse(at, "variables stand for too many values here", [], [
        `they may stand for ${VALUES_A_CHARACTER} values a character of the text, counted where they are used`,
      ]);
    }
    return { kind: "variable", name, value, span: c.since(start) };
  }
  return unknown(c, name, at);
}

/** A variable of variables doubles with every line; what it stands for is bounded before anything looks at it. */
const VALUES_A_CHARACTER = 100;
/** Deepest nesting of variables. */
export const MAXIMUM_NESTING = 1024;

/** Values that variables may stand for in the texts read so far. */
export const most = (c: Cursor): number => VALUES_A_CHARACTER * c.size;

interface Extent {
  /** Nodes, variables replaced by what they stand for. */
  readonly size: number;
  readonly depth: number;
}

/** Of what variables stand for. */
const known = new WeakMap<object, Extent>();

export function extentOf(value: Node): Extent {
  let extent = known.get(value);
  if (extent === undefined) known.set(value, extent = measure(value));
  return extent;
}

function measure(node: object): Extent {
  let size = 1, depth = 0;
  for (const part of Object.values(node)) {
    if (typeof part !== "object" || part === null || "source" in part) continue;
    const inner = known.get(part) ?? measure(part);
    size += inner.size;
    depth = Math.max(depth, inner.depth + 1);
  }
  return { size, depth };
}

/** Refuses a name that nothing defines, with the nearest that is. */
export function unknown(c: Cursor, name: string, span: ReturnType<Cursor["span"]>): never {
  const near = nearest(name, c.scope.known());
  const message = near === undefined
    ? `unknown identifier '${name}'`
    : `unknown identifier '${name}'; did you mean identifier ‘${near}’?`;
  return refuse(span, message, [], ["variables must be defined before they are used: define NAME = VALUE"]);
}
