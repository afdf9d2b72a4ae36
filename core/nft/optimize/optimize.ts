import type { Family } from "../../ruleset/ruleset.ts";
import type { Command } from "../tree/command.ts";
import type { Diagnostic } from "../text/diagnostic.ts";
import { lineText, placeOf, type Span } from "../text/source.ts";
import type { RuleNode } from "../tree/tree.ts";
import type { TypeContext } from "../types.ts";
import { type Merge, mergeRun } from "./merge_rules.ts";
import { shadowed } from "./shadow.ts";

export interface Optimized {
  readonly commands: Command[];
  /** What was merged into which rules, as nft tells it on standard error ... */
  readonly report: string;
  /** ... and the rules that came of it, a line each, on standard output. */
  readonly merged: string;
  readonly warnings: readonly Diagnostic[];
}

/** `-o`: rules of the chains written out in these commands merged where that changes no verdict. */
export function optimize(commands: readonly Command[], types: TypeContext): Optimized {
  const merges: Merge[] = [], warnings: Diagnostic[] = [];
  const optimized = (command: Command): Command => {
    if (command.kind === "table" && command.body !== undefined) {
      return { ...command, body: { ...command.body, commands: command.body.commands.map(optimized) } };
    }
    if (command.kind !== "chain" || command.body === undefined) return command;
    const { rules } = command.body;
    warnings.push(...shadowed(rules).slice(0, MAXIMUM_WARNINGS));
    return {
      ...command,
      body: { ...command.body, rules: merge(rules, command.table.family, types, merges) },
    };
  };
  return {
    commands: commands.map(optimized),
    report: merges.map(told).join(""),
    merged: merges.map(({ text }) => `${text}\n`).join(""),
    warnings,
  };
}

/** Warnings told of one chain. */
const MAXIMUM_WARNINGS = 100;

function merge(
  rules: readonly RuleNode[],
  family: Family,
  types: TypeContext,
  merges: Merge[],
): RuleNode[] {
  const result: RuleNode[] = [];
  for (let at = 0; at < rules.length;) {
    const found = mergeRun(rules, at, family, types);
    result.push(found?.merged ?? rules[at]!);
    if (found !== undefined) merges.push(found);
    at += found?.rules.length ?? 1;
  }
  return result;
}

const told = ({ rules }: Merge): string =>
  `Merging:\n${rules.map(({ span }) => place(span)).join("")}into:\n\t\n`;

function place(span: Span): string {
  const { source, start, end } = span, from = placeOf(source, start);
  const { column } = placeOf(source, Math.max(start, end - 1));
  return `${source.name}:${from.line}:${from.column}-${column}: ${lineText(source, from.line)}\n`;
}
