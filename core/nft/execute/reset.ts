import {
  type Chain,
  objectKey,
  type Rule,
  type SetDefinition,
  type SetElement,
  type Table,
} from "../../ruleset/ruleset.ts";
import { begunAnew } from "../../ruleset/reset.ts";
import { OBJECT_TYPES } from "../check/stateful.ts";
import type { Command } from "../tree/command.ts";
import { refuse } from "../text/diagnostic.ts";
import type { Execution } from "./execution.ts";
import { requireChain, requireSet, requireTable } from "./named.ts";
import { executeList } from "./list.ts";
import { executeListJson } from "../json/list.ts";
import { chainRules, documentText } from "../json/ruleset.ts";
import { chainPieces, inTable } from "../print/list.ts";

/**
 * `reset ...`: lists, then counts from nothing. A count is read once; what was told of it is taken off when the whole
 * text has been carried out, so that no packet between is lost and a text that fails resets nothing.
 */
type ResetAll = Extract<Command, { kind: "reset all" }>;

const list = (execution: Execution, command: Extract<Command, { kind: "list" }>): void =>
  execution.json ? executeListJson(execution, command) : executeList(execution, command);

/** The same execution, in which a cell is read once; and that reading. */
function readingOnce(
  execution: Execution,
): { once: Execution; read: (cell: number) => readonly [number, number] } {
  const { listing } = execution, seen = new Map<number, readonly [number, number]>();
  const read = (cell: number) => {
    let counts = seen.get(cell);
    if (counts === undefined) seen.set(cell, counts = listing.counts?.(cell) ?? [0, 0]);
    return counts;
  };
  return { once: { ...execution, listing: { ...listing, counts: read } }, read };
}

/** `reset counters`, `reset quotas`, `reset rules`. */
export function executeResetAll(execution: Execution, command: ResetAll): void {
  const { what, span, family } = command;
  const tables = command.table === undefined
    ? [...execution.transaction.tables.values()].filter((t) => family === undefined || t.family === family)
    : [requireTable(execution, command.table)];
  if (what === "rules") return resetRules(execution, command, tables);
  const { once, read } = readingOnce(execution);
  list(once, {
    kind: "list",
    what,
    span,
    ...(command.table === undefined ? {} : { table: command.table }),
    ...(family === undefined ? {} : { family }),
  });
  const type = OBJECT_TYPES.get(what.slice(0, -1));
  for (const table of tables) {
    for (const { type: own, cell, expression } of table.objects.values()) {
      if (own === type) clear(execution, expression.kind, cell, read);
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
  const { once, read } = readingOnce(execution);
  list(once, { kind: "list", what: type, table: command.table, name: object, span });
  clear(execution, found.expression.kind, found.cell, read);
}

function resetRules(execution: Execution, command: ResetAll, tables: readonly Table[]): void {
  const only = command.chain === undefined ? undefined : requireChain(tables[0]!, command.chain, true);
  tellRules(
    execution,
    tables.map((table) => ({
      table,
      chains: [...table.chains.values()].filter((chain) => only === undefined || chain.name === only),
    })),
  );
}

/** `reset rule TABLE CHAIN handle N`. */
export function executeResetRule(execution: Execution, command: Extract<Command, { kind: "rule" }>): void {
  const table = requireTable(execution, command.table);
  const chain = table.chains.get(requireChain(table, command.chain))!;
  const rule = chain.rules.find((each) => each.handle === command.position?.value);
  if (rule === undefined) {
    return refuse(
      command.position?.span ?? command.span,
      "Could not process rule: No such file or directory",
    );
  }
  tellRules(execution, [{ table, chains: [{ ...chain, rules: [rule] }] }]);
}

function tellRules(execution: Execution, all: readonly { table: Table; chains: readonly Chain[] }[]): void {
  const { output } = execution, { once: { listing }, read } = readingOnce(execution);
  const documents = [];
  for (const { table, chains } of all) {
    if (execution.json) documents.push(...chains.flatMap((chain) => [...chainRules(chain, table, listing)]));
    else output.stream(inTable(table, chains.map((chain) => chainPieces(chain, table, listing)), listing));
    for (const chain of chains) for (const rule of chain.rules) clearRule(execution, rule, read);
  }
  if (execution.json) output.push(documentText(documents));
}

function clearRule(
  execution: Execution,
  rule: Rule,
  read: (cell: number) => readonly [number, number],
): void {
  rule.expressions.forEach(({ kind }, index) => clear(execution, kind, rule.cells[index] ?? -1, read));
}

/** Counters and quotas; a limit's bucket is no count. */
function clear(
  execution: Execution,
  kind: string,
  cell: number,
  read: (cell: number) => readonly [number, number],
): void {
  if (cell < 0) return;
  const [first, second] = read(cell);
  if (kind === "counter") {
    execution.cleared.push({ cell, told: { kind, packets: first, bytes: second } });
  } else if (kind === "quota") {
    execution.cleared.push({ cell, told: { kind, bytes: 0, used: first, inverted: false } });
  }
}

/** `reset set|map TABLE NAME`: as listed, and what its elements count. */
export function executeResetSet(execution: Execution, command: Extract<Command, { kind: "set" }>): void {
  const table = requireTable(execution, command.table), set = requireSet(table, command.set);
  const now = execution.listing.listed?.(set) ?? set;
  const listing = { ...execution.listing, listed: (each: SetDefinition) => each === set ? now : each };
  list({ ...execution, listing }, {
    kind: "list",
    what: command.map ? "map" : "set",
    table: command.table,
    name: command.set,
    span: command.span,
  });
  clearElements(execution, table, set, now.elements.values());
}

/** Elements that were told. Those that carry counts in the text they were declared with are written anew. */
export function clearElements(
  execution: Execution,
  table: Table,
  set: SetDefinition,
  told: Iterable<SetElement>,
): void {
  const elements = [...told], declared = set.live > 0 ? begunAnew(set, elements) : [];
  if (declared.length > 0) {
    execution.transaction.rewriteElements(table.family, table.name, set.name, declared);
  }
  execution.cleared.push({ set, elements, rewritten: declared.length > 0 });
}
