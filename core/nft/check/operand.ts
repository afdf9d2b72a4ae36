import { asConstant, fold, type Wanted } from "./constant.ts";
import type { CheckContext } from "./context.ts";
import { checkHash, fingerprintOperand, numgenOperand, socketOperand, xfrmOperand } from "./generated.ts";
import { checkIcmpField } from "./icmp.ts";
import { checkMap } from "./map.ts";
import { fieldPayload, requireProtocol } from "./dependency.ts";
import { interfaceIndexType, interfaceNameType } from "../datatype/interface.ts";
import { booleanType, fibTypeType, realmType } from "../datatype/symbolic.ts";
import { ipv4Type, ipv6Type } from "../datatype/address.ts";
import { refuse } from "../text/diagnostic.ts";
import { CT_KEYS, ctAddress, META_KEYS } from "../keys.ts";
import { EXTENSIONS } from "../protocol/extension.ts";
import { fieldOf, PROTOCOLS } from "../protocol/registry.ts";
import { OPTION_LISTS } from "../protocol/option_list.ts";
import type { Node } from "../tree/tree.ts";
import { concatenatedType, type Expr, type Operand, paddedBits, type PayloadExpr } from "../tree/typed.ts";
import { type DataType, integerType, invalidType, rawType } from "../types.ts";

/** Checks what stands left of a relation, or what a statement takes its value from. */
export function checkOperand(context: CheckContext, node: Node, wanted?: Wanted): Expr {
  switch (node.kind) {
    case "payload":
      return payloadField(context, node);
    case "raw payload":
      return rawPayload(node);
    case "meta":
      return metaKey(context, node);
    case "ct":
      return ctKey(context, node);
    case "option":
      return tcpOption(context, node);
    case "extension":
      return extension(context, node);
    case "rt":
      return route(context, node);
    case "fib":
      return fib(node);
    case "binary":
      return binary(context, node, wanted);
    case "concatenation":
      return concatenation(context, node);
    case "map":
      return checkMap(context, node, wanted);
    case "variable":
      return checkOperand(context, node.value, wanted);
    case "numgen":
      return numgenOperand(node);
    case "hash":
      return checkHash(context, node);
    case "socket":
      return socketOperand(node.key, node.span);
    case "osf":
      return fingerprintOperand(node.ttl, node.version, node.span);
    case "xfrm":
      return xfrmOperand(node.direction, node.key, node.template, node.span);
    default:
      if (wanted === undefined) {
        return refuse(node.span, "No symbol type information", [], ["a packet field was expected here"]);
      }
      return asConstant(context, node, wanted);
  }
}

function payloadField(context: CheckContext, node: Extract<Node, { kind: "payload" }>): Expr {
  const protocol = PROTOCOLS.get(node.protocol)!;
  const field = fieldOf(protocol, node.field)!;
  const payload = requireProtocol(context, fieldPayload(protocol, field, node.span));
  checkIcmpField(context, payload);
  return aligned(payload);
}

/** A field that is not made of whole bytes is loaded with its neighbours, masked and shifted. */
export function aligned(payload: PayloadExpr): Expr {
  const first = payload.offset & ~7;
  const last = (payload.offset + payload.bits + 7) & ~7;
  const bits = last - first;
  if (bits === payload.bits) return payload;
  const shift = last - payload.offset - payload.bits;
  const { type, span } = payload;
  const wide: PayloadExpr = { ...payload, offset: first, bits };
  return maskAndShift(wide, bits, payload.bits, shift, type, span);
}

export function maskAndShift(
  wide: Operand,
  wideBits: number,
  bits: number,
  shift: number,
  type: DataType,
  span: Node["span"],
): Expr {
  const mask = ((1n << BigInt(bits)) - 1n) << BigInt(shift);
  const masked: Expr = {
    kind: "binary",
    op: "&",
    left: wide,
    right: { kind: "value", value: mask, type: integerType, bits: wideBits, order: "big", span },
    type,
    bits: wideBits,
    order: "big",
    span,
  };
  if (shift === 0) return { ...masked, bits };
  const by = {
    kind: "value",
    value: BigInt(shift),
    type: integerType,
    bits: 32,
    order: "host",
    span,
  } as const;
  return { kind: "binary", op: ">>", left: masked, right: by, type, bits, order: "big", span };
}

function rawPayload(node: Extract<Node, { kind: "raw payload" }>): Expr {
  const { base, offset, bits, span } = node;
  if (bits > 128) refuse(span, "payload length exceeds 128 bits");
  return aligned({ kind: "payload", base, offset, bits, type: rawType, order: "big", span });
}

