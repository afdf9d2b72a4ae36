import type { Diagnostic } from "../text/diagnostic.ts";
import type { Span } from "../text/source.ts";
import { both, type Condition } from "./condition.ts";
import type { Studied } from "./study.ts";

/** Rules no packet fits: two matches ask for values of one field that have nothing in common, or one for none. */
export function contradictions(rules: readonly Studied[]): Diagnostic[] {
  return rules.flatMap((rule) => {
    if (rule.node === undefined || !isEmpty(rule.condition)) return [];
    const [first, second] = culprits(rule.asked);
    const spans = first === undefined
      ? [rule.span]
      : second === undefined
      ? [spanOf(rule, first)]
      : [spanOf(rule, second), spanOf(rule, first)];
    return [{
      severity: "warning",
      message: "rule can never match",
      spans,
      hints: [
        second === undefined
          ? "no value is left of what it asks for"
          : "a packet has one value of a field: these have none in common",
      ],
    }];
  });
}

const isEmpty = ({ boxes }: Condition): boolean =>
  boxes.every((box) => [...box.values()].some((ranges) => ranges.length === 0));

function culprits(asked: readonly Condition[]): [first?: number, second?: number] {
  for (const [second, condition] of asked.entries()) {
    if (isEmpty(condition)) return [second];
    for (let first = 0; first < second; first++) {
      if (isEmpty(both(asked[first]!, condition))) return [first, second];
    }
  }
  return [];
}

/** Of the match as written, where as many were written as are listed. */
function spanOf(rule: Studied, at: number): Span {
  const statements = rule.node!.statements;
  return statements.length === rule.matches.length + rule.tail.length ? statements[at]!.span : rule.span;
}
