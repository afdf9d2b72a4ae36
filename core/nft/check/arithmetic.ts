import type { Node } from "../tree/tree.ts";
import { type Expr, type Operand, paddedBits, type PayloadExpr } from "../tree/typed.ts";
import { isInteger } from "../types.ts";
import type { Value, Wanted } from "./constant.ts";

/**
 * What statements may compute since nft 1.1.2: both sides of `&`, `|` and `^` may be fields, and what is narrower
 * than the target is computed in the target's width (expr_evaluate_bitwise with stmt_len). Numbers of different
 * byte order meet in the host's.
 */
export function computed(
  node: Extract<Node, { kind: "binary" }>,
  left: Operand,
  right: Operand | Value,
  wanted: Wanted,
): Expr {
  const { op, span } = node;
  const shift = op === "<<" || op === ">>";
  const wide = wanted.bits > left.bits;
  const bits = Math.max(wanted.bits, left.bits);
  const first = shift || wide ? inHost(left) : left;
  const { type } = left;
  if (right.kind !== "value") {
    const second = first.order === "host" ? inHost(right) : right;
    return { kind: "binary", op, left: first, right: second, type, bits, order: first.order, span };
  }
  const second = shift ? right : { ...right, bits, order: first.order };
  return { kind: "binary", op, left: first, right: second, type, bits, order: first.order, span };
}

/** A number as the host has it; single bytes lie the same both ways. A bit field is turned before it is moved down. */
export function inHost(expr: Operand): Operand {
  if (expr.order === "host" || expr.kind === "map") return expr;
  if (expr.kind === "binary" && expr.op === ">>" && expr.left.kind === "binary") {
    return { ...expr, left: inHost(expr.left), order: "host" };
  }
  const bits = loadedBits(expr);
  if (bits <= 8 || !isInteger(expr.type)) return { ...expr, order: "host" };
  const { type, span } = expr;
  const size = (bits + 7) >> 3;
  return { kind: "byteorder", op: "ntoh", operand: expr, size, type, bits, order: "host", span };
}

/** Whether a value may be turned and computed with in so many bits: the kernel turns two, four or eight bytes. */
export const fitsNumber = (value: Expr, bits: number): boolean =>
  isInteger(value.type) && value.bits <= bits && [8, 16, 32, 64].includes(paddedByte(loadedBits(value)));

const paddedByte = (bits: number): number => (bits + 7) & ~7;

/** Bits of what is loaded, which a mask may have made fewer of. */
function loadedBits(expr: Expr): number {
  let at = expr;
  while (at.kind === "binary") at = at.left;
  return at.bits;
}

/** 4-byte registers that computing a value takes, from the first of its own on. */
export function slotsOf(expr: Expr): number {
  switch (expr.kind) {
    case "binary": {
      const left = slotsOf(expr.left);
      return expr.right.kind === "value" ? left : Math.max(left, 4 + slotsOf(expr.right));
    }
    case "byteorder":
      return slotsOf(expr.operand);
    case "map":
      return slotsOf(expr.key);
    case "hash":
      return expr.key === undefined ? 4 : 4 + slotsOf(expr.key);
    case "concatenation":
      return Math.max(4, expr.parts.reduce((sum, part) => sum + paddedBits(part.bits) / 32, 0));
    default:
      return 4;
  }
}

/** All registers there are. */
export const REGISTER_SLOTS = 16;

/** What `&`, `|` and `^` with constants do to a field, as `(field & keep) ^ turn`. */
export interface FieldChange {
  readonly keep: bigint;
  readonly turn: bigint;
}

/** The change, where the value is made of the very field it is written to: `ip dscp set ip dscp | 0x3`. */
export function changeOf(target: PayloadExpr, value: Expr): FieldChange | undefined {
  const all = (1n << BigInt(target.bits)) - 1n;
  const operations: { op: string; by: bigint }[] = [];
  let at = value;
  while (at.kind === "binary" && at.right.kind === "value" && !isField(target, at)) {
    if (at.op === "<<" || at.op === ">>") return undefined;
    operations.unshift({ op: at.op, by: at.right.value });
    at = at.left;
  }
  if (!isField(target, at)) return undefined;
  let keep = all, turn = 0n;
  for (const { op, by } of operations) {
    const kept = op === "&" ? by : op === "|" ? all & ~by : all;
    turn = ((turn & kept) ^ (op === "&" ? 0n : by)) & all;
    keep &= kept;
  }
  return { keep, turn };
}

/** The field as it is loaded: alone, or masked out of its neighbours and moved down. */
function isField(target: PayloadExpr, expr: Expr): boolean {
  let at = expr;
  for (const op of [">>", "&"] as const) {
    if (at.kind === "binary" && at.op === op && at.type === target.type) at = at.left;
  }
  if (at.kind !== "payload" || at.field === undefined || at.field !== target.field) return false;
  const whole = at.bits === target.bits;
  return at.base === target.base && whole === (at === expr);
}
