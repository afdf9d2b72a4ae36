import type { Table } from "../../ruleset/ruleset.ts";
import type { Diagnostic } from "../text/diagnostic.ts";
import type { Span } from "../text/source.ts";

/** Chains without a hook that no chain with one leads to; maps of verdicts lead wherever they say. */
export function unreachable(table: Table, chains: ReadonlyMap<string, Span>): Diagnostic[] {
  const reached = new Set<string>();
  const open = [...table.chains.values()].filter(({ base }) => base !== undefined).map(({ name }) => name);
  // Elements of a named map come and go: what one holds counts as gone to.
  for (const set of table.sets.values()) if (!set.anonymous) open.push(...targetsOf(table, set.name));
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (reached.has(name)) continue;
    reached.add(name);
    for (const { expressions } of table.chains.get(name)?.rules ?? []) {
      for (const expression of expressions) {
        if (expression.kind === "lookup") open.push(...targetsOf(table, expression.set));
        else if (expression.kind === "verdict" && "chain" in expression.verdict) {
          open.push(expression.verdict.chain);
        }
      }
    }
  }
  return [...chains].filter(([name]) => table.chains.has(name) && !reached.has(name)).map(([name, span]) => ({
    severity: "warning",
    message: `chain ${name} is never gone to`,
    spans: [span],
    hints: ["it has no hook, and no chain with one jumps or goes to it"],
  }));
}

function targetsOf(table: Table, set: string): string[] {
  const found = table.sets.get(set);
  if (found?.data !== "verdict") return [];
  return [...found.elements.values()].flatMap(({ verdict }) =>
    verdict !== undefined && "chain" in verdict ? [verdict.chain] : []
  );
}
