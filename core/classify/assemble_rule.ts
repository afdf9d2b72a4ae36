import { CT_KEYS } from "../expr/ct.ts";
import type { CompareOp, Expression, PayloadBase, Verdict } from "../expr/expression.ts";
import { META_KEYS } from "../expr/meta.ts";
import { hostWords, lastMask, orderWords } from "../ruleset/sets/image.ts";
import { limitCost, limitTokens } from "../ruleset/state.ts";
import { objectKey, type Rule, type Table } from "../ruleset/ruleset.ts";
import { type Emitter, NEXT } from "./emitter.ts";
import { fuse } from "./fuse.ts";
import { NAT_DNAT, NAT_MASQUERADE, NAT_REDIRECT, NAT_SNAT } from "./nat_request.ts";
import * as op from "./opcodes.ts";
import { register } from "./registers.ts";
import { unsupported } from "./unsupported.ts";
import { REJECT_ICMP, REJECT_ICMPX, REJECT_TCP_RESET } from "./state.ts";

/** What a rule's instructions need to know of the program round them. */
export interface RuleContext {
  readonly table: Table;
  readonly emitter: Emitter;
  /** Name of a chain of this table, unique over tables. */
  chainName(chain: string): string;
  setNumber(name: string): number;
  /** Index of a text in the program's strings. */
  text(text: string): number;
}

export function assembleRule(rule: Rule, context: RuleContext, joined = true): void {
  const { emitter } = context, { expressions, cells } = rule;
  for (let i = 0; i < expressions.length; i++) {
    const expression = expressions[i]!, following = expressions[i + 1];
    if (joined && following !== undefined && fuse(expression, following, emitter)) i++;
    else assembleExpression(expression, cells[i] ?? -1, context);
  }
  emitter.endRule();
}

