import { compareBytes } from "../../ruleset/intervals.ts";
import type { Family } from "../../ruleset/ruleset.ts";
import { asConstant, boundsOf } from "../check/constant.ts";
import type { CheckContext } from "../check/context.ts";
import { asWanted } from "../check/lookup.ts";
import { checkOperand } from "../check/operand.ts";
import { ProtocolContext } from "../check/protocol_context.ts";
import { Refusal } from "../text/diagnostic.ts";
import type { Node } from "../tree/tree.ts";
import type { Constant } from "../tree/typed.ts";
import { type DataType, isBitmask, isText, type TypeContext } from "../types.ts";
import { written } from "./tail.ts";

/** One value a match asks for, or a range of them, in network order. */
export interface AskedValue {
  readonly text: string;
  readonly from: Uint8Array;
  readonly to: Uint8Array;
}

/** Values of several fields, one of each. */
export type Row = readonly AskedValue[];

/**
 * The values written for a field, as a set may hold them: no flags (of which any suffices), no wildcards, no elements
 * that do more than be there. Undefined for every other.
 */
export function askedValues(
  left: Node,
  nodes: readonly Node[],
  family: Family,
  types: TypeContext,
): AskedValue[] | undefined {
  if (!["payload", "meta", "ct", "concatenation"].includes(left.kind)) return undefined;
  const protocols = new ProtocolContext(family);
  const context: CheckContext = { family, types, table: undefined, protocols, statements: [] };
  try {
    const operand = checkOperand(context, left);
    if (isBitmask(operand.type) || operand.bits === 0) return undefined;
    const values: AskedValue[] = [];
    for (const node of nodes) {
      if (!(left.kind === "concatenation" ? isSingleRow(node) : VALUES.includes(node.kind))) return undefined;
      const constant = asConstant(context, node, asWanted(operand));
      if (holdsText(operand.type) && !isPlain(constant)) return undefined;
      values.push({ text: written(node.span), ...boundsOf(constant, true) });
    }
    return values;
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}

const holdsText = (type: DataType): boolean => isText(type) || (type.parts?.some(isText) ?? false);
const isPlain = (constant: Constant): boolean =>
  constant.kind === "constants" ? constant.parts.every(isPlain) : constant.kind === "value";

const VALUES = ["symbol", "range", "prefix"];

/** Of concatenations with ranges it takes more than an order of bytes to tell whether they meet. */
const isSingleRow = (node: Node): boolean =>
  node.kind === "concatenation" && node.parts.every((part) => part.kind === "symbol");

/** Keys of a set written out, where its elements are nothing but keys (and data); undefined for others. */
export function plainKeys(right: Node): Node[] | undefined {
  if (right.kind !== "set") return [right];
  const keys: Node[] = [];
  for (const { key, data: _data, span: _span, ...rest } of right.elements) {
    if (Object.keys(rest).length > 0) return undefined;
    keys.push(key);
  }
  return keys;
}

const isSingle = ({ from, to }: AskedValue): boolean => compareBytes(from, to) === 0;

/** Rows of several fields of which one is a range are held against each other one by one. */
const MOST_RANGES = 512;

/** Rows no packet has two of. */
export class DisjointRows {
  /** Values of one field, by their first. */
  private readonly values: AskedValue[] = [];
  private readonly singles = new Set<string>();
  private readonly rows: Row[] = [];
  private ranges = 0;

  /** Adds rows, all of as many fields; false where one meets another. */
  add(rows: readonly Row[]): boolean {
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

  private addRow(row: Row): boolean {
    if (!row.every(isSingle)) this.ranges++;
    if (this.ranges > 0) {
      if (this.rows.length >= MOST_RANGES || this.rows.some((other) => rowsMeet(row, other))) return false;
    } else {
      const size = this.singles.size;
      this.singles.add(row.map(({ from }) => from.join(".")).join(" "));
      if (this.singles.size === size) return false;
    }
    this.rows.push(row);
    return true;
  }
}

const rowsMeet = (a: Row, b: Row): boolean =>
  a.every((value, i) => compareBytes(value.from, b[i]!.to) <= 0 && compareBytes(b[i]!.from, value.to) <= 0);
