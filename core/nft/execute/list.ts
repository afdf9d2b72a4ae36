import { type Family, OBJECT_FLOWTABLE, type Table } from "../../ruleset/ruleset.ts";
import { OBJECT_TYPES } from "../check/stateful.ts";
import type { Command } from "../tree/command.ts";
import { refuse } from "../text/diagnostic.ts";
import type { Execution } from "./execution.ts";
import { requireChain, requireObject, requireSet, requireTable } from "./named.ts";
import { chainPieces, inTable, isMap, listObject, setPieces, tablePieces } from "../print/list.ts";
import type { ListOptions } from "../print/context.ts";

type ListCommand = Extract<Command, { kind: "list" }>;

/** `list ...`: writes what was asked for. */
export function executeList(execution: Execution, command: ListCommand): void {
  const { listing, output } = execution;
  const { what, table } = command;
  if (table !== undefined && (what === "table" || command.name !== undefined)) {
    return listOne(execution, command);
  }
  const tables = table === undefined ? tablesOf(execution, command.family) : [requireTable(execution, table)];
  for (const each of tables) {
    if (what === "ruleset") output.stream(tablePieces(each, listing));
    else if (what === "tables") output.push(`table ${each.family} ${each.name}\n`);
    else {
      const blocks = blocksOf(each, what, listing);
      const always = ["chains", "sets", "maps", "meters", "flowtables"].includes(what);
      // Of objects nft shows every table that has any, of whatever type.
      const some = [...each.objects.values()].some((object) => object.type !== OBJECT_FLOWTABLE);
      if (always || some || blocks.length > 0) output.stream(inTable(each, blocks, listing));
    }
  }
}

/** All chains, sets or objects of one kind. */
function blocksOf(table: Table, what: string, listing: ListOptions): Iterable<string>[] {
  if (what === "chains") {
    return [...table.chains.values()].map((chain) => chainPieces({ ...chain, rules: [] }, table, listing));
  }
  if (what === "sets" || what === "maps") {
    return [...table.sets.values()]
      .filter((set) => !set.anonymous && isMap(set) === (what === "maps"))
      .map((set) => setPieces(set, listing, table));
  }
  const type = OBJECT_TYPES.get(what.replace(/s$/, ""));
  return [...table.objects.values()].filter((object) => object.type === type).map((
    object,
  ) => [listObject(object, listing)]);
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
  if (command.what === "table" || name === undefined) return void output.stream(tablePieces(table, listing));
  switch (command.what) {
    case "chain": {
      const chain = table.chains.get(requireChain(table, name, true))!;
      return void output.stream(inTable(table, [chainPieces(chain, table, listing)], listing));
    }
    case "set":
    case "map":
    case "meter": {
      const set = requireSet(table, name);
      if (isMap(set) !== (command.what === "map")) {
        refuse(name.span, "No such file or directory");
      }
      return void output.stream(inTable(table, [setPieces(set, listing, table)], listing));
    }
    default: {
      const type = OBJECT_TYPES.get(command.what);
      const object = requireObject(table, type, name);
      return void output.stream(inTable(table, [[listObject(object, listing)]], listing));
    }
  }
}
