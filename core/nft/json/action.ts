import type { Expression } from "../../expr/expression.ts";
import { OBJECT_TYPES } from "../check/stateful.ts";
import { SYNPROXY_MSS, SYNPROXY_SACK, SYNPROXY_TIMESTAMP, SYNPROXY_WSCALE } from "../parse/action.ts";
import type { Action } from "../tree/typed.ts";
import { type Json, type JsonObject, oneOrMany } from "./json.ts";
import { jsonOperand, type OperandJson } from "./operand.ts";

/** Statements that hand the packet, or a copy of it, to something else. */
export function jsonAction(action: Action, context: OperandJson, family: string): Json {
  switch (action.name) {
    case "queue": {
      const flags: Json[] = [...(action.bypass ? ["bypass"] : []), ...(action.fanout ? ["fanout"] : [])];
      const num = action.number !== undefined
        ? jsonOperand(action.number, context)
        : action.from === action.to
        ? action.from
        : { range: [action.from, action.to] };
      return { queue: { num, ...(flags.length === 0 ? {} : { flags: oneOrMany(flags) }) } };
    }
    case "dup":
      // A netdev table knows no addresses here: what follows `to` is the device.
      if (family === "netdev" && action.address === undefined && action.device !== undefined) {
        return { dup: { addr: jsonOperand(action.device, context) } };
      }
      return {
        dup: {
          ...(action.address === undefined ? {} : { addr: jsonOperand(action.address, context) }),
          ...(action.device === undefined ? {} : { dev: jsonOperand(action.device, context) }),
        },
      };
    case "fwd":
      return {
        fwd: {
          dev: jsonOperand(action.device, context),
          ...(action.family === undefined ? {} : { family: action.family }),
          ...(action.address === undefined ? {} : { addr: jsonOperand(action.address, context) }),
        },
      };
    case "tproxy":
      return {
        tproxy: {
          ...(action.family === undefined || action.family === family ? {} : { family: action.family }),
          ...(action.address === undefined ? {} : { addr: jsonOperand(action.address, context) }),
          ...(action.port === undefined ? {} : { port: jsonOperand(action.port, context) }),
        },
      };
    case "object": {
      const word = [...OBJECT_TYPES].find(([, type]) => type === action.type)?.[0] ?? "counter";
      return { [word]: { map: { key: jsonOperand(action.key, context), data: context.set(action.set) } } };
    }
  }
}

export function jsonSynproxy(e: Extract<Expression, { kind: "synproxy" }>): Json {
  const flags: Json[] = [
    ...((e.flags & SYNPROXY_TIMESTAMP) === 0 ? [] : ["timestamp"]),
    ...((e.flags & SYNPROXY_SACK) === 0 ? [] : ["sack-perm"]),
  ];
  const result: JsonObject = {
    ...((e.flags & SYNPROXY_MSS) === 0 ? {} : { mss: e.mss }),
    ...((e.flags & SYNPROXY_WSCALE) === 0 ? {} : { wscale: e.wscale }),
    ...(flags.length === 0 ? {} : { flags }),
  };
  return Object.keys(result).length === 0 ? null : result;
}
