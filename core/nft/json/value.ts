import { ctLabelType } from "../datatype/connection.ts";
import { flagNames } from "../datatype/connection.ts";
import { booleanType, realmType } from "../datatype/symbolic.ts";
import { timeType } from "../datatype/time.ts";
import { printVerdict } from "../print/value.ts";
import type { Constant } from "../tree/typed.ts";
import {
  baseWhere,
  type DataType,
  integerType,
  isBitmask,
  isText,
  printValue,
  type TypeContext,
  valueText,
} from "../types.ts";
import type { Verdict } from "../../expr/expression.ts";
import { type Json, oneOrMany } from "./json.ts";

/** How several flags stand together: as the list of a match, or joined as a value is. */
export type FlagForm = "list" | "joined";

/** A constant in libnftables-json's words. */
export function jsonConstant(constant: Constant, types: TypeContext, flags: FlagForm = "list"): Json {
  switch (constant.kind) {
    case "value":
      return jsonValue(constant.type, constant.value, constant.bits, types, flags);
    case "prefix":
      if (isText(constant.type)) return `${valueText(constant.value, constant.bits)}*`;
      return {
        prefix: {
          addr: jsonValue(constant.type, constant.value, constant.bits, types),
          len: constant.length,
        },
      };
    case "range": {
      // Protocols at the ends of ranges are numbers (range_expr_json).
      const { type, bits } = constant;
      const plain = { ...types, numericProtocol: true, serviceNames: false };
      if (isBitmask(type)) return { range: [jsonNumber(constant.from), jsonNumber(constant.to)] };
      return {
        range: [jsonValue(type, constant.from, bits, plain), jsonValue(type, constant.to, bits, plain)],
      };
    }
    case "constants":
      return { concat: constant.parts.map((part) => jsonConstant(part, types, flags)) };
    case "wildcard":
      return "*";
    case "verdict":
      return jsonVerdict(constant.verdict);
  }
}

export function jsonVerdict(verdict: Verdict): Json {
  if ("chain" in verdict) return { [verdict.code]: { target: verdict.chain } };
  return { [printVerdict(verdict)]: null };
}

/** A value of a datatype: names and addresses as strings, what counts as numbers. */
export function jsonValue(
  type: DataType,
  value: bigint,
  bits: number,
  types: TypeContext,
  flags: FlagForm = "list",
): Json {
  if (isText(type)) return valueText(value, bits).replace(/\*$/, "\\*");
  if (type.name === booleanType.name) return value !== 0n;
  if (isBitmask(type) && type.name !== ctLabelType.name) return jsonFlags(type, value, types, flags);
  if (type.print === timeType.print) return jsonNumber(value / 1000n);
  if (type.name === integerType.name || type.name === ctLabelType.name || type.hexDigits === 0) {
    return counted(type, value, bits, types);
  }
  const symbol = types.numericSymbols
    ? undefined
    : type.symbols?.find(([, own]) => BigInt(own) === value)?.[0];
  if (symbol !== undefined) return symbol;
  // Addresses, dates and the like are the text of the language; other types fall back on their number.
  if (type.print !== undefined || type.name === realmType.name) {
    return fromText(type, printValue(type, value, bits, types));
  }
  return jsonNumber(value);
}

/** Types whose text is a number when it has no name; others are text even then. */
const COUNTED = new Set([
  "inet_proto",
  "inet_service",
  "uid",
  "gid",
  "iface_type",
  "devgroup",
  "mark",
]);

function fromText(type: DataType, text: string): Json {
  const bare = text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text;
  const counted = COUNTED.has(type.name);
  return counted && /^(?:\d+|0x[0-9a-f]+)$/.test(bare) ? Number(bare) : bare;
}

function counted(type: DataType, value: bigint, bits: number, types: TypeContext): Json {
  if (type.name !== ctLabelType.name) return jsonNumber(value);
  const text = printValue(type, value, bits, types);
  return /^\d+$/.test(text) ? Number(text) : text;
}

/** Numbers that a double holds exactly; larger ones as hexadecimal text. */
export const jsonNumber = (value: bigint): Json =>
  value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : `0x${value.toString(16)}`;

/** Flags by name, lowest first; the number where a bit has no name. */
function jsonFlags(type: DataType, value: bigint, types: TypeContext, form: FlagForm): Json {
  const symbols = baseWhere(type, (at) => at.symbols !== undefined)?.symbols;
  if (symbols === undefined || value === 0n || types.numericSymbols) return jsonNumber(value);
  const names = flagNames(value, [...symbols].sort((a, b) => a[1] - b[1]));
  if (names === undefined) return jsonNumber(value);
  return form === "list" || names.length === 1
    ? oneOrMany(names)
    : names.slice(1).reduce<Json>((left, right) => ({ "|": [left, right] }), names[0]!);
}
