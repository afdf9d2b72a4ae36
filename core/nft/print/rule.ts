import type { Rule, Table } from "../../ruleset/ruleset.ts";
import { setSource } from "../check/context.ts";
import { delinearize } from "../delinearize/delinearize.ts";
import type { ListOptions } from "./context.ts";
import { postprocess } from "../delinearize/postprocess.ts";
import { elementTexts } from "./set.ts";
import { printStatement } from "./statement.ts";
import type { SetUse, Statement } from "../tree/typed.ts";

/** What a rule does, as its listing says it. */
export function ruleStatements(rule: Rule, table: Table, newest = true): Statement[] {
  const shapes = {
    keyBits: (name: string) => table.sets.get(name)?.key.bits,
    interval: (name: string) => table.sets.get(name)?.interval ?? false,
    data: (name: string) => {
      const set = table.sets.get(name);
      const types = set === undefined ? undefined : setSource(set)?.data;
      return types?.length === 1 ? types[0] : undefined;
    },
  };
  const members = (name: string) => {
    const set = table.sets.get(name);
    if (set === undefined || set.key.bits.length !== 1) return undefined;
    const keys = [...set.elements.values()].filter((e) => e.end === undefined && !e.catchall).map((e) =>
      e.key
    );
    return { keys, big: set.interval };
  };
  return postprocess(delinearize(rule.expressions, shapes), table.family, { members, newest });
}

/** Size of the meter of this name; undefined: the set is not a meter's. */
export function meterSize(table: Table, name: string): number | undefined {
  const set = table.sets.get(name);
  return set?.anonymous === true && set.dynamic ? set.size : undefined;
}

/** A rule as `nft list` writes it, without indentation. */
export function printRule(rule: Rule, table: Table, options: ListOptions): string {
  const statements = ruleStatements(rule, table, options.types.newest !== false);
  const context = {
    types: options.types,
    stateless: options.stateless,
    family: table.family,
    meterSize: (name: string) => meterSize(table, name),
    set: (use: SetUse) => printSetUse(use, table, options),
    ...(options.now === undefined ? {} : { now: options.now }),
    counts: (expression: Rule["expressions"][number]) => {
      const cell = rule.cells[rule.expressions.indexOf(expression)];
      return cell === undefined || cell < 0 ? undefined : options.counts?.(cell);
    },
  };
  const texts = statements.map((statement) => printStatement(statement, context));
  if (rule.comment !== undefined) texts.push(`comment "${rule.comment}"`);
  if (options.handles) texts.push(`# handle ${rule.handle}`);
  return texts.join(" ");
}

function printSetUse(use: SetUse, table: Table, options: ListOptions): string {
  const set = use.kind === "named" ? table.sets.get(use.name) : undefined;
  if (use.kind !== "named") return "{ }";
  const { shift } = use;
  if (set === undefined || !set.anonymous) return `@${use.name}`;
  const { types, stateless } = options;
  const texts = elementTexts(set, { types, stateless, ...(shift === undefined ? {} : { shift }) });
  return `{ ${texts.join(", ")} }`;
}
