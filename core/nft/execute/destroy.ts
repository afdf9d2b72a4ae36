import { objectKey, type Table } from "../../ruleset/ruleset.ts";
import { OBJECT_TYPES } from "../check/stateful.ts";
import type { Command, Name } from "../tree/command.ts";
import type { Execution } from "./execution.ts";
import { handleOf } from "./named.ts";

type Destroyed = Extract<Command, { readonly verb: unknown; readonly table: unknown }>;

/** Whether there is anything `destroy` would take away; what is not there is no error. */
export function thereToDestroy(execution: Execution, command: Destroyed): boolean {
  const { family, name, handle } = command.table;
  const table = handle === undefined
    ? execution.transaction.table(family, name)
    : [...execution.transaction.tables.values()].find((each) =>
      each.family === family && each.handle === handle
    );
  if (table === undefined) return false;
  switch (command.kind) {
    case "chain":
      return named(command.chain, table.chains);
    case "rule":
      return ruleThere(table, command);
    case "set":
      return named(command.set, table.sets);
    case "object": {
      const type = OBJECT_TYPES.get(command.type);
      return type !== undefined && table.objects.has(objectKey(type, command.object.text));
    }
    default:
      return true;
  }
}

function named(name: Name, all: ReadonlyMap<string, { readonly handle: number }>): boolean {
  const handle = handleOf(name);
  return handle === undefined ? all.has(name.text) : [...all.values()].some((each) => each.handle === handle);
}

const ruleThere = (table: Table, command: Extract<Command, { kind: "rule" }>): boolean =>
  table.chains.get(command.chain.text)?.rules.some((rule) => rule.handle === command.position?.value) ??
    false;
