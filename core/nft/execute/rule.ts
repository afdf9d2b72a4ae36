import { netlinkText } from "../../expr/netlink_text.ts";
import type { Chain, Table } from "../../ruleset/ruleset.ts";
import type { RulePlace } from "../../ruleset/transaction.ts";
import { checkRule } from "../check/rule.ts";
import type { Command, Position } from "../tree/command.ts";
import { refuse } from "../text/diagnostic.ts";
import { check, type Execution } from "./execution.ts";
import { requireChain, requireTable } from "./named.ts";
import { executeResetRule } from "./reset.ts";
import { linearizeRule } from "../linearize/linearize.ts";
import { setText } from "../print/netlink_set_text.ts";
import type { Expression } from "../../expr/expression.ts";
import type { SetLiteral, Statement } from "../tree/typed.ts";
import { integerType } from "../types.ts";

type RuleCommand = Extract<Command, { kind: "rule" }>;

export function executeRule(execution: Execution, command: RuleCommand): void {
  const { transaction } = execution;
  const table = requireTable(execution, command.table);
  const chainName = requireChain(table, command.chain);
  const chain = table.chains.get(chainName)!;
  if (command.verb === "reset") return executeResetRule(execution, command);
  if (command.verb === "delete") {
    const handle = command.position?.value ?? -1;
    const span = command.position?.span ?? command.span;
    return check(transaction.deleteRule(table.family, table.name, chainName, handle), span);
  }
  const rule = command.rule!.read?.() ?? command.rule!;
  const statements = checkRule(rule, table.family, table, execution.types, chain.base?.hook);
  const literals: SetLiteral[] = [];
  const expressions = linearizeRule(statements, (literal) => {
    literals.push(literal);
    return addLiteral(execution, table, literal);
  }, execution.refuses && ((statement, made) => carried(execution, table, statement, made)));
  if (execution.debug) {
    for (const literal of literals) execution.output.push(setText(literal, table.name, table.family));
    execution.output.push(
      [`${table.family} ${table.name} ${chainName}`, ...expressions.map(netlinkText)].join("\n") + "\n\n",
    );
  }
  const spec = {
    expressions,
    source: rule.span,
    ...(rule.comment === undefined ? {} : { comment: rule.comment }),
  };
  const { position, verb } = command;
  if (verb === "replace") {
    if (position === undefined) refuse(command.span, "replace needs the handle of a rule");
    return check(
      transaction.replaceRule(table.family, table.name, chainName, position.value, spec),
      position.span,
    );
  }
  const place = placeOf(chain, position, verb === "insert");
  check(transaction.addRule(table.family, table.name, chainName, spec, place), position?.span ?? rule.span);
}

/** What the data plane cannot do is refused at the statement that asks for it. */
function carried(
  execution: Execution,
  table: Table,
  statement: Statement,
  expressions: readonly Expression[],
): void {
  for (const expression of expressions) {
    const reason = execution.refuses?.(
      expression,
      execution.transaction.table(table.family, table.name) ?? table,
    );
    if (reason !== undefined) refuse(statement.span, "not supported by this data plane", [], [reason]);
  }
}

function placeOf(chain: Chain, position: Position | undefined, insert: boolean): RulePlace {
  const at = insert ? "before" : "after";
  if (position === undefined) return { at: insert ? "start" : "end" };
  if (position.kind === "index") {
    if (position.value >= chain.rules.length) {
      refuse(position.span, "Could not process rule: No such file or directory", [], [
        `the chain has ${chain.rules.length} rules`,
      ]);
    }
    return { at, index: position.value };
  }
  return { at, handle: position.value };
}

/** Most elements of a meter that does not say. */
const METER_SIZE = 65535;

/** An anonymous set: constant, gone with its rule. */
function addLiteral(execution: Execution, table: Table, literal: SetLiteral): string {
  const { transaction } = execution;
  const { data } = literal;
  const { objects, meter } = literal;
  const prefix = objects !== undefined ? "__objmap" : data === undefined ? "__set" : "__map";
  const name = meter?.name ?? transaction.anonymousName(table.family, table.name, prefix);
  // The kernel keeps no more than "integer" of a plain key, so it lists in decimal.
  const plain = literal.key.name === "integer"
    ? { ...integerType, bits: literal.key.bits, order: literal.key.order }
    : literal.key;
  const key = literal.key.parts ?? [plain];
  const dataTypes = data === undefined || data === "verdict"
    ? undefined
    : (data.parts ?? [data]).map((type, index) =>
      type.bits === 0 ? { ...type, bits: literal.dataBits?.[index] ?? 0 } : type
    );
  const error = transaction.addSet(table.family, table.name, {
    name,
    key: { name: literal.key.name, bits: literal.keyBits },
    anonymous: true,
    constant: meter === undefined,
    ...(meter === undefined
      ? {}
      : { dynamic: true, counter: meter.counts, timeouts: meter.timeouts, size: meter.size ?? METER_SIZE }),
    ...(objects === undefined ? {} : { objects }),
    interval: literal.interval,
    elements: literal.elements,
    source: { key, ...(dataTypes === undefined ? {} : { data: dataTypes }) },
    ...(data === undefined
      ? {}
      : { data: data === "verdict" ? data : { name: data.name, bits: literal.dataBits ?? [data.bits] } }),
  }, meter !== undefined);
  check(error, literal.span);
  return name;
}
