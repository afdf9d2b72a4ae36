import { META_KEYS } from "../keys.ts";
import { refuse } from "../text/diagnostic.ts";
import type { Node } from "../tree/tree.ts";
import { concatenatedType, type Expr, type Operand, paddedBits } from "../tree/typed.ts";
import { integerType } from "../types.ts";
import { asConstant, fold, type Wanted } from "./constant.ts";
import { computed, fitsNumber } from "./arithmetic.ts";
import type { CheckContext } from "./context.ts";
import { ctKey, requireFamily } from "./ct.ts";
import { payloadField, rawPayload } from "./field.ts";
import { checkHash, fingerprintOperand, numgenOperand, socketOperand, xfrmOperand } from "./generated.ts";
import { mapOf } from "./mapping.ts";
import { extension, listedOption } from "./option.ts";
import { fib, route } from "./route.ts";
import { tunnelField } from "./tunnel.ts";

/** Checks what stands left of a relation, or what a statement takes its value from. */
export function checkOperand(context: CheckContext, node: Node, wanted?: Wanted): Expr {
  switch (node.kind) {
    case "payload":
      return payloadField(context, node);
    case "tunnel":
      return tunnelField(context, node);
    case "raw payload":
      return rawPayload(node);
    case "meta":
      return metaKey(context, node);
    case "ct":
      return ctKey(context, node);
    case "option":
      return listedOption(context, node);
    case "extension":
      return extension(context, node);
    case "rt":
      return route(context, node);
    case "fib":
      return fib(context, node);
    case "binary":
      return binary(context, node, wanted);
    case "concatenation":
      return concatenation(context, node);
    case "map":
      if (wanted === undefined) {
        return refuse(node.span, "a map gives a value; nothing here takes one");
      }
      requireFamily(node.key);
      return mapOf(context, node, checkOperand(context, node.key), wanted);
    case "variable":
      return checkOperand(context, node.value, wanted);
    case "numgen":
      return numgenOperand(node);
    case "hash":
      return checkHash(node, node.key && checkOperand(context, node.key));
    case "socket":
      return socketOperand(node.key, node.span);
    case "osf":
      return fingerprintOperand(node.ttl, node.version, node.span);
    case "xfrm":
      if (!["ip", "ip6", "inet"].includes(context.family)) {
        refuse(node.span, "ipsec expression is only valid in ip/ip6/inet tables");
      }
      return xfrmOperand(node.direction, node.key, node.template, node.span);
    default:
      if (wanted === undefined) {
        return refuse(node.span, "No symbol type information", [], ["a packet field was expected here"]);
      }
      return asConstant(context, node, wanted);
  }
}

function metaKey(context: CheckContext, node: Extract<Node, { kind: "meta" }>): Expr {
  const row = META_KEYS.get(node.key)!;
  if (row.newest && !context.types.newest) refuse(node.span, `nft 1.0.6 has no meta ${node.key}`);
  if (row.key === "ibrhwaddr" && context.family !== "bridge") {
    refuse(node.span, "meta ibrhwaddr is of bridges");
  }
  if (row.name === "nfproto" && context.family !== "inet") {
    refuse(node.span, "meta nfproto is only useful in the inet family", [], [
      `this table holds ${context.family} alone`,
    ]);
  }
  return { kind: "meta", row, type: row.type, bits: row.bits, order: row.order, span: node.span };
}

function binary(context: CheckContext, node: Extract<Node, { kind: "binary" }>, wanted?: Wanted): Expr {
  const left = checkOperand(context, node.left, wanted);
  const shift = node.op === "<<" || node.op === ">>";
  // A constant stands on the right (expr_evaluate_binop).
  if (wanted?.statement && left.kind === "value" && !shift) {
    const right = checkOperand(context, node.right, wanted);
    return right.kind === "value" ? fold(node, left, right) : binaryOf(node, right, left, wanted);
  }
  const rightWanted: Wanted = shift
    ? { type: integerType, bits: 32, order: "host" }
    : wanted?.statement
    ? { ...wanted, type: left.type, bits: Math.max(left.bits, wanted.bits), order: left.order }
    : { type: left.type, bits: left.bits, order: left.order };
  const right = checkOperand(context, node.right, rightWanted);
  return binaryOf(node, left, right, wanted);
}

/** An operation of checked sides. */
function binaryOf(
  node: Extract<Node, { kind: "binary" }>,
  left: Expr,
  right: Expr,
  wanted: Wanted | undefined,
): Expr {
  const shift = node.op === "<<" || node.op === ">>";
  if (
    right.kind !== "value" &&
    (!wanted?.statement || shift || !isOperand(right) || !fitsNumber(right, Math.max(left.bits, wanted.bits)))
  ) {
    return refuse(node.right.span, `Right hand side of binary operation (${node.op}) must be constant`, [
      node.span,
    ], [
      "write the field on the left and the number on the right",
    ]);
  }
  if (left.kind === "value" && right.kind === "value") return fold(node, left, right);
  if (
    left.kind === "value" || left.kind === "constants" || left.kind === "range" || left.kind === "prefix" ||
    left.kind === "verdict" || left.kind === "wildcard"
  ) {
    return refuse(node.left.span, "this value cannot be part of an operation");
  }
  const bits = Math.max(left.bits, wanted?.statement ? wanted.bits : 1);
  if (shift && right.kind === "value" && right.value >= BigInt(bits)) {
    const which = node.op === "<<" ? "Left" : "Right";
    refuse(
      node.right.span,
      `${which} shift of ${right.value} bits is not defined for type of ${bits} bits width`,
      [node.left.span],
    );
  }
  if (wanted?.statement && (right.kind !== "value" || fitsNumber(left, bits))) {
    return computed(node, left, right, wanted);
  }
  return {
    kind: "binary",
    op: node.op,
    left,
    right,
    type: left.type,
    bits: left.bits,
    order: left.order,
    span: node.span,
  };
}

const isOperand = (expr: Expr): expr is Operand =>
  !["value", "range", "prefix", "constants", "wildcard", "verdict", "concatenation"].includes(expr.kind);

const variableSized = (part: Expr, span: Node["span"]): never =>
  refuse(part.span, `can not use variable sized data types (${part.type.name}) in concat expressions`, [
    span,
  ]);

function concatenation(context: CheckContext, node: Extract<Node, { kind: "concatenation" }>): Expr {
  node.parts.forEach(requireFamily);
  const parts = node.parts.map((part) => checkOperand(context, part));
  const bits = parts.reduce((sum, part) => sum + paddedBits(part.bits), 0);
  if (bits > 512) refuse(node.span, `concatenation of ${bits / 8} bytes is too large, maximum is 64`);
  for (const part of parts) {
    if (part.type.bits === 0 && part.bits === 0) {
      variableSized(part, node.span);
    }
    if (part.type.name === "string" || part.type.name === "bitmask" || part.type.name === "invalid") {
      variableSized(part, node.span);
    }
  }
  return {
    kind: "concatenation",
    parts,
    type: concatenatedType(parts.map((part) => part.type)),
    bits,
    order: "big",
    span: node.span,
  };
}
