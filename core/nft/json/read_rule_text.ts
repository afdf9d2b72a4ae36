import { parseRule } from "../parse/rule.ts";
import { Cursor } from "../text/cursor.ts";
import { END } from "../text/token.ts";
import type { RuleNode } from "../tree/tree.ts";

/** `"text": "tcp dport 22 accept"` in place of `expr`: not nft's, for programs. Errors stand in the rule's own text. */
export function readRuleText(text: string, chain: string): RuleNode {
  const cursor = new Cursor({ name: `rule of ${chain}`, text });
  const rule = parseRule(cursor);
  if (cursor.kind() !== END) cursor.unexpected("expected one rule");
  return rule;
}