function metaKey(context: CheckContext, node: Extract<Node, { kind: "meta" }>): Expr {
  const row = META_KEYS.get(node.key)!;
  if (row.name === "nfproto" && (context.family === "ip" || context.family === "ip6")) {
    refuse(node.span, "meta nfproto is only useful in the inet family", [], [
      `this table holds ${context.family} alone`,
    ]);
  }
  return { kind: "meta", row, type: row.type, bits: row.bits, order: row.order, span: node.span };
}

function ctKey(context: CheckContext, node: Extract<Node, { kind: "ct" }>): Expr {
  let row = CT_KEYS.get(node.key)!;
  if (row.key === "src" || row.key === "dst") {
    const family = node.family ??
      (context.family === "ip" || context.family === "ip6" ? context.family : undefined);
    if (family === undefined) {
      refuse(node.span, 'cannot determine ip protocol version, use "ip saddr" or "ip6 saddr" instead');
    }
    const known = context.protocols.network.protocol?.name;
    if ((known === "ip" || known === "ip6") && known !== family) {
      const where = context.protocols.network.span;
      refuse(
        node.span,
        `conflicting protocols specified: ${known} vs. ${family}`,
        where === undefined ? [] : [where],
      );
    }
    row = ctAddress(node.key, family)!;
  }
  // What a port is, the transport protocol says.
  const port = row.key === "proto_src" || row.key === "proto_dst";
  const { transport } = context.protocols;
  const known = !port || transport.protocol !== undefined || transport.candidates.length > 0 ||
    context.statements.some((statement) =>
      statement.kind === "match" && statement.left.kind === "ct" && statement.left.row.key === "protocol"
    );
  return {
    kind: "ct",
    row,
    type: known ? row.type : invalidType,
    bits: row.bits,
    order: row.order,
    span: node.span,
    ...(node.direction === undefined ? {} : { direction: node.direction }),
  };
}

/** Where a set decides by the address, its family must be said. */
export function requireFamily(node: Node): void {
  if (node.kind !== "ct" || node.family !== undefined || (node.key !== "saddr" && node.key !== "daddr")) {
    return;
  }
  refuse(node.span, "specify either ip or ip6 for address matching");
}

function tcpOption(context: CheckContext, node: Extract<Node, { kind: "option" }>): Expr {
  const { span, of } = node;
  if (of === "ip") {
    const ip = PROTOCOLS.get("ip")!;
    requireProtocol(context, fieldPayload(ip, ip.fields[0]!, span), true);
  }
  if (node.raw !== undefined) {
    const { type, offset, bits } = node.raw;
    const option = { name: `@${type},${offset},${bits}`, type, fields: [] };
    return { kind: "option", option, offset, bits, type: integerType, order: "big", span, raw: true };
  }
  const listed = of === undefined ? {} : { of };
  const named = OPTION_LISTS[of ?? "tcp"].options.get(node.option);
  const option = named ?? { name: node.option, type: Number(node.option), fields: [] };
  const field = option.fields.find((known) => known.name === node.field);
  if (field === undefined) {
    return { kind: "option", ...listed, option, offset: 0, bits: 8, type: booleanType, order: "host", span };
  }
  return bitField({
    kind: "option",
    ...listed,
    option,
    field,
    offset: field.offset,
    bits: field.bits,
    type: field.type,
    order: "big",
    span,
  });
}

function bitField(expr: Extract<Operand, { kind: "option" | "extension" }>): Expr {
  const first = expr.offset & ~7;
  const last = (expr.offset + expr.bits + 7) & ~7;
  if (last - first === expr.bits) return expr;
  const shift = last - expr.offset - expr.bits;
  return maskAndShift(
    { ...expr, offset: first, bits: last - first },
    last - first,
    expr.bits,
    shift,
    expr.type,
    expr.span,
  );
}

function extension(context: CheckContext, node: Extract<Node, { kind: "extension" }>): Expr {
  const header = EXTENSIONS.get(node.header)!;
  const { span } = node;
  const ip6 = PROTOCOLS.get("ip6")!;
  requireProtocol(context, fieldPayload(ip6, ip6.fields[0]!, span), true);
  const field = header.fields.find((known) => known.name === node.field);
  if (field === undefined) {
    return { kind: "extension", header, offset: 0, bits: 8, type: booleanType, order: "host", span };
  }
  if (node.index === 0) refuse(span, "elements are counted from 1");
  const offset = field.offset + ((node.index ?? 1) - 1) * field.bits;
  return bitField({
    kind: "extension",
    header,
    field,
    offset,
    bits: field.bits,
    type: field.type,
    order: "big",
    span,
  });
}

