import type { ElementStatement, Expression, Verdict } from "../expr/expression.ts";
import { innerPart } from "../expr/inner.ts";
import { XFRM_KEYS } from "../expr/xfrm.ts";
import { limitCost, limitTokens } from "../ruleset/state.ts";
import { objectKey, type Rule, type StatefulObject, type Table, typeLength } from "../ruleset/ruleset.ts";
import { assembleLinkMeta, assembleValue } from "./assemble_value.ts";
import { type Emitter, NEXT } from "./emitter.ts";
import { fuse } from "./fuse.ts";
import { isLinkFamily } from "./link_family.ts";
import { NAT_DNAT, NAT_MASQUERADE, NAT_REDIRECT, NAT_SNAT } from "./nat_request.ts";
import * as op from "./opcodes.ts";
import { register } from "./registers.ts";
import { endingCode } from "./trace.ts";
import { unsupported } from "./unsupported.ts";
import { REJECT_ICMP, REJECT_ICMPX, REJECT_TCP_RESET } from "./state.ts";

/** What a rule's instructions need to know of the program round them. */
export interface RuleContext {
  readonly table: Table;
  readonly emitter: Emitter;
  /** Name of a chain of this table, unique over tables. */
  chainName(chain: string): string;
  setNumber(name: string): number;
  /** Place of what an element does in the program's statements. */
  statementsPlace(statements: readonly ElementStatement[]): number;
  /** Number of a rule for trace events; absent when nobody traces. */
  traced?(rule: Rule): number;
  /** Number of an object of connection tracking in the program. */
  flowObject(object: StatefulObject): number;
  /** Index of a text in the program's strings. */
  text(text: string): number;
}

export function assembleRule(rule: Rule, context: RuleContext, joined = true): void {
  const { emitter } = context, { expressions, cells } = rule;
  // What pairs read of a packet they take to be IP.
  const pairs = joined && !isLinkFamily(context.table.family);
  const traced = context.traced?.(rule) ?? -1;
  for (let i = 0; i < expressions.length; i++) {
    const expression = expressions[i]!, following = expressions[i + 1];
    if (pairs && following !== undefined && fuse(expression, following, emitter)) {
      i++;
      continue;
    }
    if (traced >= 0) traceEnding(expression, traced, context);
    assembleExpression(expression, cells[i] ?? -1, context);
  }
  if (traced >= 0) emitter.emit(op.OP_TRACE, traced, -1, -1);
  emitter.endRule();
}

/** Before an expression that may end the rule: tells what it is about to decide. */
function traceEnding(e: Expression, rule: number, { emitter, chainName, setNumber }: RuleContext): void {
  if (e.kind === "lookup" && e.dreg === 0) {
    return emitter.emit(op.OP_TRACE_LOOKUP, setNumber(e.set), register(e.sreg, 4), rule);
  }
  const code = endingCode(e);
  if (code < 0) return;
  emitter.emit(op.OP_TRACE, rule, code);
  if (e.kind === "verdict" && "chain" in e.verdict) emitter.emitChain(chainName(e.verdict.chain));
  else emitter.emit(-1);
}

function assembleExpression(e: Expression, cell: number, context: RuleContext): void {
  const { emitter } = context;
  const reason = unsupported(e, context.table);
  if (reason !== undefined) throw new TypeError(`table ${context.table.name}: ${reason}`);
  switch (e.kind) {
    case "verdict":
      return verdict(e.verdict, context);
    case "lookup":
      return lookup(e, context);
    case "dynset":
      return dynset(e, context);
    case "counter":
    case "limit":
    case "quota":
    case "connlimit":
    case "last":
      return stateful(e, cell, emitter);
    case "objref": {
      const object = context.table.objects.get(objectKey(e.type, e.name));
      if (object === undefined) throw new TypeError(`object ${e.name} is not in table ${context.table.name}`);
      switch (object.expression.kind) {
        case "ct helper":
        case "ct timeout":
        case "ct expectation":
          return emitter.emit(op.OP_FLOW_OBJECT, context.flowObject(object), NEXT);
      }
      return stateful(object.expression as Stateful, object.cell, emitter);
    }
    case "log":
      return emitter.emit(
        op.OP_LOG,
        e.prefix === undefined ? -1 : context.text(e.prefix),
        e.level ?? LOG_WARNING,
        e.group ?? -1,
      );
    case "reject":
      return emitter.emit(
        op.OP_REJECT,
        e.type === "icmp" ? REJECT_ICMP : e.type === "icmpx" ? REJECT_ICMPX : REJECT_TCP_RESET,
        e.code,
      );
    case "nat":
      return nat(e, emitter);
    case "masquerade":
    case "redirect": {
      const kind = e.kind === "masquerade" ? NAT_MASQUERADE : NAT_REDIRECT, port = optional(e.portMin, 2);
      const last = e.portMax === undefined ? port : register(e.portMax, 2);
      return emitter.emit(op.OP_NAT, kind, 0, 0, 0, port, last, e.flags, NEXT);
    }
    case "notrack":
      return emitter.emit(op.OP_NOTRACK);
    case "numgen":
      return emitter.emit(
        op.OP_NUMGEN,
        e.mode === "inc" ? cell : -1,
        e.modulus | 0,
        e.offset | 0,
        register(e.dreg, 4),
      );
    case "hash": {
      const length = e.mode === "jhash" ? e.length ?? 0 : -1;
      return emitter.emit(
        op.OP_HASH,
        length,
        e.sreg === undefined ? 0 : register(e.sreg, Math.max(length, 1)),
        (e.seed ?? 0) | 0,
        e.modulus | 0,
        e.offset | 0,
        register(e.dreg, 4),
      );
    }
    case "queue":
      // Nobody listens, so `bypass` decides (nf_queue).
      return emitter.emit(op.OP_ACCEPT);
    case "flow offload":
      // It only lets later packets of the flow take a shorter way, which the data plane finds by itself.
      return;
    case "fwd":
      return emitter.emit(op.OP_FWD, register(e.device, 4));
    case "dup":
      return emitter.emit(op.OP_DUP, register(e.device ?? 0, 4));
    case "meta":
      if (isLinkFamily(context.table.family)) return assembleLinkMeta(e, context.table.family, emitter);
      return assembleValue(e, emitter);
    case "objref map": {
      const key = context.table.sets.get(e.set)?.key;
      const from = register(e.sreg, key === undefined ? 4 : typeLength(key));
      return emitter.emit(op.OP_OBJECT_MAP, context.setNumber(e.set), from, NEXT);
    }
    case "inner":
      return inner(e, emitter);
    case "xfrm": {
      const to = register(e.dreg, e.key.endsWith("6") ? 16 : 4);
      return emitter.emit(
        op.OP_IPSEC,
        e.direction === "in" ? 1 : 0,
        e.template,
        XFRM_KEYS.indexOf(e.key),
        to,
        NEXT,
      );
    }
    case "socket":
    case "osf":
    case "tproxy":
    case "synproxy":
      throw new TypeError(`${e.kind} has no instruction`);
    default:
      return assembleValue(e, emitter);
  }
}

