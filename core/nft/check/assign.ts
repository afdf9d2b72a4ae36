import { markType } from "../datatype/symbolic.ts";
import type { ElementStatement } from "../../expr/expression.ts";
import type { SetDefinition } from "../../ruleset/ruleset.ts";
import { type CheckContext, setSource } from "./context.ts";
import { asWanted, bigEndian, describeTypes, namedSet, typesAgree } from "./lookup.ts";
import { elementStatement } from "./stateful.ts";
import { checkOperand } from "./operand.ts";
import { booleanType } from "../datatype/symbolic.ts";
import { refuse } from "../text/diagnostic.ts";
import type { ElementNode, Node, StatementNode } from "../tree/tree.ts";
import { type Expr, type Operand, type SetLiteral, tunnelOf } from "../tree/typed.ts";
import { isInteger } from "../types.ts";
import { changeOf, fitsNumber, inHost, REGISTER_SLOTS, slotsOf } from "./arithmetic.ts";
import type { Wanted } from "./constant.ts";

/** `meta mark set ...`, `ct mark set ...`, `tcp option maxseg size set ...`, `ip dscp set ...`. */
export function checkAssign(
  context: CheckContext,
  node: Extract<StatementNode, { kind: "set value" }>,
): void {
  const target = targetOf(checkOperand(context, node.target), node.target);
  const newest = context.types.newest === true;
  const wanted: Wanted = newest ? { ...asWanted(target), statement: true } : asWanted(target);
  const written = checkOperand(context, node.value, wanted);
  // Marks take any number.
  const number = newest && wanted.type === markType && written.type.name !== wanted.type.name &&
    written.type.name !== "integer" && isComputed(written) && fitsNumber(written, wanted.bits);
  const value = number ? inHost(written) : inOrder(written, wanted.order);
  if (slotsOf(value) > REGISTER_SLOTS) refuse(node.value.span, "this takes more registers than there are");
  if (value.kind === "range" || value.kind === "prefix") requireConstant(target, value, node);
  if (
    value.kind === "range" || value.kind === "prefix" || value.kind === "verdict" || value.kind === "wildcard"
  ) {
    refuse(node.value.span, "a single value was expected here");
  }
  const numbers = written.kind === "payload" && written.type.name === "integer" &&
    (wanted.type.name !== "integer" || written.bits !== wanted.bits);
  if (numbers || (!number && value.type.name !== wanted.type.name && value.type.name !== "integer")) {
    refuse(
      node.value.span,
      `datatype mismatch: expected ${wanted.type.description}, expression has type ${value.type.description}${
        numbers ? ` with length ${written.bits}` : ""
      }`,
      [{ ...node.span, end: node.value.span.start }],
    );
  }
  if (!newest || target.kind !== "payload" || changeOf(target, value) === undefined) {
    requireConstant(target, value, node);
  }
  requireSettable(target, node.target);
  context.statements.push({ kind: "assign", target, value, span: node.span });
}

/** A field that is no whole word is masked into what is there, and only a constant can be. */
function requireConstant(
  target: Operand,
  value: Expr,
  node: Extract<StatementNode, { kind: "set value" }>,
): void {
  if (target.kind !== "payload" || value.kind === "value") return;
  const shift = maskedShift(target);
  if (shift === undefined) return;
  const { span } = node.value;
  const what = value.kind === "prefix" ? "range" : value.kind;
  const computed = what !== "map" && what !== "range";
  if (shift > 0 && !computed) {
    refuse(span, `Binary operation (<<) is not defined for ${what} expressions`, [node.target.span]);
  }
  if (shift >= target.bits && value.bits <= shift) {
    refuse(
      node.target.span,
      `Left shift of ${shift} bits is not defined for type of ${target.bits} bits width`,
      [
        span,
      ],
    );
  }
  if (!computed) {
    refuse(node.target.span, `Binary operation (^) is not defined for ${what} expressions`);
  }
  // What is moved up takes the target's place in the message.
  if (shift > 0) refuse(node.target.span, "Right hand side of binary operation (^) must be constant");
  refuse(span, "Right hand side of binary operation (^) must be constant", [node.target.span]);
}

/** Bits the value goes up in the words it is masked into; undefined where the field is words of its own. */
function maskedShift(target: Extract<Operand, { kind: "payload" }>): number | undefined {
  const unit = target.protocol?.checksum === undefined ? 8 : 16;
  const end = target.offset + target.bits;
  if (target.offset % unit === 0 && end % unit === 0) return undefined;
  return Math.ceil(end / unit) * unit - end;
}

