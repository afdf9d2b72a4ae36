import type { Expression } from "../../expr/expression.ts";
import type { Expr, SetLiteral, SetUse } from "../tree/typed.ts";
import type { Registers } from "./registers.ts";

/** Where the code of one rule goes. */
export interface Output {
  readonly expressions: Expression[];
  readonly registers: Registers;
  /** Gives a set written in the rule its name. */
  name(literal: SetLiteral): string;
}

/** Concatenations take whole registers. */
export const isWide = (expr: Expr): boolean => expr.kind === "concatenation";

/** The name of a set, which one written in the rule gets here. */
export function setName(out: Output, use: SetUse): string {
  return use.kind === "named" ? use.name : out.name(use.literal);
}
