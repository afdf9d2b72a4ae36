import type { Expression, Verdict } from "../expr/expression.ts";
import { OBJECT_FLOWTABLE, type Rule, type SetDefinition, type Table } from "./ruleset.ts";

/** Name of the chain a verdict goes to. */
export const verdictTarget = (verdict: Verdict): string | undefined =>
  verdict.code === "jump" || verdict.code === "goto" ? verdict.chain : undefined;

/** Name of the set an expression is bound to. */
export const boundSet = (expression: Expression): string | undefined =>
  expression.kind === "lookup" || expression.kind === "dynset" || expression.kind === "objref map"
    ? expression.set
    : undefined;

/** Chains a rule can go to: directly, and through the verdict maps it looks up. */
export function* ruleTargets(table: Table, rule: Rule): Generator<string> {
  for (const expression of rule.expressions) {
    if (expression.kind === "verdict") {
      const target = verdictTarget(expression.verdict);
      if (target !== undefined) yield target;
    } else if (expression.kind === "lookup" && expression.dreg === 0) {
      const set = table.sets.get(expression.set);
      if (set !== undefined) yield* setTargets(set);
    }
  }
}

export function* setTargets(set: SetDefinition): Generator<string> {
  if (set.data !== "verdict") return;
  for (const element of set.elements.values()) {
    const target = element.verdict && verdictTarget(element.verdict);
    if (target !== undefined) yield target;
  }
}

/** Whether anything in the table goes to the chain: rules, and elements of verdict maps, bound or not. */
export function chainInUse(table: Table, name: string): boolean {
  for (const chain of table.chains.values()) {
    for (const rule of chain.rules) {
      for (const expression of rule.expressions) {
        if (expression.kind === "verdict" && verdictTarget(expression.verdict) === name) return true;
      }
    }
  }
  for (const set of table.sets.values()) {
    for (const target of setTargets(set)) if (target === name) return true;
  }
  return false;
}

export function setInUse(table: Table, name: string): boolean {
  return someExpression(table, (expression) => boundSet(expression) === name);
}

export function objectInUse(table: Table, type: number, name: string): boolean {
  for (const set of table.sets.values()) {
    if (set.objects !== type) continue;
    for (const element of set.elements.values()) if (element.object === name) return true;
  }
  return someExpression(
    table,
    (e) =>
      e.kind === "flow offload"
        ? type === OBJECT_FLOWTABLE && e.flowtable === name
        : e.kind === "objref" && e.type === type && e.name === name,
  );
}

function someExpression(table: Table, wanted: (expression: Expression) => boolean): boolean {
  for (const chain of table.chains.values()) {
    for (const rule of chain.rules) if (rule.expressions.some(wanted)) return true;
  }
  return false;
}
