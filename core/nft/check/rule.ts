import type { Family, Table } from "../../ruleset/ruleset.ts";
import type { CheckContext } from "./context.ts";
import { checkLog } from "./log.ts";
import { checkMapping } from "./map.ts";
import { checkMatch } from "./match.ts";
import { checkNat } from "./nat.ts";
import { checkReject } from "./reject.ts";
import { checkDup, checkFlow, checkFwd, checkQueue, checkTproxy } from "./action.ts";
import { checkAssign, checkMeter, checkSetUpdate } from "./assign.ts";
import { checkObject } from "./object.ts";
import { lastExpression, limitExpression } from "./stateful.ts";
import { verdictOf } from "./set.ts";
import { refuse } from "../text/diagnostic.ts";
import { reduceRule } from "./merge.ts";
import { checkOperand } from "./operand.ts";
import { ProtocolContext } from "./protocol_context.ts";
import type { Span } from "../text/source.ts";
import type { Node, RuleNode, StatementNode } from "../tree/tree.ts";
import type { Statement } from "../tree/typed.ts";
import { nearest, type TypeContext } from "../types.ts";

/** Checks a rule: types, protocols, what may follow what. The result names every dependency. */
export function checkRule(
  rule: RuleNode,
  family: Family,
  table: Table | undefined,
  types: TypeContext,
  hook?: string,
): Statement[] {
  const context: CheckContext = {
    family,
    types,
    table,
    protocols: new ProtocolContext(family, types.newest),
    statements: [],
    ...(hook === undefined ? {} : { hook }),
  };
  checkInto(context, rule);
  return reduceRule(context.statements, family);
}

/** Checks a rule's statements in order, and tells of each what the context holds before it. */
export function checkInto(context: CheckContext, rule: RuleNode, each?: (node: StatementNode) => void): void {
  let terminal: Span | undefined;
  for (const statement of rule.statements) {
    if (terminal !== undefined) {
      refuse(statementWord(statement), "Statement after terminal statement has no effect", [terminal], [
        "the packet never gets there",
      ]);
    }
    each?.(statement);
    checkStatement(context, statement);
    if (isTerminal(statement)) terminal = statementWord(statement);
  }
}

/** The part of a statement errors point at: some by their word alone. */
function statementWord(statement: StatementNode): Span {
  const { span } = statement;
  if (statement.kind === "nat") return statement.nat.typeSpan;
  if (statement.kind !== "reject" && statement.kind !== "log") return span;
  return { ...span, end: span.start + statement.kind.length };
}

function isTerminal(statement: StatementNode): boolean {
  if (statement.kind === "verdict") return statement.verdict.code !== "continue";
  return statement.kind === "reject" || statement.kind === "nat" || statement.kind === "queue" ||
    statement.kind === "fwd";
}

/** Chains are made before rules go to them. */
function requireTarget(context: CheckContext, chain: Node | undefined): void {
  const name = chain?.kind === "variable" ? chain.value : chain;
  if (chain === undefined || name?.kind !== "symbol" || context.table === undefined) return;
  const there = context.table.chains.get(name.text);
  if (there?.base !== undefined) {
    refuse(chain.span, "Could not process rule: Operation not supported", [], [
      `${name.text} is a base chain: packets come to it by its hook alone`,
    ]);
  }
  if (there !== undefined) return;
  const near = nearest(name.text, [...context.table.chains.keys()]);
  refuse(chain.span, "Could not process rule: No such file or directory", [], [
    near === undefined ? `the table has no chain ${name.text}` : `did you mean ${near}?`,
  ]);
}

function checkStatement(context: CheckContext, node: StatementNode): void {
  const { span } = node;
  const plain = (expression: Extract<Statement, { kind: "plain" }>["expression"]) =>
    void context.statements.push({ kind: "plain", expression, span });
  switch (node.kind) {
    case "match":
      return checkMatch(context, node);
    case "verdict":
      requireTarget(context, node.verdict.chain);
      return void context.statements.push({ kind: "verdict", verdict: verdictOf(node.verdict), span });
    case "verdict map": {
      if (node.map.kind !== "map") return;
      const mapping = checkMapping(context, node.map, "verdict");
      return void context.statements.push({ kind: "verdict map", ...mapping, span });
    }
    case "counter":
      return plain({ kind: "counter", packets: node.packets, bytes: node.bytes });
    case "limit":
      return plain(limitExpression(node.limit));
    case "quota":
      return plain({ kind: "quota", bytes: node.bytes, used: node.used, inverted: node.inverted });
    case "connlimit":
      return plain({ kind: "connlimit", count: node.count, inverted: node.inverted });
    case "last":
      return plain(lastExpression(node));
    case "object":
      return checkObject(context, node);
    case "log":
      return checkLog(context, node);
    case "reject":
      return checkReject(context, node);
    case "nat":
      return checkNat(context, node);
    case "set value":
      return checkAssign(context, node);
    case "set update":
      return checkSetUpdate(context, node);
    case "queue":
      return checkQueue(context, node);
    case "dup":
      return checkDup(context, node);
    case "fwd":
      return checkFwd(context, node);
    case "tproxy":
      return checkTproxy(context, node);
    case "flow":
      return checkFlow(context, node);
    case "meter":
      return checkMeter(context, node);
    case "synproxy":
      return plain({ kind: "synproxy", ...node.synproxy });
    case "notrack":
      return plain({ kind: "notrack" });
    case "reset option": {
      const option = checkOperand(context, node.option);
      if (option.kind !== "option") return refuse(node.option.span, "only a tcp option can be reset");
      return plain({ kind: "exthdr reset", op: "tcpopt", type: option.option.type });
    }
    case "other":
      return refuse(span, `${node.name} is not built yet`);
  }
}
