import type { DraftTable } from "./draft.ts";
import { addElements, deleteElements, type ElementContext } from "./elements.ts";
import type { RulesetError } from "./error.ts";
import { setInUse } from "./references.ts";
import { type Family, objectKey, type SetDefinition, type SetElement } from "./ruleset.ts";
import type { SetSpec } from "./specs.ts";
import { isError, type Work } from "./work.ts";

export function addSet(
  work: Work,
  family: Family,
  tableName: string,
  spec: SetSpec,
  exclusive: boolean,
): RulesetError | undefined {
  const table = work.table(family, tableName);
  if (isError(table)) return table;
  const there = table.sets.get(spec.name), { elements, ...rest } = spec;
  if (there !== undefined) {
    if (exclusive || !sameShape(there, spec)) return work.refuse("exists", "set", spec.name);
    return elements && changeElements(work, family, tableName, spec.name, elements, false);
  }
  const dynamic = spec.dynamic ?? false;
  const live = dynamic || ((spec.timeouts ?? false) && !(spec.interval ?? false));
  work.draft.addSet(table, {
    anonymous: false,
    constant: false,
    interval: false,
    autoMerge: false,
    timeouts: false,
    counter: false,
    ...rest,
    dynamic,
    handle: ++table.lastHandle,
    live: live ? work.store.live.next() : 0,
    flushes: 0,
    removals: [],
    elements: new Map(),
  });
  return elements && change(work, table, spec.name, elements, false);
}

export function deleteSet(work: Work, family: Family, table: string, name: string): RulesetError | undefined {
  const found = work.set(family, table, name);
  if (isError(found)) return found;
  if (setInUse(found.table, name)) return work.refuse("busy", "set", name);
  work.dropSet(found.table, found.set);
  return undefined;
}

export function flushSet(work: Work, family: Family, table: string, name: string): RulesetError | undefined {
  const found = work.set(family, table, name);
  if (isError(found)) return found;
  work.freeElements(found.set);
  found.set.elements.clear();
  found.set.removals = [];
  found.set.flushes++;
  return undefined;
}

export function changeElements(
  work: Work,
  family: Family,
  table: string,
  name: string,
  elements: readonly SetElement[],
  exclusive: boolean,
): RulesetError | undefined {
  const found = work.set(family, table, name);
  if (isError(found)) return found;
  if (found.set.constant && setInUse(found.table, name)) return work.refuse("busy", "set", name);
  return change(work, found.table, name, elements, exclusive);
}

export function removeElements(
  work: Work,
  family: Family,
  table: string,
  name: string,
  elements: readonly SetElement[],
): RulesetError | undefined {
  const found = work.set(family, table, name);
  if (isError(found)) return found;
  if (found.set.constant && setInUse(found.table, name)) return work.refuse("busy", "set", name);
  return work.note(deleteElements(found.set, elements, contextOf(work, found.table)));
}

function change(
  work: Work,
  table: DraftTable,
  name: string,
  elements: readonly SetElement[],
  exclusive: boolean,
): RulesetError | undefined {
  return work.note(addElements(work.draft.set(table, name)!, elements, exclusive, contextOf(work, table)));
}

const contextOf = (work: Work, table: DraftTable): ElementContext => ({
  now: work.store.now(),
  allocate: (packets, bytes) => work.allocate(packets, bytes),
  free: (cell) => work.free(cell),
  object: (type, name) => table.objects.has(objectKey(type, name)),
  target: (chain) => work.targetError(table, chain),
  live: work.store.live,
});

function sameShape(set: SetDefinition, spec: SetSpec): boolean {
  const data = (d: SetDefinition["data"]) => d === undefined || d === "verdict" ? d : d.name;
  return set.key.name === spec.key.name && data(set.data) === data(spec.data) &&
    set.objects === spec.objects &&
    set.interval === (spec.interval ?? false);
}