/** LOGLEVEL_WARNING, nft_log's default. */
const LOG_WARNING = 4;

function inner({ type, load }: Extract<Expression, { kind: "inner" }>, emitter: Emitter): void {
  const what = innerPart(load);
  const offset = load.kind === "payload" ? load.offset : 0,
    length = load.kind === "payload" ? load.length : 2;
  emitter.emit(op.OP_INNER, type, what, offset, length, register(load.dreg, length), NEXT);
}

const optional = (number: number | undefined, length: number): number =>
  number === undefined ? 0 : register(number, length);

function nat(e: Extract<Expression, { kind: "nat" }>, emitter: Emitter): void {
  const length = e.family === "ip" ? 4 : 16;
  const address = optional(e.addressMin, length), port = optional(e.portMin, 2);
  emitter.emit(
    op.OP_NAT,
    e.type === "snat" ? NAT_SNAT : NAT_DNAT,
    e.family === "ip" ? 4 : e.family === "ip6" ? 6 : 0,
    address,
    e.addressMax === undefined ? address : register(e.addressMax, length),
    port,
    e.portMax === undefined ? port : register(e.portMax, 2),
    e.flags,
    NEXT,
  );
}

function lookup(
  e: Extract<Expression, { kind: "lookup" }>,
  { emitter, setNumber, table }: RuleContext,
): void {
  const definition = table.sets.get(e.set), { data } = definition ?? {};
  const set = setNumber(e.set),
    from = register(e.sreg, definition === undefined ? 4 : typeLength(definition.key));
  if (e.dreg === undefined) return emitter.emit(op.OP_LOOKUP, set, from, e.inverted ? 1 : 0, NEXT);
  if (e.dreg === 0) return emitter.emit(op.OP_LOOKUP_VERDICT, set, from, NEXT);
  const to = register(e.dreg, data === undefined || data === "verdict" ? 4 : typeLength(data));
  emitter.emit(op.OP_LOOKUP_DATA, set, from, to, NEXT);
}

function dynset(
  e: Extract<Expression, { kind: "dynset" }>,
  { emitter, setNumber, statementsPlace, table }: RuleContext,
): void {
  const definition = table.sets.get(e.set), { data } = definition ?? {};
  emitter.emit(
    op.OP_DYNSET,
    e.op === "add" ? op.DYNSET_ADD : e.op === "update" ? op.DYNSET_UPDATE : op.DYNSET_DELETE,
    setNumber(e.set),
    register(e.key, definition === undefined ? 4 : typeLength(definition.key)),
    e.data === undefined
      ? 0
      : register(e.data, data === undefined || data === "verdict" ? 4 : typeLength(data)),
    emitter.constants(e.timeout ?? 0),
    statementsPlace(e.statements ?? []),
    NEXT,
  );
}

function verdict(v: Verdict, { emitter, chainName }: RuleContext): void {
  switch (v.code) {
    case "accept":
      return emitter.emit(op.OP_ACCEPT);
    case "drop":
      return emitter.emit(op.OP_DROP);
    case "return":
      return emitter.emit(op.OP_RETURN);
    case "break":
      return emitter.emit(op.OP_SKIP, NEXT);
    case "continue":
      return;
    case "jump":
      emitter.emit(op.OP_JUMP);
      emitter.emitChain(chainName(v.chain));
      return emitter.emit(NEXT);
    case "goto":
      emitter.emit(op.OP_GOTO);
      return emitter.emitChain(chainName(v.chain));
  }
}

type Stateful = Extract<Expression, { kind: "counter" | "limit" | "quota" | "connlimit" | "last" }>;

function stateful(e: Stateful, cell: number, emitter: Emitter): void {
  switch (e.kind) {
    case "counter":
      return emitter.emit(op.OP_COUNTER, cell);
    case "limit": {
      const constants = emitter.constants(limitCost(e), limitTokens(e));
      return emitter.emit(op.OP_LIMIT, cell, constants, e.type === "bytes" ? 1 : 0, e.inverted ? 1 : 0, NEXT);
    }
    case "quota":
      return emitter.emit(op.OP_QUOTA, cell, emitter.constants(e.bytes), e.inverted ? 1 : 0, NEXT);
    case "last":
      return emitter.emit(op.OP_LAST, cell);
    case "connlimit":
      return emitter.emit(op.OP_CONNLIMIT, cell, e.count, e.inverted ? 1 : 0, NEXT);
  }
}
