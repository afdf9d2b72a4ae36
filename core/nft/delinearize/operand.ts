import type { Expression } from "../../expr/expression.ts";
import { fingerprintOperand, numgenOperand, socketOperand, xfrmOperand } from "../check/generated.ts";
import { OPTION_BY_TYPE } from "./option.ts";
import { ctByKey, metaByKey } from "../keys.ts";
import { listedOption } from "../protocol/option_list.ts";
import { TUNNELS } from "../protocol/tunnel.ts";
import { EXTENSIONS } from "../protocol/extension.ts";
import { booleanType, fibTypeType, realmType } from "../datatype/symbolic.ts";
import { interfaceIndexType, interfaceNameType } from "../datatype/interface.ts";
import { ipv4Type, ipv6Type } from "../datatype/address.ts";
import { NOWHERE } from "../text/source.ts";
import type { Operand } from "../tree/typed.ts";
import { integerType, rawType } from "../types.ts";

const span = NOWHERE;

/** What an expression loads, as the checked tree has it; undefined for those that load nothing. */
export function operandOf(e: Expression): Operand | undefined {
  switch (e.kind) {
    case "meta": {
      const row = metaByKey(e.key);
      return row && { kind: "meta", row, type: row.type, bits: row.bits, order: row.order, span };
    }
    case "ct": {
      const row = ctByKey(e.key);
      return row &&
        {
          kind: "ct",
          row,
          type: row.type,
          bits: row.bits,
          order: row.order,
          span,
          ...(e.direction === undefined ? {} : { direction: e.direction }),
        };
    }
    case "inner": {
      const tunnel = [...TUNNELS.values()].find(({ type }) => type === e.type);
      const { load } = e;
      const own = load.kind === "payload" && load.base === "tunnel";
      const found = operandOf(own ? { ...load, base: "transport" } : load as Expression);
      if (tunnel === undefined || (found?.kind !== "payload" && found?.kind !== "meta")) return undefined;
      if (!own || found.kind !== "payload") return { ...found, tunnel };
      const { row } = tunnel;
      const field = row.fields.find((known) => known.offset === found.offset && known.bits === found.bits);
      return { ...found, tunnel, protocol: row, ...(field === undefined ? {} : { field, type: field.type }) };
    }
    case "payload": {
      const base = e.base === "inner" ? "transport" : e.base;
      return {
        kind: "payload",
        base,
        offset: e.offset * 8,
        bits: e.length * 8,
        type: rawType,
        order: "big",
        span,
        ...(e.base === "inner" ? { behind: true } : {}),
      };
    }
    case "exthdr":
      return e.op === "tcpopt" ? tcpOption(e) : e.op === "ipv6" ? extension(e) : listOption(e);
    case "numgen":
      return numgenOperand({ ...e, span });
    case "socket":
      return socketOperand(e.key);
    case "osf":
      return fingerprintOperand(e.ttl, e.version);
    case "xfrm":
      return xfrmOperand(e.direction, e.key, e.template);
    case "rt":
      return route(e.key);
    case "fib": {
      const type = e.present
        ? booleanType
        : e.result === "oif"
        ? interfaceIndexType
        : e.result === "oifname"
        ? interfaceNameType
        : fibTypeType;
      return {
        kind: "fib",
        flags: e.flags,
        result: e.result,
        present: e.present,
        type,
        bits: type.bits,
        order: type.order,
        span,
      };
    }
    default:
      return undefined;
  }
}

function route(key: Extract<Expression, { kind: "rt" }>["key"]): Operand {
  switch (key) {
    case "classid":
      return { kind: "rt", key, type: realmType, bits: 32, order: "host", span };
    case "tcpmss":
      return { kind: "rt", key, type: integerType, bits: 16, order: "host", span };
    case "ipsec":
      return { kind: "rt", key, type: booleanType, bits: 1, order: "host", span };
    case "nexthop4":
      return { kind: "rt", key, type: ipv4Type, bits: 32, order: "big", span };
    case "nexthop6":
      return { kind: "rt", key, type: ipv6Type, bits: 128, order: "big", span };
  }
}

function tcpOption(e: Extract<Expression, { kind: "exthdr" }>): Operand {
  if (!e.present) return OPTION_BY_TYPE(e.type, e.offset * 8, e.length * 8);
  const { option } = OPTION_BY_TYPE(e.type, 0, 8);
  return { kind: "option", option, offset: 0, bits: 8, type: booleanType, order: "host", span };
}

/** IPv4 options and SCTP chunks. */
function listOption(e: Extract<Expression, { kind: "exthdr" }>): Operand | undefined {
  const listed = listedOption(e.op, e.type);
  if (listed === undefined) return undefined;
  const base = { kind: "option", ...listed, span } as const;
  if (e.present) return { ...base, offset: 0, bits: 8, type: booleanType, order: "host" };
  const offset = e.offset * 8, bits = e.length * 8;
  const field = listed.option.fields.find((known) => known.offset === offset && known.bits === bits);
  const place = { offset, bits, order: "big" } as const;
  return field === undefined
    ? { ...base, ...place, type: integerType, raw: true }
    : { ...base, ...place, field, type: field.type };
}

function extension(e: Extract<Expression, { kind: "exthdr" }>): Operand {
  const headers = [...EXTENSIONS.values()].filter((header) => header.type === e.type);
  const offset = e.offset * 8, bits = e.length * 8;
  const [first] = headers;
  if (e.present || first === undefined) {
    const header = first ?? { name: `exthdr ${e.type}`, type: e.type, fields: [] };
    return { kind: "extension", header, offset: 0, bits: 8, type: booleanType, order: "host", span };
  }
  for (const header of headers) {
    for (const field of header.fields) {
      const indexed = field.indexed === true && offset >= field.offset &&
        (offset - field.offset) % field.bits === 0;
      if ((field.offset === offset || indexed) && field.bits === bits) {
        return { kind: "extension", header, field, offset, bits, type: field.type, order: "big", span };
      }
    }
  }
  return { kind: "extension", header: first, offset, bits, type: integerType, order: "big", span };
}
