import type { Chain, Rule, Ruleset, SetDefinition, Table } from "../ruleset/ruleset.ts";
import { ruleTargets } from "../ruleset/references.ts";
import { setImage } from "../ruleset/sets/choose.ts";
import { LiveStore } from "../ruleset/sets/live.ts";
import { assembleRule, type RuleContext } from "./assemble_rule.ts";
import type { FlowObject } from "./flow_view.ts";
import { Emitter } from "./emitter.ts";
import { OP_RETURN } from "./opcodes.ts";
import type { HookedChain, Program } from "./program.ts";
import { setsTrace } from "./trace.ts";
import type { TracedRule } from "./trace_plan.ts";

export interface AssembleOptions {
  /** Storage of sets that rules change: the ruleset store's. */
  readonly live?: LiveStore;
  /** The store's clock at this moment, milliseconds. */
  readonly now?: number;
  /** False keeps one instruction an expression, for tests of `fuse.ts`. */
  readonly fuse?: boolean;
}

/**
 * Makes the program of a ruleset: chains that hooks reach become instructions, sets they use become images.
 * Dormant tables are left out.
 * The ruleset has passed `Transaction.commit`, so every name in it is known.
 */
export function assemble(
  ruleset: Ruleset,
  generation = ruleset.generation,
  options: AssembleOptions = {},
): Program {
  const emitter = new Emitter(), strings: string[] = [];
  const uses: { table: Table; set: SetDefinition }[] = [], setNumbers = new Map<SetDefinition, number>();
  const entries = new Map<string, number>(), hooked: (HookedChain & { order: number })[] = [];
  const live = options.live ?? new LiveStore();
  const tracing = setsTrace(ruleset), traced: TracedRule[] = [], chainNames = new Map<number, string>();
  const flowObjects: FlowObject[] = [];
  let cells = 0;
  for (const table of ruleset.tables.values()) {
    if (table.flags.includes("dormant")) continue;
    const context: RuleContext = {
      table,
      emitter,
      chainName: (chain) => `${table.family} ${table.name} ${chain}`,
      setNumber(name) {
        const set = table.sets.get(name);
        if (set === undefined) throw new TypeError(`set ${name} is not in table ${table.name}`);
        let number = setNumbers.get(set);
        if (number === undefined) setNumbers.set(set, number = uses.push({ table, set }) - 1);
        return number;
      },
      statementsPlace: (statements) => live.statements.place(statements),
      flowObject(object) {
        const name = `${table.family} ${table.name} ${object.name}`, { kind } = object.expression;
        const at = flowObjects.findIndex((known) => known.name === name && known.kind === kind);
        return at >= 0 ? at : flowObjects.push({ ...object.expression as FlowObject, name }) - 1;
      },
      text: (text) => strings.indexOf(text) >= 0 ? strings.indexOf(text) : strings.push(text) - 1,
    };
    for (const chain of reachable(table)) {
      entries.set(context.chainName(chain.name), emitter.address);
      if (tracing) chainNames.set(emitter.address, chain.name);
      if (chain.base !== undefined) {
        hooked.push({
          family: table.family,
          table: table.name,
          chain: chain.name,
          type: chain.base.type,
          hook: chain.base.hook,
          ...(chain.base.devices === undefined ? {} : { devices: chain.base.devices }),
          priority: chain.base.priority,
          drop: chain.base.policy === "drop",
          entry: emitter.address,
          order: chain.order,
        });
      }
      const { family, name } = table;
      const traces = (rule: Rule) =>
        traced.push({ family, table: name, chain: chain.name, handle: rule.handle }) - 1;
      const inChain: RuleContext = tracing ? { ...context, traced: traces } : context;
      for (const rule of chain.rules) {
        assembleRule(rule, inChain, options.fuse ?? true);
        for (const cell of rule.cells) cells = Math.max(cells, cell + 2);
      }
      emitter.emit(OP_RETURN);
    }
  }
  const entry = (name: string): number => {
    const address = entries.get(name);
    if (address === undefined) throw new TypeError(`chain ${name} is not in the ruleset`);
    return address;
  };
  emitter.link(entry);
  const sets = uses.map(({ table, set }) =>
    setImage(set, live, (chain) => entry(`${table.family} ${table.name} ${chain}`), table.objects)
  );
  for (const image of sets) cells = Math.max(cells, image.cellsEnd);
  hooked.sort((a, b) => a.priority - b.priority || b.order - a.order);
  return {
    generation,
    code: Int32Array.from(emitter.words),
    numbers: Float64Array.from(emitter.numbers),
    hooks: hooked.map(({ order: _, ...chain }) => chain),
    sets,
    strings,
    statements: live.statements.image,
    ...(flowObjects.length > 0 ? { flowObjects } : {}),
    cells,
    time: options.now ?? 0,
    ...(tracing ? { trace: { rules: traced, chains: chainNames } } : {}),
  };
}

/** Chains that a hook reaches, each once; base chains that do nothing are left out. */
function reachable(table: Table): Chain[] {
  const found = new Set<Chain>();
  const visit = (chain: Chain): void => {
    if (found.has(chain)) return;
    found.add(chain);
    for (const rule of chain.rules) {
      for (const target of ruleTargets(table, rule)) {
        const next = table.chains.get(target);
        if (next !== undefined) visit(next);
      }
    }
  };
  for (const chain of table.chains.values()) {
    const { base } = chain;
    if (base !== undefined && (chain.rules.length > 0 || base.policy === "drop")) visit(chain);
  }
  return [...found];
}
