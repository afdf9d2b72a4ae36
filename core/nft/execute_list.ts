import type { Family, Table } from "../ruleset/ruleset.ts";
import { OBJECT_TYPES } from "./check_object.ts";
import type { Command } from "./command.ts";
import { refuse } from "./diagnostic.ts";
import { type Execution, requireTable } from "./execute.ts";
import { requireChain } from "./execute_chain.ts";
import { requireSet } from "./execute_set.ts";
import { inTable, listChain, listObject, listSet, listTable } from "./list.ts";

type ListCommand = Extract<Command, { kind: "list" }>;

/** `list ...`: writes what was asked for. */
export function executeList(execution: Execution, command: ListCommand): void {
  const { listing, output } = execution;
  const say = (text: string) => void output.push(text);
  if (command.table !== undefined) return listOne(execution, command);
  const tables = tablesOf(execution, command.family);
  switch (command.what) {
    case "ruleset":
      return tables.forEach((table) => say(listTable(table, listing)));
    case "tables":
      return tables.forEach((table) => say(`table ${table.family} ${table.name}\n`));
    case "chains":
      return tables.forEach((table) =>
        say(
          inTable(
            table,
            [...table.chains.values()].map((chain) => listChain({ ...chain, rules: [] }, table, listing)),
            listing,
          ),
        )
      );
    case "sets":
    case "maps": {
      const map = command.what === "maps";
      return tables.forEach((table) => {
        const sets = [...table.sets.values()].filter((set) =>
          !set.anonymous && (set.data !== undefined) === map
        );
        say(inTable(table, sets.map((set) => listSet(set, listing, table)), listing));
      });
    }
    default: {
      const type = OBJECT_TYPES.get(command.what.replace(/s$/, ""));
      return tables.forEach((table) => {
        const objects = [...table.objects.values()].filter((object) => object.type === type);
        say(inTable(table, objects.map((object) => listObject(object, listing)), listing));
      });
    }
  }
}

function tablesOf(execution: Execution, family: Family | undefined): Table[] {
  return [...execution.transaction.tables.values()].filter((table) =>
    family === undefined || table.family === family
  );
}

function listOne(execution: Execution, command: ListCommand): void {
  const { listing, output } = execution;
  const table = requireTable(execution, command.table!);
  const { name } = command;
  if (command.what === "table" || name === undefined) return void output.push(listTable(table, listing));
  switch (command.what) {
    case "chain": {
      const chain = table.chains.get(requireChain(table, name, true))!;
      return void output.push(inTable(table, [listChain(chain, table, listing)], listing));
    }
    case "set":
    case "map":
    case "meter": {
      const set = requireSet(table, name);
      if ((set.data === undefined) === (command.what === "map")) {
        refuse(name.span, "No such file or directory");
      }
      return void output.push(inTable(table, [listSet(set, listing, table)], listing));
    }
    default: {
      const type = OBJECT_TYPES.get(command.what);
      const object = [...table.objects.values()].find((found) =>
        found.type === type && found.name === name.text
      );
      if (object === undefined) return refuse(name.span, "No such file or directory");
      return void output.push(inTable(table, [listObject(object, listing)], listing));
    }
  }
}
