import type { ChangedThing } from "../../ruleset/change.ts";
import type { Table } from "../../ruleset/ruleset.ts";
import { objectKey } from "../../ruleset/ruleset.ts";
import { OBJECT_TYPES } from "../check/stateful.ts";
import type { Command } from "../tree/command.ts";
import type { Echo, Execution } from "./execution.ts";
import { thingJson, thingText } from "./thing.ts";

/** Elements and rules that were there before a command, to tell what is new. */
export interface Before {
  readonly handle: number;
  readonly elements: ReadonlySet<string>;
}

const tableOf = (execution: Execution, command: Command): Table | undefined =>
  "table" in command && command.table !== undefined
    ? execution.transaction.table(command.table.family, command.table.name)
    : undefined;

export function beforeEcho(execution: Execution, command: Command): Before {
  const table = tableOf(execution, command);
  const set = command.kind === "element" ? table?.sets.get(command.set.text) : undefined;
  return { handle: table?.lastHandle ?? 0, elements: new Set(set?.elements.keys()) };
}

export function echoOf(execution: Execution, command: Command, before: Before): Echo[] {
  const { listing } = execution, table = tableOf(execution, command);
  if (table === undefined || !("verb" in command)) return [];
  if (!["add", "create", "insert", "replace"].includes(command.verb)) return [];
  // A replaced rule is told as the new one it is.
  const verb = command.verb === "replace" ? "add" : command.verb;
  return thingsOf(table, command, before).map((thing) => ({
    verb,
    text: thingText(thing, table, listing),
    json: thingJson(thing, table, listing),
  }));
}

function thingsOf(table: Table, command: Command, before: Before): ChangedThing[] {
  switch (command.kind) {
    case "table":
      return [{ what: "table" }];
    case "chain": {
      const chain = table.chains.get(command.chain.text);
      return chain === undefined ? [] : [{ what: "chain", chain }];
    }
    case "rule": {
      const chain = command.chain.text;
      const rule = table.chains.get(chain)?.rules.find((each) => each.handle > before.handle);
      return rule === undefined ? [] : [{ what: "rule", chain, rule }];
    }
    case "set": {
      const set = table.sets.get(command.set.text);
      return set === undefined ? [] : [{ what: "set", set }];
    }
    case "element": {
      const set = table.sets.get(command.set.text);
      if (set === undefined) return [];
      return [...set.elements].filter(([key]) => !before.elements.has(key))
        .map(([, element]) => ({ what: "element", set, element }));
    }
    case "object": {
      const object = table.objects.get(objectKey(OBJECT_TYPES.get(command.type) ?? -1, command.object.text));
      return object === undefined ? [] : [{ what: "object", object }];
    }
    default:
      return [];
  }
}
