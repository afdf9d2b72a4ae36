import { type Chain, OBJECT_FLOWTABLE, type SetDefinition, type Table } from "../../ruleset/ruleset.ts";
import { isMap, sizeOf } from "../print/list.ts";
import type { ListOptions } from "../print/context.ts";
import { type JsonObject, jsonText } from "./json.ts";
import { objectJson } from "./object.ts";
import { ruleJson } from "./rule.ts";
import { type PlaceJson, setJson, setJsonPieces } from "./set.ts";

/** What a listing says of itself: the version of the schema's writer, as programs ask for it. */
const METAINFO: JsonObject = {
  metainfo: { version: "1.0.6", release_name: "Lester Gooch #5", json_schema_version: 1 },
};

/** A document of one listing. */
export const documentText = (objects: readonly JsonObject[]): string => [...documentPieces(objects)].join("");

/** An object of a listing: as a value, or as text in pieces. */
export type Listed = JsonObject | Iterable<string>;

/** The same in pieces, as they are asked for. */
export function* documentPieces(objects: Iterable<Listed>): Generator<string> {
  yield `{"nftables": [${jsonText(METAINFO)}`;
  for (const object of objects) {
    if (!isPieces(object)) yield `, ${jsonText(object)}`;
    else {
      yield ", ";
      yield* object;
    }
  }
  yield "]}\n";
}

const isPieces = (object: Listed): object is Iterable<string> => Symbol.iterator in object;

export const tableJson = (table: Table, newest: boolean): JsonObject => ({
  table: {
    family: table.family,
    name: table.name,
    handle: table.handle,
    ...(table.flags.length === 0 ? {} : { flags: table.flags.length === 1 ? table.flags[0]! : table.flags }),
    ...(newest && table.comment !== undefined ? { comment: table.comment } : {}),
  },
});

export function chainJson(chain: Chain, table: Table, newest: boolean): JsonObject {
  const { base } = chain;
  return {
    chain: {
      family: table.family,
      table: table.name,
      name: chain.name,
      handle: chain.handle,
      ...(newest && chain.comment !== undefined ? { comment: chain.comment } : {}),
      ...(base === undefined ? {} : {
        type: base.type,
        hook: base.hook,
        prio: base.priority,
        ...(newest && base.devices !== undefined
          ? { dev: base.devices.length === 1 ? base.devices[0]! : base.devices }
          : {}),
        policy: base.policy,
      }),
    },
  };
}

export function* chainRules(chain: Chain, table: Table, options: ListOptions): Generator<JsonObject> {
  for (const rule of chain.rules) yield ruleJson(rule, chain.name, table, options);
}

/** A table with all it holds: what others refer to before them. */
export function* wholeTable(table: Table, options: ListOptions, newest: boolean): Generator<Listed> {
  const chains = [...table.chains.values()];
  const declared = chains.map((chain) => chainJson(chain, table, newest));
  yield tableJson(table, newest);
  // Maps may lead to chains; nft 1.0.6 lists those behind them all the same.
  if (newest) yield* declared;
  yield* objectsOf(table, options, (type) => type !== OBJECT_FLOWTABLE);
  yield* setTexts(table, options, newest);
  yield* objectsOf(table, options, (type) => type === OBJECT_FLOWTABLE);
  if (!newest) yield* declared;
  for (const chain of chains) yield* chainRules(chain, table, options);
}

export const objectsOf = (
  table: Table,
  options: ListOptions,
  wanted: (type: number) => boolean,
): JsonObject[] =>
  [...table.objects.values()]
    .filter((object) => wanted(object.type))
    .map((object) => objectJson(object, { family: table.family, table: table.name }, options));

/** All named sets and maps, or only one kind of them. */
export const setsOf = (table: Table, options: ListOptions, newest: boolean, maps?: boolean): JsonObject[] =>
  namedSets(table, maps).map((set) => setJson(set, placeOf(table), sizeOf(set, table), options, newest));

/** The same, each as text in pieces. */
export const setTexts = (
  table: Table,
  options: ListOptions,
  newest: boolean,
  maps?: boolean,
): Iterable<string>[] =>
  namedSets(table, maps).map((set) =>
    setJsonPieces(set, placeOf(table), sizeOf(set, table), options, newest)
  );

const namedSets = (table: Table, maps: boolean | undefined): SetDefinition[] =>
  [...table.sets.values()].filter((set) => !set.anonymous && (maps === undefined || isMap(set) === maps));

const placeOf = (table: Table): PlaceJson => ({ family: table.family, table: table.name });
