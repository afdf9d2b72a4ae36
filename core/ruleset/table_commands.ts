import { emptyChain } from "./chain_commands.ts";
import type { RulesetError } from "./error.ts";
import { type Family, tableKey } from "./ruleset.ts";
import type { TableSpec } from "./specs.ts";
import { isError, type Work } from "./work.ts";

export function addTable(work: Work, spec: TableSpec, exclusive: boolean): RulesetError | undefined {
  if (work.draft.peek(spec.family, spec.name) !== undefined) {
    if (exclusive) return work.refuse("exists", "table", spec.name);
    if (spec.flags !== undefined) work.draft.table(spec.family, spec.name)!.flags = spec.flags;
    return undefined;
  }
  work.draft.addTable({
    flags: [],
    ...spec,
    handle: work.store.nextTableHandle(),
    chains: new Map(),
    sets: new Map(),
    objects: new Map(),
    lastHandle: 0,
  });
  return undefined;
}

export function deleteTable(work: Work, family: Family, name: string): RulesetError | undefined {
  const table = work.draft.peek(family, name);
  if (table === undefined) return work.refuse("missing", "table", name);
  for (const chain of table.chains.values()) {
    for (const rule of chain.rules) for (const cell of rule.cells) work.free(cell);
  }
  for (const set of table.sets.values()) work.freeElements(set);
  for (const object of table.objects.values()) work.free(object.cell);
  work.draft.tables.delete(tableKey(family, name));
  return undefined;
}

export function flushTable(work: Work, family: Family, name: string): RulesetError | undefined {
  const table = work.table(family, name);
  if (isError(table)) return table;
  for (const chain of [...table.chains.keys()]) emptyChain(work, table, chain);
  return undefined;
}
