import type { Expression } from "../../expr/expression.ts";
import type { Family, Table } from "../../ruleset/ruleset.ts";
import { errorText, type RulesetError } from "../../ruleset/error.ts";
import type { Transaction } from "../../ruleset/transaction.ts";
import type { Command, Name, TableRef } from "../tree/command.ts";
import { type Diagnostic, errorAt, Refusal, refuse } from "../text/diagnostic.ts";
import { executeChain, executeRename } from "./chain.ts";
import { executeListHooks, type HookStage } from "./hooks.ts";
import { executeList } from "./list.ts";
import { executeObject } from "./object.ts";
import { executeRule } from "./rule.ts";
import { executeResetAll } from "./state.ts";
import { thereToDestroy } from "./destroy.ts";
import { executeElements, executeSet } from "./set.ts";
import { describe } from "../describe.ts";
import { beforeEcho, type Echo, echoOf } from "./echo.ts";
import { executeListJson } from "../json/list.ts";
import type { ListOptions } from "../print/list.ts";
import type { Span } from "../text/source.ts";
import type { TypeContext } from "../types.ts";
import { nearest } from "../types.ts";

/** What carrying out one text needs. */
export interface Execution {
  readonly transaction: Transaction;
  readonly types: TypeContext;
  readonly listing: ListOptions;
  readonly debug: boolean;
  /** What `--echo` tells; absent: nobody asked. */
  readonly echo?: Echo[];
  /** Listings as JSON. */
  readonly json: boolean;
  /** Stages of the data plane, for `list hooks`. */
  readonly stages?: readonly HookStage[];
  /** What came after nft 1.0.6 is understood. */
  readonly newest: boolean;
  /** Sets that rules of this text add elements to, as `family table set`: they are dynamic without saying so. */
  readonly filled: Set<string>;
  /** Lines for the user: listings and debug text. */
  readonly output: string[];
  /** Cells whose counts begin anew when all went well. */
  readonly cleared: number[];
  readonly diagnostics: Diagnostic[];
  /** Why the data plane cannot carry an expression out. */
  readonly refusesDevice?: (device: string) => string | undefined;
  readonly refuses?: (expression: Expression, table: Table) => string | undefined;
}

/** Most errors told of one text. */
const MAXIMUM_ERRORS = 10;

/** Carries out commands in order; errors are noted and the rest is still checked. */
export function executeAll(execution: Execution, commands: readonly Command[]): void {
  const steps = commands.flatMap(expand);
  for (const step of steps) noteFilled(execution, step);
  for (const step of steps) {
    attempt(execution, step);
    if (execution.diagnostics.length >= MAXIMUM_ERRORS) return;
  }
}

function noteFilled(execution: Execution, command: Command): void {
  if (command.kind !== "rule" || command.rule === undefined) return;
  for (const statement of command.rule.statements) {
    if (statement.kind !== "set update" || statement.set.kind !== "set reference") continue;
    execution.filled.add(`${command.table.family} ${command.table.name} ${statement.set.name}`);
  }
}

function attempt(execution: Execution, command: Command): void {
  try {
    perform(execution, command);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    execution.diagnostics.push(error.diagnostic);
  }
}

/**
 * A block as single commands: chains, objects and sets come before elements and rules, so that rules may go to
 * chains further down (nft_cmd_expand).
 */
function expand(command: Command): Command[] {
  if (command.kind === "table" && command.body !== undefined) {
    const { commands } = command.body;
    const late: Command[] = [];
    const early: Command[] = [];
    for (const inner of commands) {
      const [first, ...rest] = expand(inner);
      if (first !== undefined) early.push(first);
      for (const step of rest) late.push(step);
    }
    const chains = early.filter((inner) => inner.kind === "chain");
    const objects = early.filter((inner) => inner.kind === "object");
    const others = early.filter((inner) => inner.kind !== "chain" && inner.kind !== "object");
    const elements = late.filter((inner) => inner.kind === "element");
    const rules = late.filter((inner) => inner.kind !== "element");
    return [command, ...chains, ...objects, ...others, ...elements, ...rules];
  }
  if (command.kind === "chain" && command.body !== undefined && command.body.rules.length > 0) {
    const { table, chain, body } = command;
    const rules = body.rules.map((rule): Command => ({
      kind: "rule",
      verb: "add",
      table,
      chain,
      rule,
      span: rule.span,
    }));
    return [command, ...rules];
  }
  if (command.kind === "set" && command.body?.elements !== undefined) {
    const { table, set, body } = command;
    return [command, {
      kind: "element",
      verb: "add",
      table,
      set,
      elements: body.elements!,
      span: command.set.span,
    }];
  }
  return [command];
}

