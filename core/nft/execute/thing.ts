import type { ChangedThing } from "../../ruleset/change.ts";
import {
  OBJECT_COUNTER,
  OBJECT_FLOWTABLE,
  OBJECT_LIMIT,
  OBJECT_QUOTA,
  type SetDefinition,
  type SetElement,
  type StatefulObject,
  type Table,
} from "../../ruleset/ruleset.ts";
import { elementKey } from "../../ruleset/ruleset.ts";
import { OBJECT_TYPES } from "../check/stateful.ts";
import type { JsonObject } from "../json/json.ts";
import { objectJson } from "../json/object.ts";
import { ruleJson } from "../json/rule.ts";
import { chainJson, setsOf, tableJson } from "../json/ruleset.ts";
import { elementsJson } from "../json/set.ts";
import type { ListOptions } from "../print/context.ts";
import { isMap, listChain, listObject, listSet } from "../print/list.ts";
import { printRule } from "../print/rule.ts";
import { elementTexts } from "../print/set.ts";

/** One thing of a table on one line, behind `add`: as `--echo` and `monitor` write it. */
export interface ThingText {
  readonly text: string;
  readonly json: JsonObject;
}

/** Lazily one or the other: a rule's text costs more than all the rest. */
export function thingText(thing: ChangedThing, table: Table, listing: ListOptions): string {
  const place = `${table.family} ${table.name}`;
  switch (thing.what) {
    case "table": {
      const flags = table.flags.length === 0 ? "" : ` { flags ${table.flags.join(",")}; }`;
      return `table ${place}${flags}${handleText(table.handle, listing)}`;
    }
    case "chain": {
      const { comment: _, ...chain } = thing.chain;
      const block = listChain({ ...chain, rules: [] }, table, { ...listing, handles: false });
      return oneLine(block, `chain ${place}`) + handleText(chain.handle, listing);
    }
    case "rule":
      return `rule ${place} ${thing.chain} ${printRule(thing.rule, table, listing)}`;
    case "set": {
      const bare: SetDefinition = { ...thing.set, elements: new Map() };
      return oneLine(listSet(bare, listing, table), `${isMap(bare) ? "map" : "set"} ${place}`);
    }
    case "element": {
      const { text } = elementOf(thing.set, thing.element, listing);
      return `element ${place} ${thing.set.name} { ${text()} }`;
    }
    case "object":
      return oneLine(
        listObject(thing.object, listing),
        `${objectWord(thing.object)} ${place}`,
        UNSEPARATED.includes(thing.object.type),
      );
  }
}

export function thingJson(thing: ChangedThing, table: Table, listing: ListOptions): JsonObject {
  const newest = listing.newest ?? true, at = { family: table.family, table: table.name };
  switch (thing.what) {
    case "table":
      return tableJson(table, newest);
    case "chain":
      return chainJson(thing.chain, table, newest);
    case "rule":
      return ruleJson(thing.rule, thing.chain, table, listing);
    case "set": {
      const bare: SetDefinition = { ...thing.set, anonymous: false, elements: new Map() };
      return setsOf({ ...table, sets: new Map([[bare.name, bare]]) }, listing, newest)[0]!;
    }
    case "element": {
      const value = elementOf(thing.set, thing.element, listing).json();
      return { element: { ...at, name: thing.set.name, elem: { set: [value ?? null] } } };
    }
    case "object":
      return objectJson(thing.object, at, listing);
  }
}

/** Word of an object's kind: `counter`, `ct helper`, `flowtable` ... */
export const objectWord = (object: StatefulObject): string =>
  object.type === OBJECT_FLOWTABLE
    ? "flowtable"
    : [...OBJECT_TYPES].find(([, type]) => type === object.type)?.[0] ?? "counter";

const handleText = (handle: number, { handles }: ListOptions): string => handles ? ` # handle ${handle}` : "";

function elementOf(set: SetDefinition, element: SetElement, listing: ListOptions) {
  const only: SetDefinition = { ...set, elements: new Map([[elementKey(element), element]]) };
  const { types, stateless, now } = listing;
  const printing = {
    types,
    stateless,
    ...(now === undefined
      ? {}
      : { left: (e: SetElement) => (e.deadline === undefined ? undefined : e.deadline - now()) }),
  };
  return { text: () => elementTexts(only, printing)[0] ?? "", json: () => elementsJson(only, printing)[0] };
}

/** What these say of themselves ends without a semicolon. */
const UNSEPARATED = [OBJECT_COUNTER, OBJECT_QUOTA, OBJECT_LIMIT];

/** A block on one line: `chain ip t c { type filter hook input priority filter; policy accept; }`. */
function oneLine(block: string, head: string, unseparated = false): string {
  const [first = "", ...rest] = block.trim().split("\n").map((line) => line.trim());
  const [, name = "", comment] = /(\S+) \{( # handle \d+)?$/.exec(first) ?? [];
  const lines = rest.slice(0, -1);
  const inner = lines.map((line) => (line.endsWith(";") || unseparated ? line : `${line};`)).join(" ");
  if (inner === "" && comment === undefined) return `${head} ${name}`;
  return `${head} ${name} {${comment ?? ""}${inner === "" ? "" : ` ${inner}`} }`;
}
