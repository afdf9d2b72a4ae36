import type { Chain } from "../../ruleset/ruleset.ts";
import type { Diagnostic } from "../text/diagnostic.ts";
import type { Span } from "../text/source.ts";
import { type Condition, mayMeet } from "./condition.ts";
import type { Studied } from "./study.ts";
import { bareVerdict, ends } from "./tail.ts";

/** Rules further down that are held against one. */
const FARTHEST = 256;

/**
 * Rules without which every packet fares the same.
 *
 * Precondition  the rule only decides, and as the end of the chain does (the policy; `return` where there is none);
 *               and no packet that fits it fits a later rule that does anything else. Or it does nothing at all.
 */
export function ineffective(
  rules: readonly Studied[],
  chain: Chain,
  /** Where the policy is written, or the chain. */
  end: Span,
  hidden: ReadonlySet<Studied>,
): Diagnostic[] {
  const found: Diagnostic[] = [];
  const alike = ["return", ...(chain.base === undefined ? [] : [chain.base.policy])];
  const different: Condition[] = [];
  for (let at = rules.length - 1; at >= 0; at--) {
    const rule = rules[at]!;
    const idle = rule.known && rule.tail.length === 0;
    if (idle && !hidden.has(rule)) found.push(nothing(rule));
    const verdict = bareVerdict(rule);
    if (verdict === undefined || !alike.includes(verdict)) {
      // Those never reached are held against it too: with it gone they may be.
      if (!idle) different.push(rule.condition);
      continue;
    }
    if (different.length > FARTHEST) break;
    if (
      rule.node === undefined || hidden.has(rule) || different.some((other) => mayMeet(rule.condition, other))
    ) continue;
    found.push({
      severity: "warning",
      message: "rule changes nothing",
      spans: [rule.span, end],
      hints: [
        chain.base === undefined
          ? "the chain ends here anyway:"
          : `policy ${chain.base.policy} decides the same:`,
      ],
    });
  }
  return found.filter(({ spans }) => spans[0]!.source.text !== "").reverse();
}

const nothing = (rule: Studied): Diagnostic => ({
  severity: "warning",
  message: "rule does nothing",
  spans: [rule.span],
  hints: ["it only asks: add a verdict, or a counter"],
});

/** Rules that stand twice, where the first does not already end the chain. */
export function repeated(rules: readonly Studied[], hidden: ReadonlySet<Studied>): Diagnostic[] {
  const seen = new Map<string, Studied>(), found: Diagnostic[] = [];
  for (const rule of rules) {
    const first = seen.get(rule.text);
    if (!rule.known || hidden.has(rule) || ends(rule)) continue;
    // A log or counter for every packet may well stand in several places.
    if (rule.tail.length === 0 || rule.matches.length === 0) continue;
    if (first === undefined) seen.set(rule.text, rule);
    else if (rule.node !== undefined) {
      found.push({
        severity: "warning",
        message: "rule stands here twice",
        spans: [rule.span, first.span],
        hints: ["the same is done by an earlier rule:"],
      });
    }
  }
  return found;
}
