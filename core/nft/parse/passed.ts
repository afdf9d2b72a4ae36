import { Refusal } from "../text/diagnostic.ts";
import type { Cursor } from "../text/cursor.ts";
import type { Span } from "../text/source.ts";
import { statementEnd } from "../text/statement_end.ts";
import type { Tokens } from "../text/token.ts";
import type { RuleNode, StatementNode } from "../tree/tree.ts";
import { parseRule } from "./rule.ts";
import type { Scope } from "./scope.ts";

/**
 * Rules passed over.
 *
 * Overview    of a long text the rules are passed over when it is read, and each is read when it is carried out, so
 *             that no more than one stands in memory as a tree.
 * Soundness   passing guesses where a rule ends; reading it must end there too. Where it does not, or anything in the
 *             text is wrong, everything is given up (`NotAsPassed`) and read whole: errors are told in one way only.
 * Variables   stand for what they stood for where the rule is: see `Scope.written`.
 */
export class PassedRule implements RuleNode {
  private readonly cursor: Cursor;
  private readonly tokens: Tokens;
  private readonly scope: Scope;
  private readonly from: number;
  /** Index of the token behind it. */
  private readonly to: number;
  private readonly depth: number;

  constructor(cursor: Cursor, to: number) {
    this.cursor = cursor;
    this.tokens = cursor.tokens;
    this.scope = cursor.scope;
    this.from = cursor.at;
    this.to = to;
    this.depth = cursor.depth;
    this.scope.keep();
  }

  get statements(): StatementNode[] {
    return this.read().statements;
  }
  get span(): Span {
    const { tokens } = this;
    return { source: tokens.source, start: tokens.start(this.from), end: tokens.end(this.to - 1) };
  }

  /** The rule itself. Moves the cursor, which has read everything else by then. */
  read(): RuleNode {
    const { cursor } = this;
    cursor.tokens = this.tokens;
    cursor.scope = this.scope;
    cursor.at = this.from;
    cursor.depth = this.depth;
    try {
      const rule = parseRule(cursor);
      if (cursor.at === this.to) return rule;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
    }
    throw new NotAsPassed();
  }
}

/** A rule is not what it was taken for when it was passed over: the text must be read whole. */
export class NotAsPassed extends Error {}

/** A rule passed over where the cursor does that and can, or read. */
export function passRule(c: Cursor): RuleNode {
  const end = c.passing ? statementEnd(c.tokens, c.at) : -1;
  if (end < 0) return parseRule(c);
  const rule = new PassedRule(c, end);
  c.at = end;
  return rule;
}
