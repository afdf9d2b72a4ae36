import type { Cursor } from "../text/cursor.ts";
import { type Diagnostic, Refusal } from "../text/diagnostic.ts";
import { recover, syntaxErrors } from "../text/recover.ts";
import { END, NEWLINE } from "../text/token.ts";
import type { Command } from "../tree/command.ts";
import { parseCommand } from "./command.ts";
import { type IncludeContext, parseInclude } from "./include.ts";

/** A whole text: its commands, and what is wrong with it. */
export function parseText(
  cursor: Cursor,
  context: IncludeContext,
): { commands: Command[]; diagnostics: readonly Diagnostic[] } {
  const commands: Command[] = [];
  try {
    for (;;) {
      cursor.skipSeparators();
      if (cursor.kind() === END) break;
      recover(cursor, () => {
        if (cursor.is("include")) return parseInclude(cursor, context);
        const command = parseCommand(cursor, context);
        if (command !== undefined) commands.push(withSeparator(cursor, command));
        return undefined;
      });
    }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
  }
  return { commands, diagnostics: syntaxErrors(cursor) };
}

/** As nft draws a whole command: with the newline or semicolon that ends it. */
function withSeparator(cursor: Cursor, command: Command): Command {
  if (command.kind === "rule" || !(cursor.is(";") || cursor.kind() === NEWLINE)) return command;
  return { ...command, span: { ...command.span, end: command.span.end + 1 } };
}
