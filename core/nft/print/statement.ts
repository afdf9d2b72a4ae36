import { printAction } from "./action.ts";
import type { PrintContext } from "./context.ts";
import { icmpCodeType, icmpv6CodeType, icmpxCodeType } from "../datatype/icmp.ts";
import { timeType } from "../datatype/time.ts";
import { NAT_FLAGS } from "../parse/nat.ts";
import { printOperand } from "./operand.ts";
import { printPlain } from "./plain.ts";
import { printConstant, printFlags, printVerdict } from "./value.ts";
import type { Expr, NatStatement, Statement } from "../tree/typed.ts";
import { ipv6Type } from "../datatype/address.ts";
import { isBitmask, printValue } from "../types.ts";

/** One statement, without space around it. */
export function printStatement(statement: Statement, context: PrintContext): string {
  const { types, set } = context;
  switch (statement.kind) {
    case "match":
      return match(statement, context);
    case "verdict":
      return printVerdict(statement.verdict);
    case "verdict map":
      return `${printOperand(statement.key, types, set)} vmap ${set(statement.set)}`;
    case "assign":
      return `${printOperand(statement.target, types, set)} set ${assigned(statement.value, context)}`;
    case "nat":
      return nat(statement.nat, context);
    case "reject":
      return reject(statement, context);
    case "set update": {
      const timeout = statement.timeout === undefined
        ? ""
        : ` timeout ${timeType.print!(BigInt(statement.timeout), 64, types)}`;
      const does = (statement.statements ?? [])
        .map((inner) => ` ${printPlain(inner, { ...context, stateless: true })}`).join("");
      const data = statement.data === undefined ? "" : ` : ${printOperand(statement.data, types, set)}`;
      const element = `{ ${printOperand(statement.key, types, set)}${timeout}${does}${data} }`;
      const size = context.meterSize?.(statement.set);
      if (size !== undefined) return `meter ${statement.set} size ${size} ${element}`;
      return `${statement.op} @${statement.set} ${element}`;
    }
    case "action":
      return printAction(statement.action, context);
    case "plain":
      return printPlain(statement.expression, context);
  }
}

const RELATIONS = { eq: "==", neq: "!=", lt: "<", lte: "<=", gt: ">", gte: ">=" } as const;

function match(statement: Extract<Statement, { kind: "match" }>, context: PrintContext): string {
  const { types, set } = context;
  const { op, left, right } = statement;
  if (right.kind === "set") {
    const text = set(right.set);
    const relation = op === "neq" ? " !=" : left.kind === "binary" ? " ==" : "";
    return `${printOperand(left, types, set)}${relation} ${text}`;
  }
  if (op === "flags" || op === "not flags") {
    const value = right.kind === "value" ? right.value : 0n;
    return `${printOperand(left, types, set)} ${op === "flags" ? "" : "! "}${
      printFlags(left.type, value, ",", types)
    }`;
  }
  const masked = maskedFlags(statement, context);
  if (masked !== undefined) return masked;
  const bitmask = isBitmask(left.type) && right.kind === "value";
  const value = bitmask ? exactFlags(left, right, context) : printConstant(right, types);
  const relation = op === "eq" && left.kind !== "binary" && !bitmask ? "" : ` ${RELATIONS[op]}`;
  return `${printOperand(left, types, set)}${relation} ${value}`;
}

function exactFlags(left: Expr, right: Extract<Expr, { kind: "value" }>, context: PrintContext): string {
  // A TCP flag byte of several bits prints as a number, conntrack states by name.
  if (left.kind !== "binary" && left.type.hexDigits !== undefined && left.type.hexDigits > 0) {
    return printValue(left.type, right.value, right.bits, context.types);
  }
  return printFlags(left.type, right.value, " | ", context.types);
}

/** `tcp flags syn / syn,ack`: a mask of several flags. */
function maskedFlags(
  statement: Extract<Statement, { kind: "match" }>,
  context: PrintContext,
): string | undefined {
  const { left, right, op } = statement;
  if (left.kind !== "binary" || left.op !== "&" || right.kind !== "value" || left.right.kind !== "value") {
    return undefined;
  }
  const mask = left.right.value;
  // One flag alone nft writes so too, and does not read it back.
  if (!isBitmask(left.type) || (mask & (mask - 1n)) === 0n || (op !== "eq" && op !== "neq")) return undefined;
  const names = (value: bigint) => printFlags(left.type, value, ",", context.types);
  const operand = printOperand(left.left, context.types, context.set);
  return `${operand} ${op === "neq" ? "!= " : ""}${names(right.value)} / ${names(mask)}`;
}

function assigned(value: Expr, context: PrintContext): string {
  if (value.kind === "value" && isBitmask(value.type)) {
    return printFlags(value.type, value.value, ",", context.types);
  }
  return printOperand(value, context.types, context.set);
}

function nat(nat: NatStatement, context: PrintContext): string {
  const { types, set } = context;
  const mixed = context.family !== "ip" && context.family !== "ip6";
  let text: string = nat.type;
  if (nat.address !== undefined || nat.port !== undefined) {
    if (nat.type === "snat" || nat.type === "dnat") {
      const spread = nat.parts?.portMin === true || nat.parts?.addressMax === true;
      if ((mixed || spread) && nat.family !== "inet") text += ` ${nat.family ?? "ip"}`;
    }
    if ((nat.flags & 64) !== 0) text += " prefix";
    text += " to ";
  }
  if (nat.address !== undefined) text += address(nat, context);
  if (nat.port !== undefined) {
    text += `:${printOperand(nat.port, types, set)}`;
    if (nat.portMax !== undefined) text += `-${printOperand(nat.portMax, types, set)}`;
  }
  const flags = NAT_FLAGS.filter(([, bit]) => (nat.flags & bit) !== 0).map(([name]) => name);
  return flags.length === 0 ? text : `${text} ${flags.join(",")}`;
}

function address(nat: NatStatement, context: PrintContext): string {
  const { types, set } = context;
  const bracketed = nat.port !== undefined && nat.family === "ip6" && nat.address!.kind === "value";
  const one = (expr: Expr) =>
    bracketed ? `[${printOperand(expr, types, set)}]` : printOperand(expr, types, set);
  const from = nat.address!;
  const to = nat.addressMax;
  if (to === undefined) return one(from);
  if (from.kind === "value" && to.kind === "value") {
    const size = to.value - from.value + 1n;
    const aligned = size > 0n && (size & (size - 1n)) === 0n && from.value % size === 0n;
    if (aligned) return `${one(from)}/${(from.type === ipv6Type ? 128 : 32) - (size.toString(2).length - 1)}`;
  }
  return `${one(from)}-${one(to)}`;
}

function reject(statement: Extract<Statement, { kind: "reject" }>, context: PrintContext): string {
  const { types } = context;
  const code = BigInt(statement.code);
  if (statement.how === "tcp reset") return "reject with tcp reset";
  if (statement.how === "icmpx") {
    return statement.code === 1 ? "reject" : `reject with icmpx ${printValue(icmpxCodeType, code, 8, types)}`;
  }
  const v6 = statement.family === "ip6";
  const plain = context.family === "ip" || context.family === "ip6";
  if (plain && statement.code === (v6 ? 4 : 3)) return "reject";
  const name = printValue(v6 ? icmpv6CodeType : icmpCodeType, code, 8, types);
  return `reject with ${v6 ? "icmpv6" : "icmp"} ${name}`;
}
