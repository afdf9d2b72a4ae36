import { fibResult, printOperand } from "../print/operand.ts";
import type { ExtensionField } from "../protocol/extension.ts";
import { OPTION_LISTS } from "../protocol/option_list.ts";
import { TCP_OPTIONS } from "../protocol/tcp_option.ts";
import type { Expr, PayloadExpr, SetUse } from "../tree/typed.ts";
import type { TypeContext } from "../types.ts";
import type { Json, JsonObject } from "./json.ts";
import { type FlagForm, jsonConstant } from "./value.ts";

/** A set in a rule: `{ "set": [...] }` for one written there, `"@name"` for others. */
export type SetJson = (use: SetUse) => Json;

export interface OperandJson {
  readonly types: TypeContext;
  readonly set: SetJson;
  /** How the flags of a mask stand. */
  readonly flags?: FlagForm;
}

/** What is looked at. */
export function jsonOperand(expr: Expr, context: OperandJson): Json {
  switch (expr.kind) {
    case "payload":
      return { payload: payload(expr) };
    case "meta":
      return { meta: { key: expr.row.name } };
    case "ct": {
      const family = expr.row.key.endsWith("_ip6") ? "ip6 " : expr.row.key.endsWith("_ip") ? "ip " : "";
      return {
        ct: {
          key: `${family}${expr.row.name}`,
          ...(expr.direction === undefined || SAME_BOTH_WAYS.has(expr.row.name)
            ? {}
            : { dir: expr.direction }),
        },
      };
    }
    case "option": {
      if (expr.of !== undefined) {
        const field: JsonObject = expr.field === undefined ? {} : { field: expr.field.name };
        return { [OPTION_LISTS[expr.of].words]: { name: expr.option.name, ...field } };
      }
      if (expr.raw === true || !TCP_OPTIONS.has(expr.option.name)) {
        return { "tcp option": { base: expr.option.type, offset: expr.offset, len: expr.bits } };
      }
      return {
        "tcp option": {
          name: expr.option.name,
          ...(expr.field === undefined ? {} : { field: expr.field.name }),
        },
      };
    }
    case "extension":
      return {
        exthdr: {
          name: expr.header.name,
          ...(expr.field === undefined ? {} : { field: indexed(expr.field, expr.offset) }),
        },
      };
    case "rt":
      return { rt: route(expr.key) };
    case "fib":
      return { fib: { result: fibResult(expr, context.types), flags: [...expr.flags] } };
    case "numgen":
      return { numgen: { mode: expr.mode, mod: expr.modulus, offset: expr.offset } };
    case "hash":
      return {
        [expr.mode]: {
          mod: expr.modulus,
          ...(expr.seed === undefined ? {} : { seed: expr.seed }),
          ...(expr.offset === 0 ? {} : { offset: expr.offset }),
          ...(expr.key === undefined ? {} : { expr: jsonOperand(expr.key, context) }),
        },
      };
    case "socket":
      return { socket: { key: expr.key } };
    case "osf": {
      const ttl = TTL_WORDS[expr.ttl];
      return { osf: { key: expr.version ? "version" : "name", ...(ttl === undefined ? {} : { ttl }) } };
    }
    case "xfrm": {
      const version = expr.key.endsWith("4") ? "ip" : expr.key.endsWith("6") ? "ip6" : undefined;
      return {
        ipsec: {
          key: version === undefined ? expr.key : expr.key.slice(0, -1),
          ...(version === undefined ? {} : { family: version }),
          dir: expr.direction,
          spnum: expr.template,
        },
      };
    }
    case "byteorder":
      return jsonOperand(expr.operand, context);
    case "binary":
      return { [expr.op]: [jsonOperand(expr.left, context), jsonOperand(expr.right, context)] };
    case "concatenation":
      return { concat: expr.parts.map((part) => jsonOperand(part, context)) };
    case "map":
      return {
        map: { key: jsonOperand(expr.key, { ...context, flags: "joined" }), data: context.set(expr.set) },
      };
    case "value":
    case "prefix":
    case "range":
    case "constants":
    case "wildcard":
    case "verdict":
      return jsonConstant(expr, context.types, context.flags);
    default:
      // An operand without a form of its own here stands as the language spells it.
      return printOperand(expr, context.types);
  }
}

/** What a connection has in common for both directions. */
const SAME_BOTH_WAYS: ReadonlySet<string> = new Set(["protocol", "l3proto"]);

/** `sid[2]`: members of an array are told by number, from 1. */
const indexed = (field: ExtensionField, offset: number): string =>
  field.indexed === true ? `${field.name}[${(offset - field.offset) / field.bits + 1}]` : field.name;

/** NF_OSF_TTL_* as words. */
const TTL_WORDS: readonly (string | undefined)[] = [undefined, "loose", "skip"];

function payload(expr: PayloadExpr): Json {
  if (expr.protocol !== undefined && expr.field !== undefined) {
    const named = { protocol: expr.protocol.name, field: expr.field.name };
    return expr.tunnel === undefined ? named : { ...named, tunnel: expr.tunnel.name };
  }
  const base = expr.behind ? "ih" : expr.base === "link" ? "ll" : expr.base === "network" ? "nh" : "th";
  return { base, offset: expr.offset, len: expr.bits };
}

function route(key: Extract<Expr, { kind: "rt" }>["key"]): Json {
  if (key === "tcpmss") return { key: "mtu" };
  if (key === "nexthop4") return { key: "nexthop", family: "ip" };
  if (key === "nexthop6") return { key: "nexthop", family: "ip6" };
  return { key };
}
