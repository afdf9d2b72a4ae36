import { CT_KEYS } from "../expr/ct.ts";
import type { CompareOp, Expression, PayloadBase } from "../expr/expression.ts";
import { META_KEYS } from "../expr/meta.ts";
import type { Family } from "../ruleset/ruleset.ts";
import { hostWords, lastMask, orderWords } from "../ruleset/sets/image.ts";
import { type Emitter, NEXT } from "./emitter.ts";
import * as op from "./opcodes.ts";
import { register } from "./registers.ts";

type Of<Kind extends Expression["kind"]> = Extract<Expression, { kind: Kind }>;

/** Expressions that move values between packet, flow and registers, or compute with them: they know no names. */
export type ValueExpression = Of<
  | "meta"
  | "meta set"
  | "payload"
  | "payload write"
  | "exthdr"
  | "exthdr write"
  | "exthdr reset"
  | "cmp"
  | "range"
  | "bitwise"
  | "bitwise registers"
  | "shift"
  | "byteorder"
  | "immediate"
  | "ct"
  | "ct set"
  | "rt"
  | "fib"
>;

/** One value expression as instructions. */
export function assembleValue(e: ValueExpression, emitter: Emitter): void {
  switch (e.kind) {
    case "meta":
      return meta(e, emitter);
    case "meta set":
      return emitter.emit(op.OP_META_SET, META_KEYS.indexOf(e.key), register(e.sreg, 4));
    case "payload":
      return payload(e, emitter);
    case "payload write":
      return payloadWrite(e, emitter);
    case "exthdr":
      return extension(e, emitter);
    case "exthdr write":
      return emitter.emit(op.OP_EXTHDR_WRITE, e.type, e.offset, e.length, register(e.sreg, e.length), NEXT);
    case "exthdr reset":
      return emitter.emit(op.OP_EXTHDR_RESET, e.type, NEXT);
    case "cmp":
      return compare(e.op, e.sreg, e.data, emitter);
    case "range":
      return range(e, emitter);
    case "bitwise":
      return bitwise(e, emitter);
    case "bitwise registers":
      return emitter.emit(
        op.OP_BITWISE_BOTH,
        register(e.sreg, e.length),
        register(e.sreg2, e.length),
        register(e.dreg, e.length),
        (e.length + 3) >>> 2,
        ["&", "|", "^"].indexOf(e.op),
      );
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
    case "immediate":
      return immediate(e, emitter);
    case "ct":
      return ct(e, emitter);
    case "ct set":
      return emitter.emit(
        op.OP_CT_SET,
        CT_KEYS.indexOf(e.key),
        register(e.sreg, e.key === "label" ? 16 : 4),
        directionOf(e),
      );
    case "rt":
      return emitter.emit(op.OP_RT, RT_KEYS[e.key], register(e.dreg, e.key === "nexthop6" ? 16 : 4), NEXT);
    case "fib":
      return fib(e, emitter);
  }
}

function payloadWrite(e: Of<"payload write">, emitter: Emitter): void {
  emitter.emit(
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
}

function extension(e: Of<"exthdr">, emitter: Emitter): void {
  emitter.emit(
    op.OP_EXTHDR,
    EXTHDR_KINDS[e.op],
    e.type,
    e.offset,
    e.length,
    register(e.dreg, e.present ? 1 : e.length),
    e.present ? 1 : 0,
    NEXT,
  );
}

function range(e: Of<"range">, emitter: Emitter): void {
  const words = (e.from.length + 3) >>> 2;
  emitter.emit(
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

function bitwise(e: Of<"bitwise">, emitter: Emitter): void {
  const mask = hostWords(e.mask), xor = hostWords(e.xor, mask.length);
  const from = register(e.sreg, e.length), to = register(e.dreg, e.length);
  if (mask.length === 1) return emitter.emit(op.OP_BITWISE_1, from, to, mask[0]!, xor[0]!);
  emitter.emit(op.OP_BITWISE, from, to, mask.length);
  for (let i = 0; i < mask.length; i++) emitter.emit(mask[i]!, xor[i]!);
}

function immediate(e: Of<"immediate">, emitter: Emitter): void {
  const words = hostWords(e.data), to = register(e.dreg, e.data.length);
  if (words.length === 1) return emitter.emit(op.OP_IMMEDIATE_1, to, words[0]!);
  emitter.emit(op.OP_IMMEDIATE, to, words.length, ...words);
}

function fib(e: Of<"fib">, emitter: Emitter): void {
  emitter.emit(
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
}

const EXTHDR_KINDS = {
  ipv6: op.EXTHDR_IPV6,
  tcpopt: op.EXTHDR_TCP_OPTION,
  ipv4: op.EXTHDR_IPV4,
  sctp: op.EXTHDR_SCTP,
} as const;

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
  base === "link"
    ? op.BASE_LINK
    : base === "network"
    ? op.BASE_NETWORK
    : base === "transport"
    ? op.BASE_TRANSPORT
    : op.BASE_INNER;

function payload(e: Extract<Expression, { kind: "payload" }>, emitter: Emitter): void {
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
      const length = NAME_KEYS.includes(e.key) ? 16 : e.key === "time" ? 8 : 4;
      const key = META_KEYS.indexOf(e.key);
      // No bridge of ours filters by VLAN: what a port's VLAN is called does not match (nft_meta_bridge_get_eval).
      if (e.key === "bri_iifpvid" || e.key === "bri_iifvproto") return emitter.emit(op.OP_SKIP, NEXT);
      if (key < 0) throw new TypeError(`meta ${e.key} has no instruction`);
      return emitter.emit(op.OP_META, key, register(e.dreg, length), NEXT);
    }
  }
}

const NAME_KEYS: readonly string[] = [
  "sdifname",
  "bri_iifname",
  "bri_oifname",
  "iifkind",
  "oifkind",
];

/** `meta` in tables of families arp, bridge and netdev: the family is the table's, and frames may not be IP. */
export function assembleLinkMeta(e: Of<"meta">, family: Family, emitter: Emitter): void {
  if (e.key === "nfproto") {
    return emitter.emit(op.OP_IMMEDIATE_1, register(e.dreg, 1), LINK_FAMILIES[family] ?? 0);
  }
  if (e.key !== "l4proto") return meta(e, emitter);
  emitter.emit(op.OP_META, META_KEYS.indexOf(e.key), register(e.dreg, 1), NEXT);
}

/** NFPROTO_*. */
const LINK_FAMILIES: Readonly<Partial<Record<Family, number>>> = { arp: 3, netdev: 5, bridge: 7 };

function ct(e: Extract<Expression, { kind: "ct" }>, emitter: Emitter): void {
  switch (e.key) {
    case "state":
      return emitter.emit(op.OP_CT_STATE, register(e.dreg, 4));
    case "status":
      return emitter.emit(op.OP_CT_STATUS, register(e.dreg, 4), NEXT);
    case "mark":
      return emitter.emit(op.OP_CT_MARK, register(e.dreg, 4), NEXT);
    default: {
      const direction = directionOf(e);
      const length = CT_LENGTHS[e.key] ?? 4;
      return emitter.emit(op.OP_CT, CT_KEYS.indexOf(e.key), direction, register(e.dreg, length), NEXT);
    }
  }
}

const directionOf = ({ direction }: Of<"ct" | "ct set">): number =>
  direction === undefined ? -1 : direction === "original" ? 0 : 1;

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
