import type { RulesetError } from "./error.ts";
import { objectInUse } from "./references.ts";
import { type Family, objectKey } from "./ruleset.ts";
import type { ObjectSpec } from "./specs.ts";
import { initialState } from "./state.ts";
import { isError, type Work } from "./work.ts";

export function addObject(
  work: Work,
  family: Family,
  tableName: string,
  spec: ObjectSpec,
  exclusive: boolean,
): RulesetError | undefined {
  const table = work.table(family, tableName);
  if (isError(table)) return table;
  const key = objectKey(spec.type, spec.name);
  if (table.objects.has(key)) return exclusive ? work.refuse("exists", "object", spec.name) : undefined;
  const state = initialState(spec.expression) ?? [0, 0];
  const cell = work.allocate(state[0], state[1]);
  if (cell < 0) return work.refuse("memory", "object", spec.name);
  const object = { ...spec, handle: ++table.lastHandle, cell };
  table.objects.set(key, object);
  work.changes.note("new", table, { what: "object", object });
  return undefined;
}

export function deleteObject(
  work: Work,
  family: Family,
  tableName: string,
  type: number,
  name: string,
): RulesetError | undefined {
  const table = work.table(family, tableName), key = objectKey(type, name);
  if (isError(table)) return table;
  const object = table.objects.get(key);
  if (object === undefined) return work.refuse("missing", "object", name);
  if (objectInUse(table, type, name)) return work.refuse("busy", "object", name);
  work.changes.note("destroy", table, { what: "object", object });
  work.free(object.cell);
  table.objects.delete(key);
  return undefined;
}
