import type { DraftSet, DraftTable } from "./draft.ts";
import { addElements, deleteElements, type ElementContext } from "./elements.ts";
import type { RulesetError } from "./error.ts";
import { setInUse } from "./references.ts";
import { elementKey, type Family, objectKey, type SetDefinition, type SetElement } from "./ruleset.ts";
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
  // A rule's own set is shown with the rule.
  if (spec.anonymous !== true) {
    work.changes.note("new", table, { what: "set", set: table.sets.get(spec.name)! });
  }
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
  noteElements(work, found.table, found.set, "destroy", found.set.elements.values());
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
  return noted(
    work,
    found.table,
    found.set,
    () => deleteElements(found.set, elements, contextOf(work, found.table)),
  );
}

/** For elements that begin to count anew. */
export function rewriteElements(
  work: Work,
  family: Family,
  table: string,
  name: string,
  elements: readonly SetElement[],
): RulesetError | undefined {
  const found = work.set(family, table, name);
  if (isError(found)) return found;
  for (const element of elements) found.set.elements.set(elementKey(element), element);
  return undefined;
}

function change(
  work: Work,
  table: DraftTable,
  name: string,
  elements: readonly SetElement[],
  exclusive: boolean,
): RulesetError | undefined {
  const set = work.draft.set(table, name)!;
  return noted(work, table, set, () => addElements(set, elements, exclusive, contextOf(work, table)));
}

/** A change of elements, with what it put in and took out told to those who listen. */
function noted(
  work: Work,
  table: DraftTable,
  set: DraftSet,
  change: () => RulesetError | undefined,
): RulesetError | undefined {
  if (!work.changes.wanted) return work.note(change());
  const before = new Map(set.elements), removals = set.removals.length;
  const error = work.note(change());
  const gone = [...before].filter(([key]) => !set.elements.has(key)).map(([, element]) => element);
  const live = set.removals.slice(removals).map(({ key }) => ({ key }));
  noteElements(work, table, set, "destroy", [...gone, ...live]);
  noteElements(
    work,
    table,
    set,
    "new",
    [...set.elements].filter(([key]) => !before.has(key)).map(([, e]) => e),
  );
  return error;
}

function noteElements(
  work: Work,
  table: DraftTable,
  set: SetDefinition,
  event: "new" | "destroy",
  elements: Iterable<SetElement>,
): void {
  // Elements of anonymous sets are shown with their rule.
  if (!work.changes.wanted || set.anonymous) return;
  for (const element of elements) work.changes.note(event, table, { what: "element", set, element });
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
