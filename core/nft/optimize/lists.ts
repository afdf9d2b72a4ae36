import type { Command } from "../tree/command.ts";
import type { RuleNode } from "../tree/tree.ts";

type RuleCommand = Extract<Command, { kind: "rule" }>;

/** A rule in place of others, in the order they came; one rule alone for itself. */
export interface Replaced {
  readonly rule: RuleNode;
  readonly of: readonly RuleNode[];
}

/** Gives neighbouring rules of one chain back merged. */
export type Merging = (
  family: string,
  table: string,
  chain: string,
  rules: readonly RuleNode[],
) => Replaced[];

/** All rules these commands write out. */
export function* rulesOf(commands: readonly Command[]): Generator<RuleNode> {
  for (const command of commands) {
    if (command.kind === "rule" && command.rule !== undefined) yield command.rule;
    else if (command.kind === "chain" && command.body !== undefined) yield* command.body.rules;
    else if (command.kind === "table" && command.body !== undefined) yield* rulesOf(command.body.commands);
  }
}

/** Chains these commands write out, blocks within blocks included. */
export function* chainsOf(commands: readonly Command[]): Generator<Extract<Command, { kind: "chain" }>> {
  for (const command of commands) {
    if (command.kind === "chain" && (command.verb === "add" || command.verb === "create")) yield command;
    else if (command.kind === "table" && command.body !== undefined) yield* chainsOf(command.body.commands);
  }
}

/** The commands with the rules of every block and of every row of `add rule` merged. */
export function mergeLists(commands: readonly Command[], merging: Merging): Command[] {
  const placed = placedChains(commands);
  const merge: Merging = (family, table, chain, rules) =>
    placed.has(`${family} ${table} ${chain}`)
      ? rules.map((rule) => ({ rule, of: [rule] }))
      : merging(family, table, chain, rules);
  return mergeRows(commands.map((command) => mergeBlock(command, merge)), merge);
}

/** Chains whose rules are counted by a command (`index`, `handle`): there every rule stays where it is. */
function placedChains(commands: readonly Command[]): ReadonlySet<string> {
  const found = new Set<string>();
  for (const command of commands) {
    if (command.kind !== "rule" || command.position === undefined) continue;
    found.add(`${command.table.family} ${command.table.name} ${command.chain.text}`);
  }
  return found;
}

function mergeBlock(command: Command, merging: Merging): Command {
  if (command.kind === "table" && command.body !== undefined) {
    const commands = command.body.commands.map((inner) => mergeBlock(inner, merging));
    return { ...command, body: { ...command.body, commands } };
  }
  if (command.kind !== "chain" || command.body === undefined || command.body.rules.length === 0) {
    return command;
  }
  const { table, chain, body } = command;
  const rules = merging(table.family, table.name, chain.text, body.rules).map(({ rule }) => rule);
  return { ...command, body: { ...body, rules } };
}

/**
 * Rows of `add rule`, other things being added between. A merged rule stands where its last one stood: all it may
 * refer to is there by then, and the rules of its chain keep their order.
 */
function mergeRows(commands: readonly Command[], merging: Merging): Command[] {
  const result: Command[] = [];
  for (let from = 0; from < commands.length;) {
    let to = from;
    while (to < commands.length && onlyAdds(commands[to]!)) to++;
    if (to > from) result.push(...mergeRow(commands.slice(from, to), merging));
    if (to < commands.length) result.push(commands[to]!);
    from = to + 1;
  }
  return result;
}

const isAddedRule = (command: Command): command is RuleCommand & { rule: RuleNode } =>
  command.kind === "rule" && command.verb === "add" && command.position === undefined &&
  command.rule !== undefined;

function onlyAdds(command: Command): boolean {
  switch (command.kind) {
    case "rule":
      return isAddedRule(command);
    case "table":
      return command.verb === "add" && command.body === undefined;
    case "chain":
      return command.verb === "add" && (command.body?.rules.length ?? 0) === 0;
    case "set":
    case "element":
    case "object":
      return command.verb === "add";
    default:
      return false;
  }
}

function mergeRow(commands: readonly Command[], merging: Merging): Command[] {
  const chains = new Map<string, (RuleCommand & { rule: RuleNode })[]>();
  const places = new Map<RuleNode, number>();
  const slots: Command[][] = commands.map((command, place) => {
    if (!isAddedRule(command)) return [command];
    places.set(command.rule, place);
    const { table, chain } = command, key = `${table.family} ${table.name} ${chain.text}`;
    const added = chains.get(key);
    if (added === undefined) chains.set(key, [command]);
    else added.push(command);
    return [];
  });
  for (const added of chains.values()) {
    const { table, chain } = added[0]!;
    const rules = added.map(({ rule }) => rule);
    let place = 0;
    for (const { rule, of } of merging(table.family, table.name, chain.text, rules)) {
      for (const one of of) place = Math.max(place, places.get(one)!);
      slots[place]!.push({ ...added[0]!, rule, span: rule.span });
    }
  }
  return slots.flat();
}
