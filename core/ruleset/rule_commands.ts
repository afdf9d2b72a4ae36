import type { Expression } from "../expr/expression.ts";
import type { DraftChain, DraftTable } from "./draft.ts";
import type { RulesetError } from "./error.ts";
import { boundSet, verdictTarget } from "./references.ts";
import type { Family, Rule } from "./ruleset.ts";
import type { RulePlace, RuleSpec } from "./specs.ts";
import { initialState } from "./state.ts";
import { expressionReason } from "./validate.ts";
import { isError, type Work } from "./work.ts";

export function addRule(
  work: Work,
  family: Family,
  tableName: string,
  chainName: string,
  spec: RuleSpec,
  place: RulePlace,
): RulesetError | undefined {
  const found = work.chain(family, tableName, chainName);
  if (isError(found)) return found;
  const { rules } = found.chain, at = position(found.chain, place);
  if (at < 0) return work.refuse("missing", "rule", chainName);
  const rule = makeRule(work, found.table, chainName, spec);
  if (isError(rule)) return rule;
  if (at === rules.length) rules.push(rule);
  else rules.splice(at, 0, rule);
  work.changes.note("new", found.table, {
    what: "rule",
    chain: chainName,
    rule,
    inserted: at < rules.length - 1,
  });
  return undefined;
}

/** A rule in the place of the one with this handle, which it keeps; its state is its own. */
export function replaceRule(
  work: Work,
  family: Family,
  tableName: string,
  chainName: string,
  handle: number,
  spec: RuleSpec | undefined,
): RulesetError | undefined {
  const found = work.chain(family, tableName, chainName);
  if (isError(found)) return found;
  const at = found.chain.rules.findIndex((r) => r.handle === handle);
  if (at < 0) return work.refuse("missing", "rule", chainName);
  const rule = spec && makeRule(work, found.table, chainName, spec, handle);
  if (rule !== undefined && isError(rule)) return rule;
  const [old] = rule === undefined ? found.chain.rules.splice(at, 1) : found.chain.rules.splice(at, 1, rule);
  if (rule !== undefined) {
    work.changes.note("new", found.table, { what: "rule", chain: chainName, rule, inserted: true });
  }
  work.changes.note("destroy", found.table, { what: "rule", chain: chainName, rule: old! });
  work.dropRule(found.table, old!);
  return undefined;
}

function makeRule(
  work: Work,
  table: DraftTable,
  chain: string,
  spec: RuleSpec,
  kept?: number,
): Rule | RulesetError {
  for (const expression of spec.expressions) {
    if (expression.kind === "verdict") {
      const target = verdictTarget(expression.verdict);
      const error = target === undefined ? undefined : work.targetError(table, target);
      if (error !== undefined) return error;
    }
    if (expression.kind === "dynset") makeLive(work, table, expression.set);
    const reason = expressionReason(table, expression);
    if (reason !== undefined) return work.refuse(reason, "rule", nameIn(expression) ?? chain);
  }
  const cells = allocateCells(work, spec.expressions);
  if (cells === undefined) return work.refuse("memory", "rule", chain);
  const { expressions, comment, source } = spec, handle = kept ?? ++table.lastHandle;
  // Without a spread: it leaves room to spare in every one of a hundred thousand.
  if (source !== undefined && comment === undefined) return { handle, expressions, cells, source };
  return { ...spec, handle, cells };
}

/** None of a rule's expressions keeps state: most rules have such cells, in common with all of their length. */
const stateless: (readonly number[])[] = [];

/** First cells of the expressions' state; undefined when there is no room for it. */
function allocateCells(work: Work, expressions: readonly Expression[]): readonly number[] | undefined {
  if (expressions.every((expression) => initialState(expression) === undefined)) {
    return stateless[expressions.length] ??= expressions.map(() => -1);
  }
  const cells: number[] = [];
  for (const expression of expressions) {
    const state = initialState(expression, work.store.now());
    const cell = state === undefined ? -1 : work.allocate(state[0], state[1]);
    if (state !== undefined && cell < 0) return undefined;
    cells.push(cell);
  }
  return cells;
}

/** A set without the `dynamic` flag may be added to by rules all the same, if its back end can (a hash). */
function makeLive(work: Work, table: DraftTable, name: string): void {
  const set = table.sets.get(name);
  if (set === undefined || set.live > 0 || set.constant || set.interval) return;
  work.draft.set(table, name)!.live = work.store.live.next();
}

/** Name of the set or object an expression needs. */
const nameIn = (expression: Expression): string | undefined =>
  boundSet(expression) ??
    (expression.kind === "objref"
      ? expression.name
      : expression.kind === "flow offload"
      ? expression.flowtable
      : undefined);

/** Index the rule is put at; -1 when the rule it is placed by does not exist. */
function position(chain: DraftChain, place: RulePlace): number {
  if (place.at === "start") return 0;
  if (place.at === "end") return chain.rules.length;
  const at = "handle" in place
    ? chain.rules.findIndex((r) => r.handle === place.handle)
    : "index" in place && place.index < chain.rules.length
    ? place.index
    : -1;
  return at < 0 ? -1 : place.at === "after" ? at + 1 : at;
}