function assembleExpression(e: Expression, cell: number, context: RuleContext): void {
  const { emitter } = context;
  const reason = unsupported(e, context.table);
  if (reason !== undefined) throw new TypeError(`table ${context.table.name}: ${reason}`);
  switch (e.kind) {
    case "meta":
      return meta(e, emitter);
    case "meta set":
      return emitter.emit(op.OP_META_SET, META_KEYS.indexOf(e.key), register(e.sreg, 4));
    case "payload":
      return payload(e, emitter);
    case "payload write":
      if (e.base === "inner") return emitter.emit(op.OP_SKIP, NEXT);
      return emitter.emit(
        op.OP_PAYLOAD_WRITE,
        baseNumber(e.base),
        e.offset,
        e.length,
        register(e.sreg, e.length),
        e.checksumType,
        e.checksumOffset,
        e.checksumFlags,
        NEXT,
      );
    case "exthdr":
      return emitter.emit(
        op.OP_EXTHDR,
        e.op === "ipv6" ? op.EXTHDR_IPV6 : e.op === "tcpopt" ? op.EXTHDR_TCP_OPTION : op.EXTHDR_IPV4,
        e.type,
        e.offset,
        e.length,
        register(e.dreg, e.present ? 1 : e.length),
        e.present ? 1 : 0,
        NEXT,
      );
    case "exthdr write":
      return emitter.emit(op.OP_EXTHDR_WRITE, e.type, e.offset, e.length, register(e.sreg, e.length), NEXT);
    case "exthdr reset":
      return emitter.emit(op.OP_EXTHDR_RESET, e.type, NEXT);
    case "cmp":
      return compare(e.op, e.sreg, e.data, emitter);
    case "range": {
      const words = (e.from.length + 3) >>> 2;
      return emitter.emit(
        op.OP_RANGE,
        e.op === "neq" ? 1 : 0,
        register(e.sreg, e.from.length),
        words,
        lastMask(e.from.length),
        NEXT,
        ...orderWords(e.from),
        ...orderWords(e.to, words),
      );
    }
    case "bitwise": {
      const mask = hostWords(e.mask), xor = hostWords(e.xor, mask.length);
      const from = register(e.sreg, e.length), to = register(e.dreg, e.length);
      if (mask.length === 1) return emitter.emit(op.OP_BITWISE_1, from, to, mask[0]!, xor[0]!);
      emitter.emit(op.OP_BITWISE, from, to, mask.length);
      for (let i = 0; i < mask.length; i++) emitter.emit(mask[i]!, xor[i]!);
      return;
    }
    case "shift":
      return emitter.emit(
        op.OP_SHIFT,
        e.op === ">>" ? 1 : 0,
        register(e.sreg, e.length),
        register(e.dreg, e.length),
        (e.length + 3) >>> 2,
        e.bits,
      );
    case "byteorder":
      return emitter.emit(
        op.OP_BYTEORDER,
        register(e.sreg, e.length),
        register(e.dreg, e.length),
        e.length,
        e.size,
      );
    case "immediate": {
      const words = hostWords(e.data), to = register(e.dreg, e.data.length);
      if (words.length === 1) return emitter.emit(op.OP_IMMEDIATE_1, to, words[0]!);
      return emitter.emit(op.OP_IMMEDIATE, to, words.length, ...words);
    }
    case "verdict":
      return verdict(e.verdict, context);
    case "lookup": {
      const set = context.setNumber(e.set), from = register(e.sreg, 4);
      if (e.dreg === undefined) return emitter.emit(op.OP_LOOKUP, set, from, e.inverted ? 1 : 0, NEXT);
      if (e.dreg === 0) return emitter.emit(op.OP_LOOKUP_VERDICT, set, from, NEXT);
      return emitter.emit(op.OP_LOOKUP_DATA, set, from, register(e.dreg, 4), NEXT);
    }
    case "dynset":
      return emitter.emit(
        op.OP_DYNSET,
        e.op === "add" ? op.DYNSET_ADD : e.op === "update" ? op.DYNSET_UPDATE : op.DYNSET_DELETE,
        context.setNumber(e.set),
        register(e.key, 4),
        e.data === undefined ? 0 : register(e.data, 4),
        emitter.constants(e.timeout ?? 0),
        NEXT,
      );
    case "ct":
      return ct(e, emitter);
    case "ct set":
      return emitter.emit(op.OP_CT_SET, CT_KEYS.indexOf(e.key), register(e.sreg, 4));
    case "rt":
      return emitter.emit(op.OP_RT, RT_KEYS[e.key], register(e.dreg, 4), NEXT);
    case "fib":
      return emitter.emit(
        op.OP_FIB,
        e.flags.reduce((flags, flag) => flags | FIB_FLAGS[flag], 0),
        e.result === "oif"
          ? op.FIB_RESULT_OIF
          : e.result === "oifname"
          ? op.FIB_RESULT_OIFNAME
          : op.FIB_RESULT_TYPE,
        e.present ? 1 : 0,
        register(e.dreg, e.result === "oifname" && !e.present ? 16 : 4),
        NEXT,
      );
    case "counter":
    case "limit":
    case "quota":
    case "connlimit":
      return stateful(e, cell, emitter);
    case "objref": {
      const object = context.table.objects.get(objectKey(e.type, e.name));
      if (object === undefined) throw new TypeError(`object ${e.name} is not in table ${context.table.name}`);
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
    case "nat": {
      const kind = e.type === "snat" ? NAT_SNAT : NAT_DNAT, length = e.family === "ip" ? 4 : 16;
      const address = optional(e.addressMin, length), port = optional(e.portMin, 2);
      return emitter.emit(
        op.OP_NAT,
        kind,
        e.family === "ip" ? 4 : e.family === "ip6" ? 6 : 0,
        address,
        e.addressMax === undefined ? address : register(e.addressMax, length),
        port,
        e.portMax === undefined ? port : register(e.portMax, 2),
        e.flags,
        NEXT,
      );
    }
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
    case "socket":
      // A router has no sockets packets could be for.
      return emitter.emit(op.OP_SKIP, NEXT);
    default:
      throw new TypeError(`${e.kind} has no instruction`);
  }
}

/** LOGLEVEL_WARNING, nft_log's default. */
const LOG_WARNING = 4;

const optional = (number: number | undefined, length: number): number =>
  number === undefined ? 0 : register(number, length);

const RT_KEYS = {
  classid: op.RT_CLASSID,
  nexthop4: op.RT_NEXTHOP4,
  nexthop6: op.RT_NEXTHOP6,
  tcpmss: op.RT_TCPMSS,
  ipsec: op.RT_IPSEC,
} as const;

const FIB_FLAGS = {
  saddr: op.FIB_SADDR,
  daddr: op.FIB_DADDR,
  mark: op.FIB_MARK,
  iif: op.FIB_IIF,
  oif: op.FIB_OIF,
} as const;

const baseNumber = (base: PayloadBase): number =>
  base === "link" ? op.BASE_LINK : base === "network" ? op.BASE_NETWORK : op.BASE_TRANSPORT;

function payload(e: Extract<Expression, { kind: "payload" }>, emitter: Emitter): void {
  if (e.base === "inner") return emitter.emit(op.OP_SKIP, NEXT);
  const to = register(e.dreg, e.length);
  const plain = e.base === "network" ? NETWORK_LOADS[e.length] : undefined;
  const load = e.base === "transport" ? TRANSPORT_LOADS[e.length] : plain;
  if (load !== undefined) emitter.emit(load, e.offset, to, NEXT);
  else emitter.emit(op.OP_PAYLOAD, baseNumber(e.base), e.offset, e.length, to, NEXT);
}

const NETWORK_LOADS: Readonly<Record<number, number>> = {
  1: op.OP_NETWORK_1,
  2: op.OP_NETWORK_2,
  4: op.OP_NETWORK_4,
};
const TRANSPORT_LOADS: Readonly<Record<number, number>> = {
  1: op.OP_TRANSPORT_1,
  2: op.OP_TRANSPORT_2,
  4: op.OP_TRANSPORT_4,
};

function meta(e: Extract<Expression, { kind: "meta" }>, emitter: Emitter): void {
  switch (e.key) {
    case "mark":
      return emitter.emit(op.OP_META_MARK, register(e.dreg, 4));
    case "iif":
    case "oif":
      return emitter.emit(op.OP_META_INTERFACE, e.key === "iif" ? 0 : 1, register(e.dreg, 4));
    case "iifname":
    case "oifname":
      return emitter.emit(op.OP_META_NAME, e.key === "iifname" ? 0 : 1, register(e.dreg, 16));
    case "nfproto":
      return emitter.emit(op.OP_META_NFPROTO, register(e.dreg, 1));
    case "l4proto":
      return emitter.emit(op.OP_META_L4PROTO, register(e.dreg, 1));
    default: {
      const length = e.key === "sdifname" ? 16 : e.key === "time" ? 8 : 4;
      return emitter.emit(op.OP_META, META_KEYS.indexOf(e.key), register(e.dreg, length), NEXT);
    }
  }
}

function ct(e: Extract<Expression, { kind: "ct" }>, emitter: Emitter): void {
  switch (e.key) {
    case "state":
      return emitter.emit(op.OP_CT_STATE, register(e.dreg, 4));
    case "status":
      return emitter.emit(op.OP_CT_STATUS, register(e.dreg, 4), NEXT);
    case "mark":
      return emitter.emit(op.OP_CT_MARK, register(e.dreg, 4), NEXT);
    default: {
      const direction = e.direction === undefined ? -1 : e.direction === "original" ? 0 : 1;
      const length = CT_LENGTHS[e.key] ?? 4;
      return emitter.emit(op.OP_CT, CT_KEYS.indexOf(e.key), direction, register(e.dreg, length), NEXT);
    }
  }
}

const CT_LENGTHS: Readonly<Record<string, number>> = {
  helper: 16,
  label: 16,
  // Sixteen only for IPv6 flows, but the family is not known here.
  src_ip6: 16,
  dst_ip6: 16,
  packets: 8,
  bytes: 8,
  avgpkt: 8,
};

function compare(how: CompareOp, sreg: number, data: Uint8Array, emitter: Emitter): void {
  const from = register(sreg, data.length), words = (data.length + 3) >>> 2, last = lastMask(data.length);
  if (how === "eq" || how === "neq") {
    const values = hostWords(data);
    if (words === 1) {
      return emitter.emit(how === "eq" ? op.OP_CMP_EQ : op.OP_CMP_NEQ, from, last, values[0]!, NEXT);
    }
    return emitter.emit(op.OP_CMP_WORDS, how === "neq" ? 1 : 0, from, words, NEXT, last, ...values);
  }
  const order = { lt: op.COMPARE_LT, lte: op.COMPARE_LTE, gt: op.COMPARE_GT, gte: op.COMPARE_GTE }[how];
  if (words === 1) return emitter.emit(op.OP_CMP_ORDER, order, from, last, orderWords(data)[0]!, NEXT);
  emitter.emit(op.OP_CMP_BYTES, order, from, words, last, NEXT, ...orderWords(data));
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

type Stateful = Extract<Expression, { kind: "counter" | "limit" | "quota" | "connlimit" }>;

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
    case "connlimit":
      return emitter.emit(op.OP_CONNLIMIT, cell, e.count, e.inverted ? 1 : 0, NEXT);
  }
}
