import { asConstant, single, type Wanted } from "./constant.ts";
import type { CheckContext } from "./context.ts";
import { asWanted, bigEndian, namedSet, requireType } from "./lookup.ts";
import { checkOperand } from "./operand.ts";
import { checkElements, setOf } from "./set.ts";
import { booleanType } from "../datatype/symbolic.ts";
import { refuse } from "../text/diagnostic.ts";
import { transferOf } from "./transfer.ts";
import type { Node, RelationOp, StatementNode } from "../tree/tree.ts";
import type { Constant, Expr, MatchOp, SetLiteral } from "../tree/typed.ts";
import { integerType, isBitmask, valueOf } from "../types.ts";

type MatchNode = Extract<StatementNode, { kind: "match" }>;

const OPS: Readonly<Record<RelationOp, MatchOp>> = {
  implicit: "eq",
  "==": "eq",
  "!=": "neq",
  "<": "lt",
  ">": "gt",
  "<=": "lte",
  ">=": "gte",
  "!": "not flags",
};

/** A relation: field against value, set, range or flags. */
export function checkMatch(context: CheckContext, node: MatchNode): void {
  let left = checkOperand(context, node.left);
  if (left.kind === "value") {
    return refuse(node.left.span, "Relational expression's left-hand side cannot be a constant");
  }
  left = presence(left, node.right);
  const written = setOf(node.right);
  if (node.mask !== undefined) return masked(context, node, left);
  if (written !== undefined) {
    const [only] = written.elements;
    if (
      written.elements.length === 1 && only !== undefined && plain(only) && setOf(only.key) === undefined &&
      left.kind !== "concatenation"
    ) {
      return matchConstant(context, node, left, asConstant(context, only.key, asWanted(left)));
    }
    return matchSet(context, node, left, written);
  }
  const right = deref(node.right);
  if (right.kind === "set reference") {
    const set = namedSet(context, right, "set");
    requireType(set, left, right.span);
    if (set.data !== undefined) refuse(right.span, `Expression is not a set`, [], ["this is a map"]);
    requireEquality(node, "set");
    const operand = set.interval ? bigEndian(left) : left;
    context.statements.push({
      kind: "match",
      op: OPS[node.op],
      left: operand,
      right: {
        kind: "set",
        set: { kind: "named", name: set.name, interval: set.interval },
        span: right.span,
      },
      implicit: node.op === "implicit",
      span: node.span,
    });
    return;
  }
  const secret = (left.kind === "meta" || left.kind === "ct") && left.row.key === "secmark";
  if (secret) refuse(node.right.span, "Cannot be used with right hand side constant value", [node.left.span]);
  if (left.kind === "concatenation") {
    refuse(node.left.span, "Use concatenations with sets and maps, not singleton values", [node.right.span], [
      "write the value in braces: { a . b }",
    ]);
  }
  const value = hours(left) && node.op !== "!" ? overnight(context, node, left) : undefined;
  if (value === undefined) return matchConstant(context, node, left, compared(context, node, left));
  matchConstant(context, { ...node, op: node.op === "!=" ? "==" : "!=" }, left, value);
}

const hours = (left: Expr): boolean => left.kind === "meta" && left.row.name === "hour";

/** `meta hour "22:00"-"06:00"`: all but what lies between its ends, turned about (range_needs_swap). */
function overnight(context: CheckContext, node: MatchNode, left: Expr): Constant | undefined {
  if (deref(node.right).kind !== "range" || !["implicit", "==", "!="].includes(node.op)) return undefined;
  const range = asConstant(context, node.right, { ...asWanted(left), cyclic: true });
  return range.kind === "range" && range.from > range.to
    ? { ...range, from: range.to, to: range.from }
    : undefined;
}

/** Behind a shift nft takes what follows for plain numbers, which then fit plain numbers only. */
function compared(context: CheckContext, node: MatchNode, left: Expr): Constant {
  if (!shifts(node.left) || left.type.name === "integer") {
    return asConstant(context, node.right, asWanted(left));
  }
  const value = asConstant(context, node.right, { ...asWanted(left), type: integerType });
  return refuse(
    value.span,
    `datatype mismatch, expected ${left.type.description}, expression has type integer`,
    [node.left.span],
  );
}

const shifts = (node: Node): boolean =>
  node.kind === "binary" && (node.op === "<<" || node.op === ">>" || shifts(node.left));

/** `x << 8 == 1`: no shift gives that. */
function losesBits(left: Expr, right: Constant): void {
  if (left.kind !== "binary" || left.op !== "<<" || left.right.kind !== "value" || right.kind !== "value") {
    return;
  }
  if ((right.value & ((1n << left.right.value) - 1n)) !== 0n) {
    refuse(right.span, "Comparison is always false", [left.span]);
  }
}

const deref = (node: Node): Node => (node.kind === "variable" ? deref(node.value) : node);

