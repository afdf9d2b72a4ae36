import type { Expression } from "../../expr/expression.ts";
import { OBJECT_TYPES } from "../check/object.ts";
import { icmpCodeType, icmpv6CodeType, icmpxCodeType } from "../datatype/icmp.ts";
import { NAT_FLAGS } from "../parse/nat.ts";
import { type PrintContext, printPlain, printStatement } from "../print/statement.ts";
import { TCP_OPTIONS } from "../protocol/tcp_option.ts";
import type { Expr, NatStatement, Statement } from "../tree/typed.ts";
import { isBitmask } from "../types.ts";
import { jsonAction, jsonSynproxy } from "./action.ts";
import { type Json, type JsonObject, oneOrMany } from "./json.ts";
import { jsonOperand, type OperandJson } from "./operand.ts";
import { jsonConnectionLimit, jsonLimit, jsonLog, jsonQuota } from "./stateful.ts";
import { jsonConstant, jsonValue, jsonVerdict } from "./value.ts";

export interface StatementJson extends OperandJson {
  readonly stateless: boolean;
  readonly newest: boolean;
  /** Family of the table. */
  readonly family: string;
  /** Values a counter or quota has now. */
  readonly counts?: (expression: Expression) => readonly [number, number] | undefined;
  /** For statements that have no form of their own. */
  readonly print: PrintContext;
}

/** One statement of a rule's `expr`. */
export function jsonStatement(statement: Statement, context: StatementJson): Json {
  switch (statement.kind) {
    case "match":
      return { match: match(statement, context) };
    case "verdict":
      return jsonVerdict(statement.verdict);
    case "verdict map":
      return { vmap: { key: jsonOperand(statement.key, context), data: context.set(statement.set) } };
    case "assign":
      return {
        mangle: { key: jsonOperand(statement.target, context), value: jsonOperand(statement.value, context) },
      };
    case "nat":
      return { [statement.nat.type]: nat(statement.nat, context) };
    case "reject":
      return { reject: reject(statement, context) };
    case "set update":
      return update(statement, context);
    case "plain":
      return plain(statement.expression, context);
    case "action":
      return jsonAction(statement.action, context, context.family);
    default:
      // A statement without a form of its own here stands as the language spells it.
      return printStatement(statement, context.print);
  }
}

const RELATIONS = {
  eq: "==",
  neq: "!=",
  lt: "<",
  lte: "<=",
  gt: ">",
  gte: ">=",
  flags: "in",
  "not flags": "!",
} as const;

function match(statement: Extract<Statement, { kind: "match" }>, context: StatementJson): JsonObject {
  const { left, right, op } = statement;
  const bits = right.kind === "value" && isBitmask(left.type);
  // The names of a plain compare stand joined; those of a mask or a test for any of them as a list.
  const joined = bits && left.kind !== "binary" && (op === "eq" || op === "neq");
  return {
    op: RELATIONS[op],
    left: jsonOperand(left, { ...context, flags: op === "eq" || op === "neq" ? "list" : "joined" }),
    right: right.kind === "set"
      ? context.set(right.set)
      : jsonConstant(right, context.types, joined ? "joined" : "list"),
  };
}

const NETMAP = 64;

function nat(nat: NatStatement, context: StatementJson): Json {
  const mixed = context.family !== "ip" && context.family !== "ip6";
  const spread = nat.parts?.portMin === true || nat.parts?.addressMax === true;
  const named = (nat.type === "snat" || nat.type === "dnat") && nat.family !== "inet" && (mixed || spread);
  const flags: Json[] = NAT_FLAGS.filter(([, bit]) => (nat.flags & bit) !== 0).map(([name]) => name);
  if ((nat.flags & NETMAP) !== 0) flags.push("netmap");
  const result: JsonObject = {
    ...(named && (nat.address !== undefined || nat.port !== undefined) ? { family: nat.family ?? "ip" } : {}),
    ...(nat.address === undefined ? {} : { addr: span(nat.address, nat.addressMax, context) }),
    ...(nat.port === undefined ? {} : { port: span(nat.port, nat.portMax, context) }),
    ...(flags.length === 0 ? {} : { flags: oneOrMany(flags) }),
    ...((nat.flags & NETMAP) !== 0 ? { type_flags: "prefix" } : {}),
  };
  return Object.keys(result).length === 0 ? null : result;
}

/** One value, a prefix where the range is one, or a range. */
function span(from: Expr, to: Expr | undefined, context: StatementJson): Json {
  const first = jsonOperand(from, context);
  if (to === undefined) return first;
  if (from.kind === "value" && to.kind === "value") {
    const size = to.value - from.value + 1n;
    const aligned = size > 0n && (size & (size - 1n)) === 0n && from.value % size === 0n;
    if (aligned && from.bits >= 32) {
      return { prefix: { addr: first, len: from.bits - (size.toString(2).length - 1) } };
    }
  }
  return { range: [first, jsonOperand(to, context)] };
}

function reject(statement: Extract<Statement, { kind: "reject" }>, context: StatementJson): Json {
  if (statement.how === "tcp reset") return { type: "tcp reset" };
  const code = BigInt(statement.code);
  if (statement.how === "icmpx") {
    return { type: "icmpx", expr: jsonValue(icmpxCodeType, code, 8, context.types) };
  }
  const v6 = statement.family === "ip6";
  return {
    type: v6 ? "icmpv6" : "icmp",
    expr: jsonValue(v6 ? icmpv6CodeType : icmpCodeType, code, 8, context.types),
  };
}

function update(statement: Extract<Statement, { kind: "set update" }>, context: StatementJson): Json {
  const key = jsonOperand(statement.key, context);
  const elem = statement.timeout === undefined
    ? key
    : { elem: { val: key, timeout: Math.floor(statement.timeout / 1000) } };
  // nft 1.0.6 leaves out what an element does by itself.
  const stmt = context.newest && statement.statements !== undefined && statement.statements.length > 0
    ? { stmt: statement.statements.map((each) => plain(each, context)) }
    : {};
  if (statement.data === undefined) {
    return { set: { op: statement.op, elem, set: `@${statement.set}`, ...stmt } };
  }
  const data = jsonOperand(statement.data, context);
  return { map: { op: statement.op, elem, data, map: `@${statement.set}`, ...stmt } };
}

const optionName = (type: number): string =>
  [...TCP_OPTIONS.values()].find((option) => option.type === type)?.name ?? `${type}`;

/** Expressions that are statements by themselves. */
function plain(e: Expression, context: StatementJson): Json {
  switch (e.kind) {
    case "counter": {
      if (context.stateless) return { counter: null };
      const [packets, bytes] = context.counts?.(e) ?? [e.packets, e.bytes];
      return { counter: { packets, bytes } };
    }
    case "limit":
      return { limit: jsonLimit(e) };
    case "quota":
      return { quota: jsonQuota(e, context.stateless ? 0 : context.counts?.(e)?.[0] ?? e.used) };
    case "connlimit":
      return { "ct count": jsonConnectionLimit(e) };
    case "log":
      return { log: jsonLog(e) };
    case "objref":
      return { [[...OBJECT_TYPES].find(([, type]) => type === e.type)?.[0] ?? "counter"]: e.name };
    case "exthdr reset":
      return { reset: { "tcp option": { name: optionName(e.type) } } };
    case "notrack":
      return { notrack: null };
    case "synproxy":
      return { synproxy: jsonSynproxy(e) };
    case "flow offload":
      return { flow: { op: "add", flowtable: `@${e.flowtable}` } };
    default:
      return printPlain(e, context.print);
  }
}
