import type { Expression } from "../../expr/expression.ts";
import { OBJECT_TYPES } from "../check/stateful.ts";
import { icmpCodeType, icmpv6CodeType, icmpxCodeType } from "../datatype/icmp.ts";
import { NAT_FLAGS } from "../parse/nat.ts";
import { printStatement } from "../print/statement.ts";
import { lastUsed, printPlain } from "../print/plain.ts";
import type { PrintContext } from "../print/context.ts";
import { TCP_OPTIONS } from "../protocol/tcp_option.ts";
import type { Expr, NatStatement, Statement } from "../tree/typed.ts";
import { isBitmask } from "../types.ts";
import { jsonAction, jsonSynproxy } from "./action.ts";
import { type Json, type JsonObject, oneOrMany } from "./json.ts";
import { jsonOperand, type OperandJson } from "./operand.ts";
import { jsonConnectionLimit, jsonLimit, jsonLog, jsonQuota } from "./stateful.ts";
import { jsonConstant, jsonNumber, jsonValue, jsonVerdict } from "./value.ts";

export interface StatementJson extends OperandJson {
  readonly stateless: boolean;
  readonly newest: boolean;
  /** Family of the table. */
  readonly family: string;
  /** Values a counter or quota has now. */
  readonly counts?: (expression: Expression) => readonly [number, number] | undefined;
  readonly now?: () => number;
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
      return {
        vmap: {
          key: jsonOperand(statement.key, { ...context, flags: "joined" }),
          data: context.set(statement.set),
        },
      };
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
  const exact = op === "eq" || op === "neq";
  const joined = bits && left.kind !== "binary" && exact;
  const list = exact && right.kind !== "set";
  // Several bits of a byte of flags are its number.
  const numbered = joined && (left.type.hexDigits ?? 0) > 0 && (right.value & (right.value - 1n)) !== 0n;
  return {
    op: RELATIONS[op],
    left: jsonOperand(left, { ...context, flags: list ? "list" : "joined" }),
    right: right.kind === "set"
      ? context.set(right.set)
      : numbered
      ? jsonNumber(right.value)
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
  // What an element is to do has no state of its own.
  const statements = (statement.statements ?? []).map((each) => plain(each, { ...context, stateless: true }));
  const size = context.print.meterSize?.(statement.set);
  if (size !== undefined) {
    return { meter: { key: elem, ...meterStatements(statements), size, name: statement.set } };
  }
  const stmt: JsonObject = statements.length === 0 ? {} : { stmt: statements };
  if (statement.data === undefined) {
    return { set: { op: statement.op, elem, set: `@${statement.set}`, ...stmt } };
  }
  // nft 1.0.6 has no form for it and gives the text.
  if (!context.newest) return printStatement(statement, context.print);
  const data = jsonOperand(statement.data, context);
  return { map: { op: statement.op, elem, data, map: `@${statement.set}`, ...stmt } };
}

/** A meter does one thing. */
const meterStatements = (
  [first]: readonly Json[],
): JsonObject => (first === undefined ? {} : { stmt: first });

/** The option a reset is of: by name, or by number where it has none. */
function option(type: number): JsonObject {
  const name = [...TCP_OPTIONS.values()].find((known) => known.type === type)?.name;
  return name === undefined ? { base: type, offset: 0, len: 0 } : { name };
}

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
    case "last": {
      const used = context.stateless ? undefined : lastUsed(e, context);
      return { last: used === undefined ? null : { used: Math.round(used) } };
    }
    case "log":
      return { log: jsonLog(e) };
    case "objref":
      return { [[...OBJECT_TYPES].find(([, type]) => type === e.type)?.[0] ?? "counter"]: e.name };
    case "exthdr reset":
      return { reset: { "tcp option": option(e.type) } };
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
