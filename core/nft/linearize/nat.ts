import type { Expression } from "../../expr/expression.ts";
import { load } from "./load.ts";
import type { Output } from "./output.ts";
import { Registers } from "./registers.ts";
import type { Expr, NatStatement } from "../tree/typed.ts";

/** NF_NAT_RANGE_PROTO_SPECIFIED. */
const PORTS_GIVEN = 2;

export function linearizeNat(out: Output, nat: NatStatement): void {
  const { registers } = out;
  let taken = 0;
  const put = (expr: Expr | undefined): number | undefined => {
    if (expr === undefined) return undefined;
    const register = registers.take(expr.bits, false);
    taken++;
    load(out, expr, register);
    return register;
  };
  const found: { addressMin?: number; addressMax?: number; portMin?: number; portMax?: number } = {};
  const set = (key: keyof typeof found, register: number | undefined) => {
    if (register !== undefined) found[key] = register;
  };
  set("addressMin", put(nat.address));
  if (nat.parts !== undefined) mapRegisters(nat, found);
  else set("addressMax", put(nat.addressMax));
  set("portMin", found.portMin ?? put(nat.port));
  set("portMax", found.portMax ?? put(nat.portMax));
  const flags = nat.flags | (nat.port === undefined ? 0 : PORTS_GIVEN);
  out.expressions.push(expressionOf(nat, found, flags));
  while (taken-- > 0) registers.release();
}

/** Data of a map lie one behind another: address, port, last address, last port. */
function mapRegisters(
  nat: NatStatement,
  found: { addressMin?: number; addressMax?: number; portMin?: number; portMax?: number },
): void {
  const slots = nat.family === "ip6" ? 4 : 1;
  let slot = Registers.slot(found.addressMin!) + slots;
  if (nat.parts!.portMin) found.portMin = Registers.number(slot++);
  if (nat.parts!.addressMax) {
    found.addressMax = Registers.number(slot);
    slot += slots;
  }
  if (nat.parts!.portMax) found.portMax = Registers.number(slot);
}

function expressionOf(
  nat: NatStatement,
  registers: { addressMin?: number; addressMax?: number; portMin?: number; portMax?: number },
  flags: number,
): Expression {
  const { portMin, portMax } = registers;
  const ports = {
    ...(portMin === undefined ? {} : { portMin }),
    ...(portMax === undefined ? {} : { portMax }),
  };
  if (nat.type === "masquerade" || nat.type === "redirect") return { kind: nat.type, flags, ...ports };
  return { kind: "nat", type: nat.type, family: nat.family ?? "ip", flags, ...registers };
}
