import { compareBytes } from "../../ruleset/intervals.ts";
import type { Family } from "../../ruleset/ruleset.ts";
import { asConstant, boundsOf } from "../check/constant.ts";
import type { CheckContext } from "../check/context.ts";
import { asWanted } from "../check/lookup.ts";
import { checkOperand } from "../check/operand.ts";
import { Refusal } from "../text/diagnostic.ts";
import { ProtocolContext } from "../check/protocol_context.ts";
import type { Span } from "../text/source.ts";
import type { Node, RuleNode, StatementNode } from "../tree/tree.ts";
import { isBitmask, isText, type TypeContext } from "../types.ts";

export type Match = Extract<StatementNode, { kind: "match" }>;
export type VerdictStatement = Extract<StatementNode, { kind: "verdict" }>;

/** A rule that only asks and then decides: it writes nothing, counts nothing, and asks the same twice in a row. */
export interface PureRule {
  readonly rule: RuleNode;
  readonly matches: readonly Match[];
  readonly verdict: VerdictStatement;
}

/** One value a match asks for, in network order. */
export interface AskedValue {
  readonly text: string;
  readonly from: Uint8Array;
  readonly to: Uint8Array;
}

export const written = ({ source, start, end }: Span): string => source.text.slice(start, end);

/** The rule taken apart, where it is pure. */
export function pureRule(rule: RuleNode): PureRule | undefined {
  const verdict = rule.statements.at(-1), matches = rule.statements.slice(0, -1);
  if (
    verdict?.kind !== "verdict" || !matches.every((match) => match.kind === "match" && isPure(match.left))
  ) {
    return undefined;
  }
  return { rule, matches: matches as Match[], verdict };
}

/** Clocks and generators answer differently each time they are asked. */
const FICKLE = ["time", "hour", "day", "random", "cpu"];

function isPure(node: Node): boolean {
  switch (node.kind) {
    case "payload":
    case "raw payload":
    case "extension":
    case "option":
      return true;
    case "meta":
      return !FICKLE.includes(node.key);
    case "ct":
      return node.key !== "expiration" && node.key !== "packets" && node.key !== "bytes" &&
        node.key !== "avgpkt";
    case "binary":
      return isPure(node.left);
    case "concatenation":
      return node.parts.every(isPure);
    default:
      return false;
  }
}

/**
 * The values a match asks for, where its field equals one of them and nothing else: no flags (any of which suffices),
 * no masks, no wildcards, no variables. Undefined for every other match.
 */
export function askedValues(match: Match, family: Family, types: TypeContext): AskedValue[] | undefined {
  const { left, right, op, mask } = match;
  if ((op !== "implicit" && op !== "==") || mask !== undefined) return undefined;
  if (left.kind !== "payload" && left.kind !== "meta" && left.kind !== "ct") return undefined;
  const protocols = new ProtocolContext(family);
  const context: CheckContext = { family, types, table: undefined, protocols, statements: [] };
  try {
    const operand = checkOperand(context, left);
    if (isBitmask(operand.type) || isText(operand.type) || operand.bits === 0) return undefined;
    const nodes = right.kind === "set" ? right.elements.map(plainKey) : [right];
    const values: AskedValue[] = [];
    for (const node of nodes) {
      if (node === undefined || !["symbol", "range", "prefix"].includes(node.kind)) return undefined;
      const constant = asConstant(context, node, asWanted(operand));
      values.push({ text: written(node.span), ...boundsOf(constant, true) });
    }
    return values;
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}

function plainKey(element: Extract<Node, { kind: "set" }>["elements"][number]): Node | undefined {
  const { key, span: _span, ...rest } = element;
  return Object.keys(rest).length === 0 ? key : undefined;
}

export const isSingle = ({ from, to }: AskedValue): boolean => compareBytes(from, to) === 0;

/** Rows of values no packet has two of. */
export class DisjointRows {
  /** Values of one field, by their first. */
  private readonly values: AskedValue[] = [];
  private readonly rows = new Set<string>();

  /** Adds rows of one field's values, or of several fields' single values; false where one meets another. */
  add(rows: readonly (readonly AskedValue[])[]): boolean {
    return rows.every((row) => row.length === 1 ? this.addValue(row[0]!) : this.addRow(row));
  }

  private addValue(value: AskedValue): boolean {
    const { values } = this;
    let low = 0, high = values.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compareBytes(values[middle]!.from, value.from) < 0) low = middle + 1;
      else high = middle;
    }
    const before = values[low - 1], behind = values[low];
    if (before !== undefined && compareBytes(before.to, value.from) >= 0) return false;
    if (behind !== undefined && compareBytes(value.to, behind.from) >= 0) return false;
    values.splice(low, 0, value);
    return true;
  }

  private addRow(row: readonly AskedValue[]): boolean {
    const size = this.rows.size;
    return this.rows.add(row.map(({ from }) => from.join(".")).join(" ")).size > size;
  }
}
