import type { Constant } from "../tree/typed.ts";
import { flagNames } from "../datatype/connection.ts";
import {
  baseWhere,
  type DataType,
  isBitmask,
  isText,
  printValue,
  type TypeContext,
  valueText,
} from "../types.ts";
import { verdictText } from "../../expr/netlink_text.ts";

/** A constant as the language writes it. */
export function printConstant(constant: Constant, types: TypeContext): string {
  switch (constant.kind) {
    case "value":
      if (isText(constant.type)) return `"${escapeStar(valueText(constant.value, constant.bits))}"`;
      return printValue(constant.type, constant.value, constant.bits, types);
    case "prefix":
      if (isText(constant.type)) return `"${escapeStar(valueText(constant.value, constant.bits))}*"`;
      return `${printValue(constant.type, constant.value, constant.bits, types)}/${constant.length}`;
    case "range": {
      // Ends of ranges are numbers, durations seconds (range_expr_print).
      const { type, bits } = constant;
      const plain = {
        ...types,
        numericSymbols: true,
        numericProtocol: true,
        serviceNames: false,
        seconds: true,
        rangeEnds: true,
      };
      return `${printValue(type, constant.from, bits, plain)}-${printValue(type, constant.to, bits, plain)}`;
    }
    case "constants":
      return constant.parts.map((part) => printConstant(part, types)).join(" . ");
    case "wildcard":
      return "*";
    case "verdict":
      return printVerdict(constant.verdict);
  }
}

export const printVerdict = (verdict: Parameters<typeof verdictText>[0]): string =>
  verdictText(verdict).replace(" -> ", " ");

const escapeStar = (text: string): string => text.replace(/\*$/, "\\*");

function bitsOf(value: bigint): bigint[] {
  const bits: bigint[] = [];
  for (let bit = 1n; bit <= value; bit <<= 1n) if ((value & bit) !== 0n) bits.push(bit);
  return bits.length === 0 ? [0n] : bits;
}

/** Names of flags joined: with `,` in a match, with ` | ` elsewhere; the number where a bit has no name. */
export function printFlags(type: DataType, value: bigint, joint: string, types: TypeContext): string {
  const symbols = baseWhere(type, (at) => at.symbols !== undefined)?.symbols;
  if (symbols === undefined || !isBitmask(type)) return printValue(type, value, type.bits, types);
  if (types.numericSymbols) return bitsOf(value).map((bit) => "0x" + bit.toString(16)).join(joint);
  const sorted = [...symbols].sort((a, b) => a[1] - b[1]);
  return flagNames(value, sorted)?.join(joint) ?? printValue(type, value, type.bits, types);
}
