import { type ElementContext, refusal } from "./element_context.ts";
import { sameKinds } from "./element_statements.ts";
import type { RulesetError } from "./error.ts";
import { compareBytes } from "./intervals.ts";
import { verdictTarget } from "./references.ts";
import { sameBytes, type SetDefinition, type SetElement, typeLength } from "./ruleset.ts";
import { MOST_STATEMENTS } from "./sets/programs.ts";

/** Wrong lengths and kinds are the language's mistake, but must never reach the machine. */
export function shapeError(
  set: SetDefinition,
  element: SetElement,
  length: number,
  context: ElementContext,
): RulesetError | undefined {
  if (!element.catchall && element.key.length !== length) return refusal(set, "invalid");
  if (element.end !== undefined) {
    if (!set.interval || element.end.length !== length) return refusal(set, "invalid");
    if (compareBytes(element.key, element.end) > 0 && set.key.bits.length === 1) {
      return refusal(set, "invalid");
    }
  }
  if (element.timeout !== undefined && !set.timeouts) return refusal(set, "invalid");
  if (element.statements !== undefined || element.counter !== undefined) {
    if ((element.statements?.length ?? 0) > MOST_STATEMENTS) return refusal(set, "invalid");
    if (!sameKinds(set, element)) return refusal(set, "unsupported");
  }
  if (set.objects !== undefined) {
    if (element.object === undefined) return refusal(set, "invalid");
    return context.object(set.objects, element.object) ? undefined : refusal(set, "missing");
  }
  if (set.data === undefined) {
    if (element.data !== undefined || element.verdict !== undefined) return refusal(set, "invalid");
  } else if (set.data === "verdict") {
    if (element.verdict === undefined) return refusal(set, "invalid");
    const target = verdictTarget(element.verdict);
    if (target !== undefined) return context.target(target);
  } else if (element.data?.length !== typeLength(set.data)) return refusal(set, "invalid");
  return undefined;
}

export function sameData(a: SetElement, b: SetElement): boolean {
  if (a.object !== b.object) return false;
  if (a.verdict !== undefined || b.verdict !== undefined) {
    return a.verdict?.code === b.verdict?.code &&
      (a.verdict && verdictTarget(a.verdict)) === (b.verdict && verdictTarget(b.verdict));
  }
  return a.data === undefined ? b.data === undefined : b.data !== undefined && sameBytes(a.data, b.data);
}
