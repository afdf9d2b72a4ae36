import type { CheckContext } from "./check_context.ts";
import { asWanted, bigEndian, namedSet, requireType } from "./check_lookup.ts";
import { checkOperand } from "./check_operand.ts";
import { booleanType } from "./datatype/symbolic.ts";
import { refuse } from "./diagnostic.ts";
import type { Node, StatementNode } from "./tree.ts";
import type { Expr, Operand } from "./typed.ts";
import { isInteger } from "./types.ts";

/** `meta mark set ...`, `ct mark set ...`, `tcp option maxseg size set ...`, `ip dscp set ...`. */
export function checkAssign(
  context: CheckContext,
  node: Extract<StatementNode, { kind: "set value" }>,
): void {
  const target = targetOf(checkOperand(context, node.target), node.target);
  const wanted = wantedOf(target, node);
  const written = checkOperand(context, node.value, wanted);
  const value = inOrder(written, wanted.order);
  if (
    value.kind === "range" || value.kind === "prefix" || value.kind === "verdict" || value.kind === "wildcard"
  ) {
    refuse(node.value.span, "a single value was expected here");
  }
  const agrees = value.type.name === wanted.type.name || value.type === wanted.type ||
    (isInteger(value.type) && (value.type.name === "integer" || wanted.type.name === "integer"));
  if (!agrees) {
    refuse(
      node.value.span,
      `datatype mismatch: expected ${wanted.type.description}, expression has type ${value.type.description}`,
      [{ ...node.span, end: node.value.span.start }],
    );
  }
  context.statements.push({ kind: "assign", target, value, span: node.span });
}

/** The field itself, where only some of its bits are written. */
function targetOf(expr: Expr, node: Node): Operand {
  let at = expr;
  while (at.kind === "binary") at = at.left;
  if (at.kind === "payload" && at.field !== undefined) {
    const { field } = at;
    // Bits of the field within the bytes that were loaded for it.
    const stack = at.offset - ((field.offset >> 3) << 3);
    return { ...at, offset: stack + field.offset, bits: field.bits };
  }
  if (
    at.kind === "extension" || at.kind === "rt" || at.kind === "fib" ||
    (at.kind === "option" && at.type === booleanType)
  ) {
    return refuse(node.span, "this cannot be changed");
  }
  if (at.kind === "payload" || at.kind === "meta" || at.kind === "ct" || at.kind === "option") return at;
  return refuse(node.span, "this cannot be changed");
}

const SETTABLE_META = ["mark", "priority", "pkttype", "nftrace"];
const SETTABLE_CT = ["mark", "label", "zone", "event"];

function wantedOf(target: Operand, node: Extract<StatementNode, { kind: "set value" }>) {
  if (target.kind === "meta" && !SETTABLE_META.includes(target.row.name)) {
    refuse(node.target.span, `meta ${target.row.name} cannot be set`, [], [
      `only ${SETTABLE_META.join(", ")}`,
    ]);
  }
  if (target.kind === "ct" && !SETTABLE_CT.includes(target.row.name)) {
    refuse(node.target.span, `ct ${target.row.name} cannot be set`, [], [`only ${SETTABLE_CT.join(", ")}`]);
  }
  return asWanted(target);
}

function inOrder(value: Expr, order: "big" | "host"): Expr {
  if (value.order === order || value.bits <= 8 || value.kind === "value" || value.kind === "map") {
    return value;
  }
  if (order === "big") return bigEndian(value);
  if (!isInteger(value.type)) return value;
  const size = (value.bits + 7) >> 3;
  return {
    kind: "byteorder",
    op: "ntoh",
    operand: value,
    size,
    type: value.type,
    bits: value.bits,
    order,
    span: value.span,
  };
}

/** `add @set { KEY timeout ... }`. */
export function checkSetUpdate(
  context: CheckContext,
  node: Extract<StatementNode, { kind: "set update" }>,
): void {
  const set = namedSet(context, node.set, "set");
  const key = checkOperand(context, node.element.key);
  if (key.kind === "value") refuse(node.element.key.span, "a packet field was expected here");
  requireType(set, key, node.set.span);
  const { timeout, statements, counter } = node.element;
  if (statements !== undefined || counter !== undefined) {
    refuse(node.element.span, "statements of an element added by a rule are not built yet");
  }
  context.statements.push({
    kind: "set update",
    op: node.op,
    set: set.name,
    key,
    span: node.span,
    ...(timeout === undefined ? {} : { timeout: Number(timeout) }),
  });
}
