import { OBJECT_TYPES } from "../check/stateful.ts";
import { printOperand } from "./operand.ts";
import type { PrintContext } from "./context.ts";
import type { Action, Expr } from "../tree/typed.ts";

export function printAction(action: Action, context: PrintContext): string {
  const { types, set, family } = context;
  const text = (expr: Expr) => printOperand(expr, types, set);
  switch (action.name) {
    case "queue": {
      const { from, to, number } = action;
      const flags = [action.bypass && "bypass", action.fanout && "fanout"].filter((flag) => flag !== false);
      const where = number !== undefined ? text(number) : from === to ? `${from}` : `${from}-${to}`;
      return `queue${flags.length === 0 ? "" : ` flags ${flags.join(",")}`} to ${where}`;
    }
    case "dup": {
      const { address, device } = action;
      if (address === undefined) return `dup to ${device === undefined ? "" : text(device)}`;
      return `dup to ${text(address)}${device === undefined ? "" : ` device ${text(device)}`}`;
    }
    case "fwd":
      return action.address === undefined
        ? `fwd to ${text(action.device)}`
        : `fwd ${action.family ?? "ip"} to ${text(action.address)} device ${text(action.device)}`;
    case "tproxy": {
      const { address, port } = action;
      const own = action.family !== undefined && action.family !== family ? ` ${action.family}` : "";
      const bracketed = address?.kind === "value" && action.family === "ip6";
      const where = address === undefined ? "" : bracketed ? `[${text(address)}]` : text(address);
      return `tproxy${own} to ${where}${port === undefined ? "" : `:${text(port)}`}`;
    }
    case "object":
      return `${objectWords(action.type)} ${text(action.key)} map ${set(action.set)}`;
  }
}

/** What stands before the name in a reference. */
export function objectWords(type: number): string {
  const word = [...OBJECT_TYPES].find(([, number]) => number === type)?.[0] ?? "counter";
  if (word === "secmark") return "meta secmark set";
  return word.startsWith("ct ") ? `${word} set` : `${word} name`;
}
