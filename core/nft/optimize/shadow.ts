import type { Diagnostic } from "../text/diagnostic.ts";
import { placeOf } from "../text/source.ts";
import type { RuleNode } from "../tree/tree.ts";
import { type PureRule, pureRule, written } from "./condition.ts";

/** Rules looked back for one that decides first. */
const FARTHEST = 256;

/**
 * Rules that are never reached.
 *
 * Precondition  an earlier pure rule ends the chain (accept, drop, return, goto) for every packet that meets its
 *               matches, the later rule asks all of them too, word for word, and every rule between is pure and goes
 *               to no other chain: so nothing they ask about has changed.
 */
export function shadowed(rules: readonly RuleNode[]): Diagnostic[] {
  const found: Diagnostic[] = [];
  let before: { readonly pure: PureRule; readonly asks: ReadonlySet<string> }[] = [];
  for (const rule of rules) {
    const asks = new Set(rule.statements.flatMap((one) => one.kind === "match" ? [written(one.span)] : []));
    const first = before.find((earlier) => [...earlier.asks].every((ask) => asks.has(ask)));
    if (first !== undefined) found.push(warning(rule, first.pure.rule));
    const pure = pureRule(rule);
    if (pure === undefined || pure.verdict.verdict.code === "jump") before = [];
    else if (pure.verdict.verdict.code !== "continue" && first === undefined) {
      before = [...before.slice(1 - FARTHEST), { pure, asks }];
    }
  }
  return found;
}

function warning(rule: RuleNode, first: RuleNode): Diagnostic {
  const { source, start } = first.span, { line, column } = placeOf(source, start);
  return {
    severity: "warning",
    message: "rule is never reached",
    spans: [rule.span, first.span],
    hints: [`what it matches is decided at ${source.name}:${line}:${column}: ${written(first.span)}`],
  };
}
