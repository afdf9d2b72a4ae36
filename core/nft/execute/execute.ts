import type { Command } from "../tree/command.ts";
import { Refusal, refuse } from "../text/diagnostic.ts";
import { executeChain, executeRename } from "./chain.ts";
import { executeListHooks } from "./hooks.ts";
import { executeList } from "./list.ts";
import { executeObject } from "./object.ts";
import { executeRule } from "./rule.ts";
import { executeResetAll } from "./reset.ts";
import { thereToDestroy } from "./destroy.ts";
import { executeElements, executeSet } from "./set.ts";
import { executeTable } from "./table.ts";
import { describe } from "../describe.ts";
import { beforeEcho, echoOf } from "./echo.ts";
import { check, type Execution } from "./execution.ts";
import { executeListJson } from "../json/list.ts";

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
  // None that fills a set is passed over.
  if (command.rule.read !== undefined) return;
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
    if (!thereToDestroy(execution, command)) return;
    // Of a list of elements some may be there: those are taken out one by one.
    if (command.kind === "element") return executeElements(execution, command);
    return execute(execution, { ...command, verb: "delete" });
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
