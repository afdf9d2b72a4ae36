import type { BaseChain, ChainHook, ChainType, Table } from "../../ruleset/ruleset.ts";
import type { Command, HookNode } from "../tree/command.ts";
import { deviceNames, priorityIn } from "../check/hook.ts";
import { refuse } from "../text/diagnostic.ts";
import { check, type Execution } from "./execution.ts";
import { requireChain, requireTable } from "./named.ts";
import type { Node } from "../tree/tree.ts";

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
      const error = transaction.addChain(family, table.name, spec, verb === "create");
      return check(error, error?.reason === "unsupported" ? command.span : chain.span);
    }
    case "delete":
      return check(transaction.deleteChain(family, table.name, requireChain(table, chain)), chain.span);
    case "flush":
      return check(transaction.flushChain(family, table.name, requireChain(table, chain)), chain.span);
    default:
      return refuse(command.span, "chains can be added, created, deleted, flushed and renamed");
  }
}

/** As with the kernel since 6.16 a chain may wait for its device; who writes the name is told. */
function known(execution: Execution, node: Node): void {
  for (const device of deviceNames(node)) {
    const reason = execution.missingDevice?.(device);
    if (reason === undefined) continue;
    const message = `the chain sees nothing until there is a device ${device}`;
    execution.warnings.push({ severity: "warning", message, spans: [node.span], hints: [reason] });
  }
}

export function executeRename(execution: Execution, command: Extract<Command, { kind: "rename" }>): void {
  const table = requireTable(execution, command.table);
  const from = requireChain(table, command.chain, true);
  check(execution.transaction.renameChain(table.family, table.name, from, command.to.text), command.span);
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
  if (devices.length === 0 && (table.family === "netdev" || hook.hook.text === "ingress")) {
    refuse(hook.span, "Missing `device' in this chain definition", [], [
      "write: type filter hook ingress device NAME priority ...",
    ]);
  }
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

const priorityOf = (table: Table, hook: HookNode): number =>
  priorityIn(
    table.family,
    hook.hook.text,
    hook.priority,
    "invalid priority expression value in this context.",
  );