function perform(execution: Execution, command: Command): void {
  if (execution.echo === undefined) return execute(execution, command);
  const before = beforeEcho(execution, command);
  execute(execution, command);
  execution.echo.push(...echoOf(execution, command, before));
}

function execute(execution: Execution, command: Command): void {
  const { transaction } = execution;
  if ("verb" in command && command.verb === "destroy") {
    if (thereToDestroy(execution, command)) execute(execution, { ...command, verb: "delete" });
    return;
  }
  switch (command.kind) {
    case "table":
      return executeTable(execution, command);
    case "chain":
      return executeChain(execution, command);
    case "rename":
      return executeRename(execution, command);
    case "rule":
      return executeRule(execution, command);
    case "set":
      return executeSet(execution, command);
    case "element":
      return executeElements(execution, command);
    case "object":
      return executeObject(execution, command);
    case "ruleset":
      return check(transaction.flushRuleset(command.family), command.span);
    case "list":
      if (command.what === "hooks") return executeListHooks(execution, command);
      return execution.json ? executeListJson(execution, command) : executeList(execution, command);
    case "reset all":
      return executeResetAll(execution, command);
    case "monitor":
      return refuse(command.span, "monitor goes on until it is ended: it watches a running router", [], [
        "give it alone, as arguments, and without --offline; programs call nft.monitor",
      ]);
    case "define":
      return;
    case "describe":
      return void execution.output.push(describe(command.node, execution.types));
  }
}

function executeTable(execution: Execution, command: Extract<Command, { kind: "table" }>): void {
  const { transaction } = execution;
  const { table, body, verb } = command;
  switch (verb) {
    case "add":
    case "create": {
      const spec = {
        family: table.family,
        name: table.name,
        // None written is none: adding a dormant table again wakes it (nf_tables_updtable).
        flags: body?.flags ?? [],
        ...(body?.comment === undefined ? {} : { comment: body.comment }),
      };
      return check(transaction.addTable(spec, verb === "create"), table.span);
    }
    case "delete": {
      if (table.handle === undefined && transaction.table(table.family, table.name) === undefined) {
        refuse(table.span, "Could not process rule: No such file or directory");
      }
      const found = requireTable(execution, table);
      return check(transaction.deleteTable(found.family, found.name), table.span);
    }
    case "flush": {
      const found = requireTable(execution, table);
      return check(transaction.flushTable(found.family, found.name), table.span);
    }
    default:
      return refuse(
        command.span,
        `a table cannot be ${verb === "get" ? "got" : verb + (verb === "reset" ? "" : "d")}`,
      );
  }
}

/** The table a command names; refused, with the nearest name, where there is none. */
export function requireTable(execution: Execution, ref: TableRef): Table {
  const { tables } = execution.transaction;
  const found = ref.handle === undefined
    ? execution.transaction.table(ref.family, ref.name)
    : [...tables.values()].find((table) => table.family === ref.family && table.handle === ref.handle);
  if (found !== undefined) return found;
  const names = [...tables.values()].map((table) => ({ family: table.family, name: table.name }));
  const same = names.find((table) => table.name === ref.name);
  const near = same ??
    names.find((table) => table.name === nearest(ref.name, names.map((other) => other.name)));
  return refuse(ref.span, missing("table", near));
}

function missing(what: string, near: { family: Family; name: string } | undefined): string {
  const text = "No such file or directory";
  return near === undefined ? text : `${text}; did you mean ${what} ‘${near.name}’ in family ${near.family}?`;
}

/** Turns the model's refusal into a located error. */
export function check(error: RulesetError | undefined, span: Span): void {
  if (error === undefined) return;
  throw new Refusal(errorAt(span, errorText(error), ...(error.detail === undefined ? [] : [error.detail])));
}

/** Name of something known by handle: `delete chain t handle 5`. */
export function handleOf(name: Name): number | undefined {
  return name.text.startsWith("\0") ? Number(name.text.slice(1)) : undefined;
}
