import type { Expression } from "../../expr/expression.ts";
import { load } from "./load.ts";
import { isWide, type Output, setName } from "./output.ts";
import type { Action, Expr } from "../tree/typed.ts";

export function linearizeAction(out: Output, action: Action): void {
  let taken = 0;
  const put = (expr: Expr): number => {
    const register = out.registers.take(expr.bits, isWide(expr));
    taken++;
    load(out, expr, register);
    return register;
  };
  out.expressions.push(expressionOf(out, action, put));
  while (taken-- > 0) out.registers.release();
}

function expressionOf(out: Output, action: Action, put: (expr: Expr) => number): Expression {
  switch (action.name) {
    case "queue": {
      const { from, to, bypass, fanout, number } = action;
      const sreg = number === undefined ? {} : { sreg: put(number) };
      return { kind: "queue", from, to, bypass, fanout, ...sreg };
    }
    case "dup": {
      const address = action.address === undefined ? {} : { address: put(action.address) };
      const device = action.device === undefined ? {} : { device: put(action.device) };
      return { kind: "dup", ...address, ...device };
    }
    case "fwd": {
      const device = put(action.device);
      const address = action.address === undefined ? {} : { address: put(action.address) };
      const family = action.family === undefined ? {} : { family: action.family };
      return { kind: "fwd", device, ...address, ...family };
    }
    case "tproxy": {
      const address = action.address === undefined ? {} : { address: put(action.address) };
      const port = action.port === undefined ? {} : { port: put(action.port) };
      const family = action.family === undefined ? {} : { family: action.family };
      return { kind: "tproxy", ...family, ...address, ...port };
    }
    case "object":
      return {
        kind: "objref map",
        type: action.type,
        sreg: put(action.key),
        set: setName(out, action.set),
      };
  }
}
