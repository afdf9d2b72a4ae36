import type { Family, SetDefinition, Table } from "../../ruleset/ruleset.ts";
import { OBJECT_TYPES } from "../check/stateful.ts";
import type { Command } from "../tree/command.ts";
import type { Execution } from "../execute/execution.ts";
import { requireChain, requireObject, requireSet, requireTable } from "../execute/named.ts";
import { sizeOf } from "../print/list.ts";
import type { ListOptions } from "../print/context.ts";
import type { JsonObject } from "./json.ts";
import { objectJson } from "./object.ts";
import {
  chainJson,
  chainRules,
  documentPieces,
  type Listed,
  objectsOf,
  setTexts,
  tableJson,
  wholeTable,
} from "./ruleset.ts";
import { setJson, setJsonPieces } from "./set.ts";

type ListCommand = Extract<Command, { kind: "list" }>;

/** `list ...` as one JSON document. */
export function executeListJson(execution: Execution, command: ListCommand): void {
  const { what, table } = command;
  const { output } = execution;
  if (table !== undefined && (what === "table" || command.name !== undefined)) {
    return output.stream(documentPieces(listOne(execution, command, requireTable(execution, table))));
  }
  const tables = table === undefined ? tablesOf(execution, command.family) : [requireTable(execution, table)];
  output.stream(documentPieces(eachOf(execution, tables, what)));
}

function* eachOf(execution: Execution, tables: readonly Table[], what: string): Generator<Listed> {
  for (const table of tables) yield* listAll(execution, table, what);
}

const tablesOf = (execution: Execution, family: Family | undefined): Table[] =>
  [...execution.transaction.tables.values()].filter((table) =>
    family === undefined || table.family === family
  );

function listAll(execution: Execution, table: Table, what: string): Iterable<Listed> {
  const { listing, newest } = execution;
  switch (what) {
    case "ruleset":
      return wholeTable(table, listing, newest);
    case "tables":
      return [tableJson(table, newest)];
    case "chains":
      return [...table.chains.values()].map((chain) => chainJson(chain, table, newest));
    case "meters":
      return [...table.sets.values()].filter(isMeter).map((set) => meterJson(set, table, listing, newest));
    case "sets":
    case "maps":
      return setTexts(table, listing, newest, what === "maps");
    default: {
      const type = OBJECT_TYPES.get(what.replace(/s$/, ""));
      return type === undefined ? [] : objectsOf(table, listing, (own) => own === type);
    }
  }
}

function listOne(execution: Execution, command: ListCommand, table: Table): Iterable<Listed> {
  const { listing, newest } = execution;
  const { name, what } = command;
  if (what === "table" || name === undefined) return wholeTable(table, listing, newest);
  switch (what) {
    case "chain": {
      const chain = table.chains.get(requireChain(table, name, true))!;
      return [chainJson(chain, table, newest), ...chainRules(chain, table, listing)];
    }
    case "set":
    case "map":
    case "meter": {
      const set = requireSet(table, name);
      if (isMeter(set)) return [meterJson(set, table, listing, newest)];
      const place = { family: table.family, table: table.name };
      return [setJsonPieces(set, place, sizeOf(set, table), listing, newest)];
    }
    default: {
      const object = requireObject(table, OBJECT_TYPES.get(what), name);
      return [objectJson(object, { family: table.family, table: table.name }, listing)];
    }
  }
}

const isMeter = (set: SetDefinition): boolean => set.anonymous && set.dynamic;

/** A meter's set under the name nft gives it. */
function meterJson(set: SetDefinition, table: Table, listing: ListOptions, newest: boolean): JsonObject {
  const place = { family: table.family, table: table.name };
  const [body] = Object.values(setJson(set, place, set.size, listing, newest));
  return { meter: body! };
}
