import type { BaseChain, ChainHook, ChainType, Family, Table } from "../../ruleset/ruleset.ts";
import type { Command, HookNode, Name, PriorityNode } from "../tree/command.ts";
import { refuse } from "../text/diagnostic.ts";
import { check, type Execution, handleOf, requireTable } from "./execute.ts";
import { priorityNames, priorityValue } from "../priority.ts";
import type { Node } from "../tree/tree.ts";
import { nearest, parseNumber } from "../types.ts";

type ChainCommand = Extract<Command, { kind: "chain" }>;

export function executeChain(execution: Execution, command: ChainCommand): void {
  const { transaction } = execution;
  const { body, verb, chain } = command;
  const table = requireTable(execution, command.table);
  const { family } = table;
  switch (verb) {
    case "add":
    case "create": {
      const base = body === undefined ? undefined : baseOf(table, command);
      for (const node of body?.hook?.devices ?? []) known(execution, node);
      const spec = {
        name: chain.text,
        ...(base === undefined ? {} : { base }),
        ...(body?.comment === undefined ? {} : { comment: body.comment }),
      };
      return check(transaction.addChain(family, table.name, spec, verb === "create"), chain.span);
    }
    case "delete":
      return check(transaction.deleteChain(family, table.name, requireChain(table, chain)), chain.span);
    case "flush":
      return check(transaction.flushChain(family, table.name, requireChain(table, chain)), chain.span);
    default:
      return refuse(command.span, "chains can be added, created, deleted, flushed and renamed");
  }
}

/** Refuses a device that is not there. */
function known(execution: Execution, node: Node): void {
  for (const device of deviceNames(node)) {
    const reason = execution.refusesDevice?.(device);
    if (reason !== undefined) {
      refuse(node.span, "Could not process rule: No such file or directory", [], [reason]);
    }
  }
}

export function executeRename(execution: Execution, command: Extract<Command, { kind: "rename" }>): void {
  const table = requireTable(execution, command.table);
  const from = requireChain(table, command.chain, true);
  check(execution.transaction.renameChain(table.family, table.name, from, command.to.text), command.to.span);
}

/** Name of a chain that is there. */
export function requireChain(table: Table, name: Name, listing = false): string {
  const handle = handleOf(name);
  if (handle !== undefined) {
    const found = [...table.chains.values()].find((chain) => chain.handle === handle);
    if (found !== undefined) return found.name;
    return refuse(name.span, "Could not process rule: No such file or directory");
  }
  if (table.chains.has(name.text)) return name.text;
  const near = nearest(name.text, [...table.chains.keys()]);
  return refuse(
    name.span,
    near === undefined
      ? listing ? "No such file or directory" : "Could not process rule: No such file or directory"
      : `No such file or directory; did you mean chain ‘${near}’ in table ${table.family} ‘${table.name}’?`,
  );
}

function baseOf(table: Table, command: ChainCommand): BaseChain | undefined {
  const { hook, policy } = command.body!;
  const there = table.chains.get(command.chain.text)?.base;
  const verdict = policy === undefined ? undefined : policyOf(policy.value);
  if (hook === undefined) {
    if (verdict === undefined || there === undefined) return undefined;
    return { ...there, policy: verdict };
  }
  const devices = hook.devices.flatMap(deviceNames);
  return {
    type: hook.type.text as ChainType,
    hook: hook.hook.text as ChainHook,
    priority: priorityOf(table, hook),
    policy: verdict ?? there?.policy ?? "accept",
    ...(devices.length === 0 ? {} : { devices }),
  };
}

function policyOf(node: Node): "accept" | "drop" {
  if (node.kind === "variable") return policyOf(node.value);
  const text = node.kind === "symbol" ? node.text : node.kind === "verdict" ? node.code : "";
  if (text === "accept" || text === "drop") return text;
  return refuse(node.span, "invalid policy expression", [], ["expected accept or drop"]);
}

export function deviceNames(node: Node): string[] {
  if (node.kind === "variable") return deviceNames(node.value);
  if (node.kind === "set") return node.elements.flatMap((element) => deviceNames(element.key));
  return node.kind === "symbol" ? [node.text] : refuse(node.span, "the name of a device was expected here");
}

const priorityOf = (table: Table, hook: HookNode): number =>
  priorityIn(
    table.family,
    hook.hook.text,
    hook.priority,
    "invalid priority expression value in this context.",
  );

/** The number of a priority written as a name, a number or both. */
export function priorityIn(family: Family, hook: string, priority: PriorityNode, message: string): number {
  const base = baseName(priority);
  if (base === undefined) return priority.offset;
  const number = /^-?\d+$/.test(base.text) ? Number(base.text) : undefined;
  const value = number ?? priorityValue(family, hook, base.text);
  if (value === undefined) {
    return refuse(priority.span, message, [], [
      `names here: ${priorityNames(family).join(", ")}; or a number`,
    ]);
  }
  return value + priority.offset;
}

function baseName(priority: PriorityNode): Name | undefined {
  if (priority.base !== undefined) return priority.base;
  const node = priority.baseVariable;
  if (node === undefined) return undefined;
  const value = node.kind === "variable" ? node.value : node;
  if (value.kind !== "symbol") return refuse(node.span, "a priority was expected here");
  const number = parseNumber(value.text);
  return { text: number === undefined ? value.text : number.toString(), span: node.span };
}
