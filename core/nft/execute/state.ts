import type { Chain, Rule, SetDefinition, SetElement, Table } from "../../ruleset/ruleset.ts";
import { elementKey, objectKey } from "../../ruleset/ruleset.ts";
import { compareBytes } from "../../ruleset/intervals.ts";
import { meeting } from "../../ruleset/meeting.ts";
import { OBJECT_TYPES } from "../check/stateful.ts";
import type { Command } from "../tree/command.ts";
import { refuse } from "../text/diagnostic.ts";
import type { Execution } from "./execution.ts";
import { requireChain, requireTable } from "./named.ts";
import { executeList } from "./list.ts";
import { executeListJson } from "../json/list.ts";
import { chainRules, documentText, setsOf } from "../json/ruleset.ts";
import { chainPieces, inTable, setPieces } from "../print/list.ts";
import { paddedBits } from "../tree/typed.ts";

/**
 * Commands about state: what elements there are, and counts told and set to nothing. Counts go to nothing when the
 * whole text has been carried out, so that one that fails changes none.
 */
type ResetAll = Extract<Command, { kind: "reset all" }>;

const list = (execution: Execution, command: Extract<Command, { kind: "list" }>): void =>
  execution.json ? executeListJson(execution, command) : executeList(execution, command);

/** `reset counters`, `reset quotas`, `reset rules`: lists them, then counts from nothing. */
export function executeResetAll(execution: Execution, command: ResetAll): void {
  const { what, span, family } = command;
  const tables = command.table === undefined
    ? [...execution.transaction.tables.values()].filter((t) => family === undefined || t.family === family)
    : [requireTable(execution, command.table)];
  if (what === "rules") return resetRules(execution, command, tables);
  list(execution, {
    kind: "list",
    what,
    span,
    ...(command.table === undefined ? {} : { table: command.table }),
    ...(family === undefined ? {} : { family }),
  });
  const type = OBJECT_TYPES.get(what.slice(0, -1));
  for (const table of tables) {
    for (const object of table.objects.values()) {
      if (object.type === type) execution.cleared.push(object.cell);
    }
  }
}

/** `reset counter TABLE NAME`. */
export function executeResetObject(
  execution: Execution,
  command: Extract<Command, { kind: "object" }>,
): void {
  const { type, object, span } = command;
  const table = requireTable(execution, command.table);
  const number = OBJECT_TYPES.get(type);
  const found = number === undefined ? undefined : table.objects.get(objectKey(number, object.text));
  if (found === undefined) return refuse(span, "Could not process rule: No such file or directory");
  list(execution, { kind: "list", what: type, table: command.table, name: object, span });
  execution.cleared.push(found.cell);
}

function resetRules(execution: Execution, command: ResetAll, tables: readonly Table[]): void {
  const { listing, output } = execution;
  const only = command.chain === undefined ? undefined : requireChain(tables[0]!, command.chain, true);
  const documents = [];
  for (const table of tables) {
    const chains = [...table.chains.values()].filter((chain) => only === undefined || chain.name === only);
    if (execution.json) documents.push(...chains.flatMap((chain) => chainRules(chain, table, listing)));
    else output.stream(inTable(table, chains.map((chain) => chainPieces(chain, table, listing)), listing));
    for (const chain of chains) for (const rule of chain.rules) clear(execution, rule);
  }
  if (execution.json) output.push(documentText(documents));
}

/** `reset rule TABLE CHAIN handle N`. */
export function executeResetRule(execution: Execution, command: Extract<Command, { kind: "rule" }>): void {
  const { listing, output } = execution;
  const table = requireTable(execution, command.table);
  const chain = table.chains.get(requireChain(table, command.chain))!;
  const rule = chain.rules.find((each) => each.handle === command.position?.value);
  if (rule === undefined) {
    return refuse(
      command.position?.span ?? command.span,
      "Could not process rule: No such file or directory",
    );
  }
  const alone: Chain = { ...chain, rules: [rule] };
  if (execution.json) output.push(documentText(chainRules(alone, table, listing)));
  else output.stream(inTable(table, [chainPieces(alone, table, listing)], listing));
  clear(execution, rule);
}

/** Counters and quotas of a rule; a limit's bucket is no count. */
function clear(execution: Execution, rule: Rule): void {
  rule.expressions.forEach((expression, index) => {
    const cell = rule.cells[index] ?? -1;
    if (cell >= 0 && (expression.kind === "counter" || expression.kind === "quota")) {
      execution.cleared.push(cell);
    }
  });
}

/** `get element`: the elements, or the intervals that hold them. */
export function getElements(
  execution: Execution,
  table: Table,
  set: SetDefinition,
  wanted: readonly SetElement[],
  span: Command["span"],
): void {
  const { listing, output } = execution;
  const found = new Map<string, SetElement>(), now = listing.listed?.(set) ?? set;
  for (const element of wanted) {
    const match = holding(now, element);
    if (match === undefined) {
      return refuse(span, "Could not process rule: No such file or directory", [], [
        "the set has no such element",
      ]);
    }
    found.set(elementKey(match), match);
  }
  // What was found is as it is now already.
  const part: SetDefinition = { ...set, elements: found }, asFound = { ...listing, listed: () => part };
  if (execution.json) {
    const alone = { ...table, sets: new Map([[set.name, part]]) };
    return void output.push(documentText(setsOf(alone, asFound, execution.newest)));
  }
  output.stream(inTable(table, [setPieces(part, { ...asFound, terse: false }, table)], listing));
}

function holding(set: SetDefinition, wanted: SetElement): SetElement | undefined {
  const exact = set.elements.get(elementKey(wanted));
  if (exact !== undefined || !set.interval || wanted.catchall) return exact;
  const near = set.key.bits.length === 1
    ? meeting(set.elements, wanted.key, wanted.end ?? wanted.key)
    : set.elements.values();
  for (const element of near) {
    if (!element.catchall && covers(set, element, wanted)) return element;
  }
  return undefined;
}

/** Component by component: the interval's ends around the wanted ones. */
function covers(set: SetDefinition, element: SetElement, wanted: SetElement): boolean {
  let at = 0;
  return set.key.bits.every((bits) => {
    const end = at + ((bits + 7) >> 3);
    const part = (bytes: Uint8Array) => bytes.subarray(at, end);
    const inside = compareBytes(part(element.key), part(wanted.key)) <= 0 &&
      compareBytes(part(wanted.end ?? wanted.key), part(element.end ?? element.key)) <= 0;
    at += paddedBits(bits) / 8;
    return inside;
  });
}
