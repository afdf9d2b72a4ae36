import type { SetDefinition, Table } from "../../ruleset/ruleset.ts";
import type { Command } from "../tree/command.ts";
import type { Echo, Execution } from "./execution.ts";
import { chainJson, setsOf, tableJson } from "../json/ruleset.ts";
import { elementsJson } from "../json/set.ts";
import { ruleJson } from "../json/rule.ts";
import { listChain, listObject, listSet } from "../print/list.ts";
import { objectJson } from "../json/object.ts";
import { OBJECT_TYPES } from "../check/stateful.ts";
import { objectKey } from "../../ruleset/ruleset.ts";
import { printRule } from "../print/rule.ts";
import { elementTexts } from "../print/set.ts";

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
  const { listing, newest } = execution, table = tableOf(execution, command);
  if (table === undefined || !("verb" in command)) return [];
  if (!["add", "create", "insert", "replace"].includes(command.verb)) return [];
  const place = `${table.family} ${table.name}`;
  switch (command.kind) {
    case "table":
      return [{ text: `table ${place}`, json: tableJson(table, newest) }];
    case "chain": {
      const chain = table.chains.get(command.chain.text);
      if (chain === undefined) return [];
      const text = oneLine(listChain({ ...chain, rules: [] }, table, listing), `chain ${place}`);
      return [{ text, json: chainJson(chain, table, newest) }];
    }
    case "rule": {
      const rule = table.chains.get(command.chain.text)?.rules.find((each) => each.handle > before.handle);
      if (rule === undefined) return [];
      const name = command.chain.text;
      const text = `rule ${place} ${name} ${printRule(rule, table, listing)}`;
      return [{ text, json: ruleJson(rule, name, table, listing) }];
    }
    case "set": {
      const set = table.sets.get(command.set.text);
      if (set === undefined) return [];
      const bare: SetDefinition = { ...set, elements: new Map() };
      const text = oneLine(listSet(bare, listing, table), `${command.map ? "map" : "set"} ${place}`);
      const alone = { ...table, sets: new Map([[set.name, bare]]) };
      return setsOf(alone, listing, newest).map((json) => ({ text, json }));
    }
    case "element":
      return elements(execution, table, command.set.text, before);
    case "object": {
      const object = table.objects.get(objectKey(OBJECT_TYPES.get(command.type) ?? -1, command.object.text));
      if (object === undefined) return [];
      const text = oneLine(listObject(object, listing), `${command.type} ${place}`);
      return [{ text, json: objectJson(object, { family: table.family, table: table.name }, listing) }];
    }
    default:
      return [];
  }
}

function elements(execution: Execution, table: Table, name: string, before: Before): Echo[] {
  const set = table.sets.get(name);
  if (set === undefined) return [];
  const { types, stateless } = execution.listing;
  return [...set.elements].filter(([key]) => !before.elements.has(key)).map(([key, element]) => {
    const only: SetDefinition = { ...set, elements: new Map([[key, element]]) };
    const place = { family: table.family, table: table.name, name };
    const [value] = elementsJson(only, { types, stateless });
    return {
      text: `element ${table.family} ${table.name} ${name} { ${
        elementTexts(only, { types, stateless })[0]
      } }`,
      json: { element: { ...place, elem: { set: [value ?? null] } } },
    };
  });
}

/** A block on one line: `chain ip t c { type filter hook input priority filter; policy accept; }`. */
function oneLine(block: string, head: string): string {
  const [first = "", ...rest] = block.trim().split("\n").map((line) => line.trim());
  const name = first.split(" ").slice(-2)[0] ?? "";
  const inner = rest.slice(0, -1).map((line) => (line.endsWith(";") ? line : `${line};`)).join(" ");
  return `${head} ${name}${inner === "" ? "" : ` { ${inner} }`}`;
}
