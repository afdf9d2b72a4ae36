import type { Expression } from "../../expr/expression.ts";
import type { SetLiteral, Statement } from "../tree/typed.ts";
import { linearizeAction } from "./action.ts";
import { linearizeAssign } from "./assign.ts";
import { load } from "./load.ts";
import { linearizeMatch } from "./match.ts";
import { linearizeNat } from "./nat.ts";
import { isWide, type Output, setName } from "./output.ts";
import { Registers } from "./registers.ts";
import { verdictOnly } from "./shared_expressions.ts";

/** The checked rule as the kernel's expressions, in the order and with the registers nft 1.0.6 uses. */
export function linearizeRule(
  statements: readonly Statement[],
  name: (literal: SetLiteral) => string,
  /** Told of every statement and the expressions it became. */
  each?: (statement: Statement, expressions: readonly Expression[]) => void,
): Expression[] {
  const out: Output = { expressions: [], registers: new Registers(), name };
  for (const statement of statements) {
    const before = out.expressions.length;
    linearizeStatement(out, statement);
    each?.(statement, out.expressions.slice(before));
  }
  // As long as it is: what grew has room to spare.
  return out.expressions.slice();
}

function linearizeStatement(out: Output, statement: Statement): void {
  switch (statement.kind) {
    case "match":
      return linearizeMatch(out, statement);
    case "verdict":
      return void out.expressions.push(verdictOnly(statement.verdict));
    case "verdict map": {
      const sreg = out.registers.take(statement.key.bits, isWide(statement.key));
      load(out, statement.key, sreg);
      out.expressions.push({
        kind: "lookup",
        set: setName(out, statement.set),
        sreg,
        dreg: 0,
        inverted: false,
      });
      return out.registers.release();
    }
    case "assign":
      return linearizeAssign(out, statement);
    case "nat":
      return linearizeNat(out, statement.nat);
    case "reject":
      return void out.expressions.push({ kind: "reject", type: statement.how, code: statement.code });
    case "set update": {
      // The key has a whole register to itself, however many parts it is made of; several where it is longer.
      const key = out.registers.take(Math.ceil(statement.key.bits / 128) * 128, isWide(statement.key));
      load(out, statement.key, key);
      const { op, timeout, data, statements, meter } = statement;
      const set = meter === undefined ? statement.set : out.name(meter);
      const value = data === undefined ? undefined : out.registers.take(data.bits, isWide(data));
      if (data !== undefined && value !== undefined) load(out, data, value);
      out.expressions.push({
        kind: "dynset",
        op,
        set,
        key,
        ...(value === undefined ? {} : { data: value }),
        ...(timeout === undefined ? {} : { timeout }),
        ...(statements === undefined ? {} : { statements }),
      });
      if (value !== undefined) out.registers.release();
      return out.registers.release();
    }
    case "action":
      return linearizeAction(out, statement.action);
    case "plain":
      return void out.expressions.push(statement.expression);
  }
}
