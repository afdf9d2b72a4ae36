import type { Expression } from "../expr/expression.ts";
import type { Draft, DraftTable } from "./draft.ts";
import type { RulesetError } from "./error.ts";
import { chainInUse, verdictTarget } from "./references.ts";
import type { BaseChain, Chain, Family } from "./ruleset.ts";
import type { ChainSpec } from "./specs.ts";
import { baseChainReason } from "./validate.ts";
import { isError, type Work } from "./work.ts";

export function addChain(
  work: Work,
  family: Family,
  tableName: string,
  spec: ChainSpec,
  exclusive: boolean,
): RulesetError | undefined {
  const table = work.table(family, tableName);
  if (isError(table)) return table;
  const there = table.chains.get(spec.name);
  if (there !== undefined) {
    if (exclusive) return work.refuse("exists", "chain", spec.name);
    return spec.base && updateChain(work, table, there, spec.base);
  }
  const reason = spec.base && baseChainReason(family, spec.base);
  if (reason !== undefined) return work.refuse(reason, "chain", spec.name);
  work.draft.addChain(table, {
    ...spec,
    handle: ++table.lastHandle,
    order: work.store.nextOrder(),
    rules: [],
  });
  work.changes.note("new", table, { what: "chain", chain: table.chains.get(spec.name)! });
  return undefined;
}

/** Only the policy of a base chain can change. */
function updateChain(work: Work, table: DraftTable, chain: Chain, base: BaseChain): RulesetError | undefined {
  const old = chain.base;
  if (old === undefined || old.type !== base.type) return work.refuse("exists", "chain", chain.name);
  if (old.hook !== base.hook || old.priority !== base.priority) {
    return work.refuse("unsupported", "chain", chain.name);
  }
  work.draft.chain(table, chain.name)!.base = { ...old, policy: base.policy };
  work.changes.note("new", table, { what: "chain", chain: { ...table.chains.get(chain.name)! } });
  return undefined;
}

/** Rules of the chain go with it; nothing else may go to it. */
export function deleteChain(
  work: Work,
  family: Family,
  table: string,
  name: string,
): RulesetError | undefined {
  const found = work.chain(family, table, name);
  if (isError(found)) return found;
  emptyChain(work, found.table, name);
  if (chainInUse(found.table, name)) return work.refuse("busy", "chain", name);
  work.changes.note("destroy", found.table, { what: "chain", chain: found.chain });
  found.table.chains.delete(name);
  return undefined;
}

export function flushChain(
  work: Work,
  family: Family,
  table: string,
  name: string,
): RulesetError | undefined {
  const found = work.chain(family, table, name);
  if (isError(found)) return found;
  emptyChain(work, found.table, name);
  return undefined;
}

export function emptyChain(work: Work, table: DraftTable, name: string): void {
  for (const rule of work.draft.chain(table, name)!.rules.splice(0)) {
    work.changes.note("destroy", table, { what: "rule", chain: name, rule });
    work.dropRule(table, rule);
  }
}

export function renameChain(
  work: Work,
  family: Family,
  tableName: string,
  name: string,
  to: string,
): RulesetError | undefined {
  const found = work.chain(family, tableName, name);
  if (isError(found)) return found;
  const { table, chain } = found;
  if (table.chains.has(to)) return work.refuse("exists", "chain", to);
  followRules(work.draft, table, name, to);
  followMaps(work.draft, table, name, to);
  (work.draft.chain(table, name) ?? chain).name = to;
  // In place: the listing keeps the order chains were made in.
  const entries = [...table.chains].map(([key, value]) => [key === name ? to : key, value] as const);
  table.chains.clear();
  for (const [key, value] of entries) table.chains.set(key, value);
  work.changes.note("new", table, { what: "chain", chain: table.chains.get(to)! });
  return undefined;
}

function followRules(draft: Draft, table: DraftTable, name: string, to: string): void {
  const goes = (e: Expression) => e.kind === "verdict" && verdictTarget(e.verdict) === name;
  const follow = (e: Expression): Expression =>
    e.kind === "verdict" && goes(e)
      ? { kind: "verdict", verdict: { ...e.verdict, chain: to } as typeof e.verdict }
      : e;
  for (const chain of [...table.chains.values()]) {
    if (!chain.rules.some((rule) => rule.expressions.some(goes))) continue;
    const copy = draft.chain(table, chain.name)!;
    copy.rules = copy.rules.map((rule) =>
      rule.expressions.some(goes) ? { ...rule, expressions: rule.expressions.map(follow) } : rule
    );
  }
}

function followMaps(draft: Draft, table: DraftTable, name: string, to: string): void {
  for (const set of [...table.sets.values()]) {
    if (set.data !== "verdict") continue;
    const elements = draft.set(table, set.name)!.elements;
    for (const [key, element] of elements) {
      if (element.verdict === undefined || verdictTarget(element.verdict) !== name) continue;
      elements.set(key, { ...element, verdict: { ...element.verdict, chain: to } as typeof element.verdict });
    }
  }
}
