import {
  type Family,
  OBJECT_FLOWTABLE,
  type SetDefinition,
  type StatefulObject,
  type Table,
} from "../../ruleset/ruleset.ts";
import { refuse } from "../text/diagnostic.ts";
import type { Name, TableRef } from "../tree/command.ts";
import { nearest } from "../types.ts";
import type { Execution } from "./execution.ts";

/** What a command names; refused, with the nearest name, where there is none. */

/** The table a command names; refused, with the nearest name, where there is none. */
export function requireTable(execution: Execution, ref: TableRef): Table {
  const { tables } = execution.transaction;
  const found = ref.handle === undefined
    ? execution.transaction.table(ref.family, ref.name)
    : [...tables.values()].find((table) => table.family === ref.family && table.handle === ref.handle);
  if (found !== undefined) return found;
  const names = [...tables.values()].map((table) => ({ family: table.family, name: table.name }));
  const same = names.find((table) => table.name === ref.name);
  const near = same ??
    names.find((table) => table.name === nearest(ref.name, names.map((other) => other.name)));
  return refuse(ref.span, missing("table", near));
}

function missing(what: string, near: { family: Family; name: string } | undefined): string {
  const text = "No such file or directory";
  return near === undefined ? text : `${text}; did you mean ${what} ‘${near.name}’ in family ${near.family}?`;
}

/** Name of a chain that is there. */
export function requireChain(table: Table, name: Name, listing = false): string {
  const handle = handleOf(name);
  if (handle !== undefined) {
    const found = [...table.chains.values()].find((chain) => chain.handle === handle);
    if (found !== undefined) return found.name;
    return refuse(name.span, "Could not process rule: No such file or directory");
  }
  if (table.chains.has(name.text)) return name.text;
  const near = nearest(name.text, [...table.chains.keys()]);
  return refuse(
    name.span,
    near === undefined
      ? listing ? "No such file or directory" : "Could not process rule: No such file or directory"
      : `No such file or directory; did you mean chain ‘${near}’ in table ${table.family} ‘${table.name}’?`,
  );
}

/** A set or map that is there. */
export function requireSet(table: Table, name: Name): SetDefinition {
  const handle = handleOf(name);
  const found = handle === undefined
    ? table.sets.get(name.text)
    : [...table.sets.values()].find((set) => set.handle === handle);
  if (found !== undefined) return found;
  const near = nearest(
    name.text,
    [...table.sets.values()].filter((set) => !set.anonymous).map((set) => set.name),
  );
  return refuse(
    name.span,
    near === undefined
      ? "No such file or directory"
      : `No such file or directory; did you mean set ‘${near}’ in table ${table.family} ‘${table.name}’?`,
  );
}

/** An object that is there. */
export function requireObject(table: Table, type: number | undefined, name: Name): StatefulObject {
  const objects = [...table.objects.values()].filter((object) => object.type !== OBJECT_FLOWTABLE);
  const found = [...table.objects.values()].find((each) => each.type === type && each.name === name.text);
  if (found !== undefined) return found;
  const near = nearest(name.text, objects.map((each) => each.name));
  return refuse(
    name.span,
    near === undefined
      ? "No such file or directory"
      : `No such file or directory; did you mean obj ‘${near}’ in table ${table.family} ‘${table.name}’?`,
  );
}

/** Name of something known by handle: `delete chain t handle 5`. */
export function handleOf(name: Name): number | undefined {
  return name.text.startsWith("\0") ? Number(name.text.slice(1)) : undefined;
}