/** The field itself, where only some of its bits are written. */
function targetOf(expr: Expr, node: Node): Operand {
  let at = expr;
  while (at.kind === "binary") at = at.left;
  if (tunnelOf(at) !== undefined) refuse(node.span, "a packet inside another cannot be changed");
  if (at.kind === "payload" && at.field !== undefined) {
    const { field } = at;
    // Bits of the field within the bytes that were loaded for it.
    const stack = at.offset - ((field.offset >> 3) << 3);
    return { ...at, offset: stack + field.offset, bits: field.bits };
  }
  if (
    at.kind === "extension" || at.kind === "rt" || at.kind === "fib" ||
    (at.kind === "option" && at.of !== undefined) ||
    (at.kind === "option" && at.type === booleanType)
  ) {
    return refuse(node.span, "this cannot be changed");
  }
  if (at.kind === "payload" || at.kind === "meta" || at.kind === "ct" || at.kind === "option") return at;
  return refuse(node.span, "this cannot be changed");
}

const SETTABLE_META = ["mark", "priority", "pkttype", "nftrace", "secmark", "broute"];
const SETTABLE_CT = ["mark", "label", "zone", "event", "secmark"];

function requireSettable(target: Operand, { span }: Node): void {
  if (target.kind === "meta" && !SETTABLE_META.includes(target.row.name)) {
    refuse(span, `meta ${target.row.name} cannot be set`, [], [
      `only ${SETTABLE_META.join(", ")}`,
    ]);
  }
  if (target.kind === "ct" && !SETTABLE_CT.includes(target.row.name)) {
    refuse(span, `ct ${target.row.name} cannot be set`, [], [`only ${SETTABLE_CT.join(", ")}`]);
  }
}

const isComputed = (expr: Expr): expr is Operand =>
  !["value", "range", "prefix", "constants", "wildcard", "verdict", "concatenation"].includes(expr.kind);

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
  const { element } = node;
  const key = checkOperand(context, element.key);
  if (key.kind === "value") refuse(element.key.span, "a packet field was expected here");
  requireKey(set, key, node);
  if (element.comment !== undefined) refuse(element.key.span, "Key expression comments are not supported");
  context.statements.push({
    kind: "set update",
    op: node.op,
    set: set.name,
    key,
    span: node.span,
    ...options(element),
    ...dataOf(context, set, node),
  });
}

/** The key must be of the set's type, part by part. */
function requireKey(
  set: SetDefinition,
  key: Expr,
  node: Extract<StatementNode, { kind: "set update" }>,
): void {
  const wanted = setSource(set)?.key;
  if (wanted === undefined || typesAgree(wanted, key)) return;
  const given = key.kind === "concatenation" ? key.parts.map((part) => part.type) : [key.type];
  refuse(
    node.element.key.span,
    `datatype mismatch: expected ${describeTypes(wanted)}, expression has type ${describeTypes(given)}`,
    [node.span],
  );
}

function options(element: ElementNode): { timeout?: number; statements?: readonly ElementStatement[] } {
  const { timeout, statements } = element;
  return {
    ...(timeout === undefined || timeout === 0n ? {} : { timeout: Number(timeout) }),
    ...(statements === undefined ? {} : { statements: statements.map(elementStatement) }),
  };
}

/** What a map's element gets from the rule. */
function dataOf(
  context: CheckContext,
  set: SetDefinition,
  { element, span }: Extract<StatementNode, { kind: "set update" }>,
): { data?: Expr } {
  const types = setSource(set)?.data;
  if (element.data === undefined) {
    if (types !== undefined) refuse(element.span, "missing data in map element", [], ["write KEY : DATA"]);
    return {};
  }
  const [type] = types ?? [];
  if (types?.length !== 1 || type === undefined) {
    return refuse(
      element.data.span,
      types === undefined ? "set is not a map" : "a single value was expected here",
    );
  }
  const wanted = { type, bits: type.bits, order: type.order };
  const data = inOrder(checkOperand(context, element.data, wanted), type.order);
  if (data.type.name !== type.name && data.type.name !== "integer") {
    refuse(
      element.data.span,
      `datatype mismatch: expected ${type.description}, expression has type ${data.type.description}`,
      [span],
    );
  }
  return { data };
}

/** `meter NAME { KEY ... }`: a set of the rule's own, filled by it. */
export function checkMeter(context: CheckContext, node: Extract<StatementNode, { kind: "meter" }>): void {
  const { element, name, size } = node;
  const key = checkOperand(context, element.key);
  if (key.kind === "value") refuse(element.key.span, "No symbol type information");
  const parts = key.kind === "concatenation" ? key.parts : [key];
  const [, second] = element.statements ?? [];
  if (second !== undefined) refuse(second.span, "a meter has one statement");
  const timeouts = element.timeout !== undefined;
  const meter: SetLiteral = {
    key: asWanted(key).type,
    keyBits: parts.map((part) => part.bits),
    interval: false,
    elements: [],
    meter: {
      name,
      timeouts,
      counts: element.statements?.[0]?.kind === "counter",
      ...(size === undefined || size === 0 ? {} : { size }),
    },
    span: node.span,
  };
  context.statements.push({
    kind: "set update",
    op: timeouts ? "update" : "add",
    set: name,
    meter,
    key,
    span: node.span,
    ...options(element),
  });
}