/** Elements without options or data may stand for themselves. */
const plain = (
  element: { data?: unknown; timeout?: unknown; comment?: unknown; counter?: unknown; key: Node },
): boolean =>
  element.data === undefined && element.timeout === undefined && element.comment === undefined &&
  element.counter === undefined && element.key.kind !== "wildcard";

/** `fib ... exists`: whether there is a route, not which. */
function presence(left: Expr, right: Node): Expr {
  const value = deref(right);
  const asks = value.kind === "symbol" && (value.text === "exists" || value.text === "missing");
  if (left.kind !== "fib" || !asks || left.present) return left;
  return { ...left, present: true, type: booleanType, bits: 1, order: "host" };
}

function requireEquality(node: MatchNode, what: string): void {
  if (node.op === "implicit" || node.op === "==" || node.op === "!=") return;
  refuse(node.right.span, `Relational expression (${node.op}) is not defined for ${what} expressions`, [
    node.opSpan,
  ]);
}

function matchSet(
  context: CheckContext,
  node: MatchNode,
  left: Expr,
  written: Extract<Node, { kind: "set" }>,
): void {
  requireEquality(node, "set");
  const transfer = transferOf(left);
  const shape = { key: asWanted(left), merge: true, keyBits: transfer.left.bits, adapt: transfer.adapt };
  const literal = checkElements(context, written.elements, shape, written.span);
  const target = literal.interval ? bigEndian(transfer.left) : transfer.left;
  context.statements.push({
    kind: "match",
    op: OPS[node.op],
    left: target,
    right: { kind: "set", set: { kind: "literal", literal }, span: written.span },
    implicit: node.op === "implicit",
    span: node.span,
  });
  if (node.op === "!=") return;
  learn(context, left, memberValues(literal), node);
}

function memberValues(literal: SetLiteral): bigint[] {
  if (literal.keyBits.length > 1) return [];
  return literal.elements.filter((element) => element.end === undefined)
    .map((element) => valueOf(element.key, literal.interval ? "big" : literal.key.order));
}

function matchConstant(context: CheckContext, node: MatchNode, left: Expr, right: Constant): void {
  const bitmask = isBitmask(left.type);
  let op = OPS[node.op];
  const ordered = op === "lt" || op === "gt" || op === "lte" || op === "gte";
  if (right.kind === "wildcard" || right.kind === "verdict") refuse(right.span, "a value was expected here");
  if (right.kind === "constants") {
    refuse(right.span, "Use concatenations with sets and maps, not singleton values", [left.span]);
  }
  if (ordered) {
    if (right.kind !== "value") {
      const what = right.kind === "prefix" ? "prefix" : "range";
      refuse(right.span, `Relational expression (${node.op}) is not defined for ${what} expressions`, [
        node.opSpan,
      ]);
    }
  }
  if (op === "not flags" && left.kind === "binary") {
    refuse(left.span, "cannot combine negation with binary expression", [right.span]);
  }
  if (op === "not flags" && (!bitmask || right.kind !== "value")) {
    refuse(left.span, "negation can only be used with singleton bitmask values", [right.span]);
  }
  if (op === "eq" && node.op === "implicit" && bitmask && right.kind === "value") op = "flags";
  losesBits(left, right);
  const transfer = transferOf(left);
  const adapted = transfer.adapt(right);
  const sorted = ordered || right.kind === "range";
  context.statements.push({
    kind: "match",
    op,
    left: sorted ? bigEndian(transfer.left) : transfer.left,
    right: sorted ? { ...adapted, order: "big" } : adapted,
    implicit: node.op === "implicit",
    span: node.span,
  });
  if (op !== "eq" || right.kind !== "value") return;
  learn(context, left, [right.value], node);
}

function learn(context: CheckContext, left: Expr, values: readonly bigint[], node: MatchNode): void {
  context.protocols.learnFrom(left, values, node.span);
  if (left.kind !== "payload" || left.field?.name !== "type") return;
  const name = left.protocol?.name;
  if (name !== "icmp" && name !== "icmpv6") return;
  const { tunnel } = left;
  (tunnel === undefined ? context.protocols : context.protocols.inside(tunnel.name)).icmpTypes = values.map(
    Number,
  );
}

/** `tcp flags syn / syn,ack`: of these flags, just those. */
function masked(context: CheckContext, node: MatchNode, left: Expr): void {
  const wanted: Wanted = asWanted(left);
  const mask = single(asConstant(context, node.mask!, wanted));
  const right = single(asConstant(context, node.right, wanted));
  requireEquality(node, "masked");
  const { type, bits, order } = left;
  const span = node.left.span;
  context.statements.push({
    kind: "match",
    op: OPS[node.op] === "neq" ? "neq" : "eq",
    left: { kind: "binary", op: "&", left, right: mask, type, bits, order, span },
    right,
    implicit: false,
    span: node.span,
  });
}
