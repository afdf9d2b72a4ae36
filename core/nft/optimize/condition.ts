import type { Table } from "../../ruleset/ruleset.ts";
import { boundsOf } from "../check/constant.ts";
import { type Expr, paddedBits, type SetLiteral, type Statement } from "../tree/typed.ts";
import { isText, valueOf } from "../types.ts";
import { complement, intersect, meet, type Ranges, rangesOf } from "./ranges.ts";
import { addReads, isQuiet, type Reads, subjectOf } from "./subject.ts";

/** Fields with the values each may have. */
export type Box = ReadonlyMap<string, Ranges>;

/**
 * What a packet must be for a rule: in one of the boxes (all of whose fields hold), and whatever else is asked, as
 * text. `exact` where that is all; else the boxes hold more than the rule takes.
 */
export interface Condition {
  readonly boxes: readonly Box[];
  readonly others: ReadonlySet<string>;
  readonly exact: boolean;
}

export type TypedMatch = Extract<Statement, { kind: "match" }>;

/** Boxes of one condition; a set of more is left unread. */
export const MOST_BOXES = 64;

/** Whether a packet may fit both: false only where that is proven. */
export const mayMeet = (a: Condition, b: Condition): boolean =>
  a.boxes.some((one) => b.boxes.some((other) => boxesMeet(one, other)));

function boxesMeet(a: Box, b: Box): boolean {
  for (const [subject, ranges] of a) {
    const others = b.get(subject);
    if (others !== undefined && !meet(ranges, others)) return false;
  }
  return true;
}

export const EVERYTHING: Condition = { boxes: [new Map()], others: new Set(), exact: true };

/** What both ask. */
export function both(a: Condition, b: Condition): Condition {
  const exact = a.exact && b.exact, others = new Set([...a.others, ...b.others]);
  if (a.boxes.length * b.boxes.length > MOST_BOXES) return { boxes: a.boxes, others, exact: false };
  const boxes: Box[] = [];
  for (const one of a.boxes) for (const other of b.boxes) boxes.push(boxOfBoth(one, other));
  return { boxes, others, exact };
}

function boxOfBoth(a: Box, b: Box): Box {
  const box = new Map(a);
  for (const [subject, ranges] of b) {
    const there = box.get(subject);
    box.set(subject, there === undefined ? ranges : intersect(there, ranges));
  }
  return box;
}

/** What a match asks; undefined where it leaves a trace or answers differently each time. */
export function conditionOf(match: TypedMatch, text: string, table?: Table): Condition | undefined {
  if (!isQuiet(match.left)) return undefined;
  const asText: Condition = { boxes: [new Map()], others: new Set([text]), exact: true };
  const { op, right, left } = match;
  if (right.kind === "set") {
    if (right.set.kind === "named") {
      return table !== undefined && isSilent(table, right.set.name) ? asText : undefined;
    }
    return literalCondition(left, op, right.set.literal, asText);
  }
  const subject = subjectOf(left);
  if (subject === undefined || op === "flags" || op === "not flags") return asText;
  const most = (1n << BigInt(left.bits)) - 1n;
  const bounds = boundsOf(right, true);
  const from = valueOf(bounds.from, "big"), to = valueOf(bounds.to, "big");
  const ranges = relation(op, from, to, most);
  return { boxes: [new Map([[subject, ranges]])], others: new Set(), exact: true };
}

function relation(op: TypedMatch["op"], from: bigint, to: bigint, most: bigint): Ranges {
  switch (op) {
    case "neq":
      return complement([[from, to]], most);
    case "lt":
      return from === 0n ? [] : [[0n, from - 1n]];
    case "lte":
      return [[0n, from]];
    case "gt":
      return from >= most ? [] : [[from + 1n, most]];
    case "gte":
      return [[from, most]];
    default:
      return [[from, to]];
  }
}

function literalCondition(
  left: Expr,
  op: TypedMatch["op"],
  literal: SetLiteral,
  asText: Condition,
): Condition | undefined {
  if (literal.elements.some((element) => element.statements !== undefined || element.counter !== undefined)) {
    return undefined;
  }
  const boxes = literalBoxes(left, literal);
  if (boxes === undefined) return asText;
  if (left.kind === "concatenation") {
    return op === "eq" && boxes.length <= MOST_BOXES ? { boxes, others: new Set(), exact: true } : asText;
  }
  const subject = subjectOf(left)!;
  const ranges = rangesOf(boxes.flatMap((box) => [...box.get(subject)!]));
  const values = op === "neq" ? complement(ranges, (1n << BigInt(left.bits)) - 1n) : ranges;
  return { boxes: [new Map([[subject, values]])], others: new Set(), exact: true };
}

/** A box for every element of a set or map written out; undefined where the fields have no names. */
export function literalBoxes(left: Expr, literal: SetLiteral): Box[] | undefined {
  if (literal.elements.some((element) => element.catchall || element.timeout !== undefined)) return undefined;
  const parts = left.kind === "concatenation" ? left.parts : [left];
  const subjects = parts.map(subjectOf);
  if (subjects.some((subject) => subject === undefined) || new Set(subjects).size !== subjects.length) {
    return undefined;
  }
  return literal.elements.map(({ key, end }) => {
    const box = new Map<string, Ranges>();
    let at = 0;
    parts.forEach((part, index) => {
      const bits = literal.keyBits[index]!, stop = at + ((bits + 7) >> 3);
      const order = literal.interval || isText(part.type) ? "big" : part.order;
      const from = valueOf(key.subarray(at, stop), order);
      box.set(subjects[index]!, [[from, end === undefined ? from : valueOf(end.subarray(at, stop), order)]]);
      at += paddedBits(bits) / 8;
    });
    return box;
  });
}

/** Whether looking something up in it leaves no trace: elements may count, or live on when they are used. */
export function isSilent(table: Table, name: string): boolean {
  const set = table.sets.get(name);
  return set !== undefined && !set.counter && set.statements === undefined;
}

export function addMatchReads(match: TypedMatch, reads: Set<string>): Reads {
  addReads(match.left, reads);
  if (match.right.kind === "set" && match.right.set.kind === "named") {
    reads.add(`set ${match.right.set.name}`);
  }
  return reads;
}
