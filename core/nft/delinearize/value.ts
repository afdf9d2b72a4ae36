import { NOWHERE } from "../text/source.ts";
import { concatenatedType, type Constant, type Expr, paddedBits } from "../tree/typed.ts";
import { bytesOf, integerType, valueOf } from "../types.ts";

/** Bytes of which nothing is known yet. */
export const rawValue = (bytes: Uint8Array): Constant => ({
  kind: "value",
  value: valueOf(bytes, "big"),
  type: integerType,
  bits: bytes.length * 8,
  order: "big",
  span: NOWHERE,
});

/** Operands that lie one behind another. */
export const concatenationOf = (parts: readonly Expr[]): Expr => ({
  kind: "concatenation",
  parts,
  type: concatenatedType(parts.map((part) => part.type)),
  bits: parts.reduce((sum, part) => sum + paddedBits(part.bits), 0),
  order: "big",
  span: NOWHERE,
});

/** A constant read again as what it is written to. */
export function retyped(constant: Extract<Constant, { kind: "value" }>, target: Expr): Constant {
  const bytes = bytesOf(constant.value, constant.bits, constant.order);
  return { ...constant, ...typeOf(target), value: valueOf(bytes, target.order), bits: bytes.length * 8 };
}

/** What an expression is of. */
export const typeOf = (expr: Expr) => ({
  type: expr.type,
  bits: expr.bits,
  order: expr.order,
  span: NOWHERE,
});

/** What is computed in more bits than it was loaded with is a number of the host's (see `check/arithmetic`). */
export const widened = (operand: Expr, bits: number): Expr =>
  operand.bits > 0 && ((operand.bits + 7) & ~7) < bits ? { ...operand, bits, order: "host" } : operand;

/** Mask and xor as the operations that made them: `& m`, `^ x`, `| o`. */
export function bitwise(operand: Expr, maskBytes: Uint8Array, xorBytes: Uint8Array): Expr {
  const bits = maskBytes.length * 8;
  return operations(operand, valueOf(maskBytes, operand.order), valueOf(xorBytes, operand.order), bits);
}

/** The same of numbers of so many bits. */
export function operations(operand: Expr, keep: bigint, turn: bigint, bits = operand.bits): Expr {
  const all = (1n << BigInt(bits)) - 1n;
  let mask = keep, xor = turn;
  const or = ~mask & xor & all;
  xor &= ~or;
  mask |= or;
  const constant = (value: bigint): Constant => ({ kind: "value", value, ...typeOf(operand), bits });
  const apply = (op: "&" | "^" | "|", left: Expr, value: bigint): Expr => ({
    ...typeOf(left),
    kind: "binary",
    op,
    left,
    right: constant(value),
  });
  let result = operand;
  if (mask !== all || (xor === 0n && or === 0n && bits !== operand.bits)) result = apply("&", result, mask);
  if (xor !== 0n) result = apply("^", result, xor);
  if (or !== 0n) result = apply("|", result, or);
  return result;
}
