import type { Constant, Expr } from "../tree/typed.ts";
import { integerType } from "../types.ts";

/** A relation with its constant operations moved to the constant side. */
export interface Transfer {
  readonly left: Expr;
  /** Does to a constant what was taken off the left. */
  readonly adapt: (constant: Constant) => Constant;
}

/**
 * `(x >> n) == v` becomes `x == v << n`, `(x ^ c) == v` becomes `x == v ^ c`: the packet path does less. Right
 * shifts are moved only where a mask below them has cleared what they would drop.
 */
export function transferOf(left: Expr): Transfer {
  if (left.kind !== "binary" || left.right.kind !== "value") return { left, adapt: (constant) => constant };
  const operand = left.left;
  const by = left.right.value;
  switch (left.op) {
    case ">>": {
      return { left: operand, adapt: (c) => mapValues(c, operand.bits, (v) => v << by) };
    }
    case "<<": {
      return { left: operand, adapt: (c) => mapValues(c, operand.bits, (v) => v >> by) };
    }
    case "^": {
      return {
        left: operand,
        adapt: (c) => (c.kind === "value" ? mapValues(c, operand.bits, (v) => v ^ by) : c),
      };
    }
    default:
      return { left, adapt: (constant) => widen(constant, left.left.bits) };
  }
}

const widen = (constant: Constant, bits: number): Constant =>
  constant.kind === "value" && constant.bits < bits ? { ...constant, bits } : constant;

function mapValues(constant: Constant, bits: number, change: (value: bigint) => bigint): Constant {
  switch (constant.kind) {
    case "value":
      return { ...constant, bits, value: change(constant.value) };
    case "range":
      return { ...constant, bits, from: change(constant.from), to: change(constant.to) };
    case "prefix": {
      const last = constant.value | ((1n << BigInt(constant.bits - constant.length)) - 1n);
      const { type, order, span } = constant;
      return {
        kind: "range",
        from: change(constant.value),
        to: change(last),
        type: type ?? integerType,
        bits,
        order,
        span,
      };
    }
    default:
      return constant;
  }
}
