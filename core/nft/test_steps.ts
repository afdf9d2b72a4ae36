import { Cursor } from "./text/cursor.ts";
import { Tokens } from "./text/token.ts";

/**
 * Counts what the parser does, for tests: every look at a token is a step, whether the grammar looks, passes a rule over
 * or reads an included text; so is every value a variable stands for, each time it is used.
 */
let looks = 0;
const cursors = new Set<Cursor>();

type Method = (this: unknown, ...words: unknown[]) => unknown;

for (
  const [prototype, name] of [
    ...["kind", "text", "reads", "span"].map((name) => [Tokens.prototype, name] as const),
    ...["since", "enter", "skipSeparators"].map((name) => [Cursor.prototype, name] as const),
  ]
) {
  const plain = Reflect.get(prototype, name) as Method;
  Object.defineProperty(prototype, name, {
    value(this: unknown, ...words: unknown[]) {
      looks++;
      if (name === "skipSeparators") cursors.add(this as Cursor);
      return plain.apply(this, words);
    },
  });
}

/** Steps of a run, and characters of its texts, included ones as often as they were entered. */
export function counted(run: () => void): { readonly steps: number; readonly characters: number } {
  looks = 0;
  cursors.clear();
  run();
  let steps = looks, characters = 0;
  for (const { expanded, size } of cursors) {
    steps += expanded;
    characters = Math.max(characters, size);
  }
  return { steps, characters };
}
