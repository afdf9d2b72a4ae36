import { emptyChain } from "./chain_commands.ts";
import type { RulesetError } from "./error.ts";
import { boundSet } from "./references.ts";
import { type Family, OBJECT_FLOWTABLE, type StatefulObject, type Table, tableKey } from "./ruleset.ts";
import type { TableSpec } from "./specs.ts";
import { isError, type Work } from "./work.ts";

export function addTable(work: Work, spec: TableSpec, exclusive: boolean): RulesetError | undefined {
  const there = work.draft.peek(spec.family, spec.name);
  if (there !== undefined) {
    if (exclusive) return work.refuse("exists", "table", spec.name);
    if (spec.flags === undefined || spec.flags.join() === there.flags.join()) return undefined;
    work.draft.table(spec.family, spec.name)!.flags = spec.flags;
    work.changes.note("new", spec, { what: "table" });
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
  work.changes.note("new", spec, { what: "table" });
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
  noteAll(work, table);
  work.draft.tables.delete(tableKey(family, name));
  return undefined;
}

/** What goes with a table, in the kernel's order: rules, sets, flowtables, objects, chains (nft_flush_table). */
function noteAll(work: Work, table: Table): void {
  const { changes } = work;
  if (!changes.wanted) return;
  const gone = new Set<string>();
  for (const chain of table.chains.values()) {
    for (const rule of chain.rules) {
      changes.note("destroy", table, { what: "rule", chain: chain.name, rule });
      for (const expression of rule.expressions) {
        const name = boundSet(expression), set = name === undefined ? undefined : table.sets.get(name);
        if (set?.anonymous !== true) continue;
        changes.note("destroy", table, { what: "set", set });
        gone.add(set.name);
      }
    }
  }
  for (const set of table.sets.values()) {
    if (!gone.has(set.name)) changes.note("destroy", table, { what: "set", set });
  }
  const flowtable = (object: StatefulObject) => object.type === OBJECT_FLOWTABLE;
  const objects = [...table.objects.values()];
  for (const object of [...objects.filter(flowtable), ...objects.filter((each) => !flowtable(each))]) {
    changes.note("destroy", table, { what: "object", object });
  }
  for (const chain of table.chains.values()) changes.note("destroy", table, { what: "chain", chain });
  changes.note("destroy", table, { what: "table" });
}

export function flushTable(work: Work, family: Family, name: string): RulesetError | undefined {
  const table = work.table(family, name);
  if (isError(table)) return table;
  for (const chain of [...table.chains.keys()]) emptyChain(work, table, chain);
  return undefined;
}
