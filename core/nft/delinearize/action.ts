import type { Expression } from "../../expr/expression.ts";
import { ipv4Type, ipv6Type } from "../datatype/address.ts";
import { interfaceIndexType } from "../datatype/interface.ts";
import { inetServiceType } from "../datatype/protocol.ts";
import { retyped } from "./value.ts";
import { NOWHERE } from "../text/source.ts";
import type { Action, Expr } from "../tree/typed.ts";
import { type ByteOrder, type DataType, integerType } from "../types.ts";

/** The statement an expression with operands was, if it is one of them. */
export function actionOf(e: Expression, get: (register: number) => Expr): Action | undefined {
  const read = <K extends string>(
    key: K,
    register: number | undefined,
    type: DataType,
    order: ByteOrder,
  ): { [key in K]?: Expr } => {
    if (register === undefined) return {};
    return { [key]: typed(get(register), type, order) } as { [key in K]?: Expr };
  };
  switch (e.kind) {
    case "queue": {
      const { from, to, bypass, fanout } = e;
      const number = e.sreg === undefined ? {} : { number: sixteen(get(e.sreg)) };
      return { name: "queue", from, to, bypass, fanout, ...number };
    }
    case "dup": {
      const address = e.address === undefined ? undefined : get(e.address);
      const type = address !== undefined && address.bits > 32 ? ipv6Type : ipv4Type;
      return {
        name: "dup",
        ...read("address", e.address, type, "big"),
        ...read("device", e.device, interfaceIndexType, "host"),
      };
    }
    case "fwd":
      return {
        name: "fwd",
        device: typed(get(e.device), interfaceIndexType, "host"),
        ...read("address", e.address, e.family === "ip6" ? ipv6Type : ipv4Type, "big"),
        ...(e.family === undefined ? {} : { family: e.family }),
      };
    case "tproxy":
      return {
        name: "tproxy",
        ...read("address", e.address, e.family === "ip6" ? ipv6Type : ipv4Type, "big"),
        ...read("port", e.port, inetServiceType, "big"),
        ...(e.family === undefined ? {} : { family: e.family }),
      };
    default:
      return undefined;
  }
}

const sixteen = (expr: Expr): Expr => expr.kind === "map" ? { ...expr, type: integerType, bits: 16 } : expr;

function typed(expr: Expr, type: DataType, order: ByteOrder): Expr {
  const target: Expr = { kind: "value", value: 0n, type, bits: type.bits, order, span: NOWHERE };
  if (expr.kind === "value") return retyped(expr, target);
  return expr.kind === "map" ? { ...expr, type, bits: type.bits, order } : expr;
}
