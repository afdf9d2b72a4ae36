import type { Rule, Table } from "../../ruleset/ruleset.ts";
import type { Expression } from "../../expr/expression.ts";
import type { ListOptions } from "../print/context.ts";
import { meterSize, ruleStatements } from "../print/rule.ts";
import type { SetUse } from "../tree/typed.ts";
import type { Json, JsonObject } from "./json.ts";
import { elementsJson } from "./set.ts";
import { jsonStatement } from "./statement.ts";

/** A rule with its place and handle. */
export const ruleJson = (rule: Rule, chain: string, table: Table, options: ListOptions): JsonObject => ({
  rule: {
    family: table.family,
    table: table.name,
    chain,
    handle: rule.handle,
    ...(rule.comment === undefined ? {} : { comment: rule.comment }),
    expr: statementsJson(rule, table, options),
  },
});

/** The statements of a rule. */
export function statementsJson(rule: Rule, table: Table, options: ListOptions): Json[] {
  const { types, stateless } = options;
  const counts = (expression: Expression) => {
    const cell = rule.cells[rule.expressions.indexOf(expression)];
    return cell === undefined || cell < 0 ? undefined : options.counts?.(cell);
  };
  const { family } = table;
  const print = {
    types,
    stateless,
    family,
    counts,
    ...(options.now === undefined ? {} : { now: options.now }),
    meterSize: (name: string) => meterSize(table, name),
    set: () => "{ }",
  };
  const set = (use: SetUse) => setUseJson(use, table, options);
  return ruleStatements(rule, table, options.newest !== false).map((statement) =>
    jsonStatement(statement, { ...print, newest: options.newest ?? true, set, print })
  );
}

function setUseJson(use: SetUse, table: Table, options: ListOptions): Json {
  if (use.kind !== "named") return { set: [] };
  const set = table.sets.get(use.name);
  if (set === undefined || !set.anonymous) return `@${use.name}`;
  const { types, stateless } = options;
  return {
    set: elementsJson(set, { types, stateless, ...(use.shift === undefined ? {} : { shift: use.shift }) }),
  };
}
