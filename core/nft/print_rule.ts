import type { Rule, Table } from "../ruleset/ruleset.ts";
import { delinearize } from "./delinearize.ts";
import type { ListOptions } from "./list.ts";
import { postprocess } from "./postprocess.ts";
import { elementTexts } from "./print_set.ts";
import { printStatement } from "./print_statement.ts";
import type { SetUse } from "./typed.ts";

/** A rule as `nft list` writes it, without indentation. */
export function printRule(rule: Rule, table: Table, options: ListOptions): string {
  const shapes = {
    keyBits: (name: string) => table.sets.get(name)?.key.bits,
    interval: (name: string) => table.sets.get(name)?.interval ?? false,
  };
  const members = (name: string) => {
    const set = table.sets.get(name);
    if (set === undefined || set.key.bits.length !== 1) return undefined;
    const keys = [...set.elements.values()].filter((e) => e.end === undefined && !e.catchall).map((e) =>
      e.key
    );
    return { keys, big: set.interval };
  };
  const statements = postprocess(delinearize(rule.expressions, shapes), table.family, { members });
  const context = {
    types: options.types,
    stateless: options.stateless,
    family: table.family,
    set: (use: SetUse) => printSetUse(use, table, options),
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
