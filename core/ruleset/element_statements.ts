import type { ElementStatement } from "../expr/expression.ts";
import type { SetDefinition, SetElement } from "./ruleset.ts";

type Given = Pick<SetElement, "statements" | "counter">;
type Declared = Pick<SetDefinition, "statements" | "counter">;

/** What an element does: what is written for it, else what its set declares (nft_add_set_elem clones those). */
export function elementStatements(set: Declared, element: Given): readonly ElementStatement[] {
  if (element.statements !== undefined) return element.statements;
  if (element.counter !== undefined) return [{ kind: "counter", ...element.counter }];
  return declaredStatements(set);
}

export const declaredStatements = (set: Declared): readonly ElementStatement[] =>
  set.statements ?? (set.counter ? PLAIN_COUNTER : NOTHING);

/** The same without what was counted before, so that elements that do the same share one list. */
export const uncounted = (statements: readonly ElementStatement[]): readonly ElementStatement[] =>
  statements.map((e) =>
    e.kind === "counter"
      ? PLAIN_COUNTER[0]!
      : e.kind === "quota"
      ? { ...e, used: 0 }
      : e.kind === "last"
      ? LAST
      : e
  );

/** The statements of an element may be others than its set declares in their values only, not in their kinds. */
export function sameKinds(set: Declared, element: Given): boolean {
  const declared = declaredStatements(set);
  if (declared.length === 0) return true;
  const own = elementStatements(set, element);
  return own.length === declared.length && own.every((e, i) => e.kind === declared[i]!.kind);
}

const PLAIN_COUNTER: readonly ElementStatement[] = [{ kind: "counter", packets: 0, bytes: 0 }];
const LAST: ElementStatement = { kind: "last" };
const NOTHING: readonly ElementStatement[] = [];