function route(context: CheckContext, node: Extract<Node, { kind: "rt" }>): Expr {
  const { span } = node;
  switch (node.key) {
    case "classid":
      return { kind: "rt", key: "classid", type: realmType, bits: 32, order: "host", span };
    case "mtu":
      return { kind: "rt", key: "tcpmss", type: integerType, bits: 16, order: "host", span };
    case "ipsec":
      return { kind: "rt", key: "ipsec", type: booleanType, bits: 1, order: "host", span };
    case "nexthop": {
      const known = context.protocols.network.protocol?.name;
      const family = node.family ?? (known === "ip" || known === "ip6" ? known : undefined);
      if (family === undefined) {
        return refuse(
          span,
          'cannot determine ip protocol version, use "ip nexthop" or "ip6 nexthop" instead',
        );
      }
      if ((context.family === "ip" || context.family === "ip6") && family !== context.family) {
        refuse(span, `${family} nexthop will not match`);
      }
      return family === "ip"
        ? { kind: "rt", key: "nexthop4", type: ipv4Type, bits: 32, order: "big", span }
        : { kind: "rt", key: "nexthop6", type: ipv6Type, bits: 128, order: "big", span };
    }
    default:
      return refuse(span, "syntax error, unexpected string", [], [
        "keys of rt: classid, nexthop, mtu, ipsec",
      ]);
  }
}

function fib(node: Extract<Node, { kind: "fib" }>): Expr {
  const has = (flag: string) => node.flags.includes(flag);
  if (!has("saddr") && !has("daddr")) refuse(node.flagSpan, "fib: need either saddr or daddr");
  if (has("saddr") && has("daddr")) refuse(node.flagSpan, "fib: saddr and daddr are mutually exclusive");
  if (has("iif") && has("oif")) refuse(node.flagSpan, "fib: iif and oif are mutually exclusive");
  const order = ["saddr", "daddr", "mark", "iif", "oif"] as const;
  const flags = order.filter(has);
  const result = node.result as "oif" | "oifname" | "type";
  const type = result === "oif" ? interfaceIndexType : result === "oifname" ? interfaceNameType : fibTypeType;
  return {
    kind: "fib",
    flags,
    result,
    present: false,
    type,
    bits: type.bits,
    order: type.order,
    span: node.span,
  };
}

function binary(context: CheckContext, node: Extract<Node, { kind: "binary" }>, wanted?: Wanted): Expr {
  const left = checkOperand(context, node.left, wanted);
  const shift = node.op === "<<" || node.op === ">>";
  const rightWanted: Wanted = shift
    ? { type: integerType, bits: 32, order: "host" }
    : { type: left.type, bits: left.bits, order: left.order };
  const right = checkOperand(context, node.right, rightWanted);
  if (right.kind !== "value") {
    return refuse(node.right.span, `Right hand side of binary operation (${node.op}) must be constant`, [
      node.span,
    ], [
      "write the field on the left and the number on the right",
    ]);
  }
  if (left.kind === "value") return fold(node, left, right);
  if (
    left.kind === "range" || left.kind === "prefix" || left.kind === "verdict" || left.kind === "wildcard"
  ) {
    return refuse(node.left.span, "this value cannot be part of an operation");
  }
  if (shift && right.value >= BigInt(Math.max(left.bits, 1))) {
    refuse(node.right.span, `shift by ${right.value} bits leaves nothing of ${left.bits}`);
  }
  return {
    kind: "binary",
    op: node.op,
    left,
    right,
    type: left.type,
    bits: left.bits,
    order: left.order,
    span: node.span,
  };
}

function concatenation(context: CheckContext, node: Extract<Node, { kind: "concatenation" }>): Expr {
  node.parts.forEach(requireFamily);
  const parts = node.parts.map((part) => checkOperand(context, part));
  const bits = parts.reduce((sum, part) => sum + paddedBits(part.bits), 0);
  if (bits > 512) refuse(node.span, `concatenation of ${bits / 8} bytes is too large, maximum is 64`);
  for (const part of parts) {
    if (part.type.bits === 0 && part.bits === 0) {
      refuse(part.span, `can not use variable sized data types (${part.type.name}) in concat expressions`);
    }
  }
  return {
    kind: "concatenation",
    parts,
    type: concatenatedType(parts.map((part) => part.type)),
    bits,
    order: "big",
    span: node.span,
  };
}
