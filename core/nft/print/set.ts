import { compareBytes } from "../../ruleset/intervals.ts";
import type { SetDefinition, SetElement } from "../../ruleset/ruleset.ts";
import { setSource } from "../check/context.ts";
import { timeType } from "../datatype/time.ts";
import { printPlain } from "./plain.ts";
import { takesPrefix } from "../delinearize/postprocess_match.ts";
import { printConstant, printFlags, printVerdict } from "./value.ts";
import { NOWHERE } from "../text/source.ts";
import { type Constant, paddedBits } from "../tree/typed.ts";
import {
  type ByteOrder,
  type DataType,
  integerType,
  isBitmask,
  isText,
  type TypeContext,
  valueOf,
} from "../types.ts";

export interface ElementPrinting {
  readonly types: TypeContext;
  readonly stateless: boolean;
  /** Keys are a bit field this many bits up. */
  readonly shift?: number;
  /** Milliseconds until an element goes. */
  readonly left?: (element: SetElement) => number | undefined;
  readonly counts?: (element: SetElement) => readonly [number, number] | undefined;
}

/** Elements in the order nft lists them, as text. */
export function elementTexts(set: SetDefinition, printing: ElementPrinting): string[] {
  return sortedElements(set).map((element) => elementText(set, element, printing));
}

export function sortedElements(set: SetDefinition): SetElement[] {
  const elements = [...set.elements.values()];
  return set.interval && set.key.bits.length > 1 ? elements : sorted(elements, set);
}

function sorted(elements: SetElement[], set: SetDefinition): SetElement[] {
  const big = set.interval || (setSource(set)?.key[0]?.order ?? "big") === "big";
  const concatenated = set.key.bits.length > 1;
  const first = setSource(set)?.key[0];
  if (first !== undefined && !concatenated && !set.interval && isBitmask(first)) {
    // Several flags sort by the lowest of them; where that is the same the larger number comes first.
    const value = (element: SetElement) => valueOf(element.key, first.order);
    const lowest = (element: SetElement) => value(element) & -value(element);
    return elements.sort((a, b) => Number(lowest(a) - lowest(b)) || Number(value(b) - value(a)));
  }
  return elements.sort((a, b) => {
    if (a.catchall || b.catchall) return a.catchall === b.catchall ? 0 : a.catchall ? 1 : -1;
    // nft sorts concatenations as one number in host order, first byte least.
    if (concatenated || !big) return compareBytes(a.key.slice().reverse(), b.key.slice().reverse());
    return compareBytes(a.key, b.key);
  });
}

const duration = (milliseconds: number, types: TypeContext): string =>
  timeType.print!(BigInt(Math.max(0, Math.round(milliseconds))), 64, types);

export function elementText(set: SetDefinition, element: SetElement, printing: ElementPrinting): string {
  let text = element.catchall ? "*" : keyText(set, element, printing);
  const counts = printing.counts?.(element) ??
    (element.counter && [element.counter.packets, element.counter.bytes]);
  const own = element.statements ?? set.statements;
  const statements = own?.length === 1 && own[0]!.kind === "counter" ? undefined : own;
  if (statements !== undefined) {
    const context = { types: printing.types, stateless: printing.stateless, family: "ip", set: () => "" };
    for (const statement of statements) {
      text += ` ${printPlain(statement, context)}`;
    }
  } else if (counts !== undefined || set.counter || own !== undefined) {
    text += printing.stateless
      ? " counter"
      : ` counter packets ${counts?.[0] ?? 0} bytes ${counts?.[1] ?? 0}`;
  }
  if (element.timeout !== undefined && element.timeout !== set.timeout) {
    text += ` timeout ${duration(element.timeout, printing.types)}`;
  }
  const left = printing.stateless ? undefined : printing.left?.(element);
  if (left !== undefined) text += ` expires ${duration(left, printing.types)}`;
  if (element.comment !== undefined) text += ` comment "${element.comment}"`;
  if (element.object !== undefined) text += ` : "${element.object}"`;
  if (element.verdict !== undefined) text += ` : ${printVerdict(element.verdict)}`;
  else if (element.data !== undefined) text += ` : ${dataText(set, element, printing)}`;
  return text;
}

const printPart = (part: Constant, types: TypeContext): string =>
  part.kind === "value" && isBitmask(part.type)
    ? printFlags(part.type, part.value, " | ", types)
    : printConstant(part, types);

const keyText = (set: SetDefinition, element: SetElement, printing: ElementPrinting): string =>
  componentsOf(set, element, "key", printing.shift).map((part) => printPart(part, printing.types)).join(
    " . ",
  );

const dataText = (set: SetDefinition, element: SetElement, printing: ElementPrinting): string =>
  componentsOf(set, element, "data").map((part) => printPart(part, printing.types)).join(" . ");

/** The parts of an element's key or data as constants: values, prefixes or ranges. */
export function componentsOf(
  set: SetDefinition,
  element: SetElement,
  which: "key" | "data",
  shift = 0,
): Constant[] {
  return which === "key" ? keyParts(set, element, BigInt(shift)) : dataParts(set, element.data!);
}

function keyParts(set: SetDefinition, element: SetElement, shift: bigint): Constant[] {
  const own = setSource(set)?.key ?? [];
  let at = 0;
  return set.key.bits.map((bits, index) => {
    const bytes = (bits + 7) >> 3;
    const type = own[index] ?? integerType;
    const order: ByteOrder = set.interval || isText(type) ? "big" : type.order;
    const from = valueOf(element.key.subarray(at, at + bytes), order) >> shift;
    const to = element.end === undefined
      ? from
      : valueOf(element.end.subarray(at, at + bytes), order) >> shift;
    at += paddedBits(bits) / 8;
    return component(type, from, to, bits);
  });
}

function component(type: DataType, from: bigint, to: bigint, bits: number): Constant {
  const typed = { type, bits, order: "big" as const, span: NOWHERE };
  if (from === to) return { kind: "value", value: from, ...typed };
  const size = to - from + 1n;
  const aligned = (size & (size - 1n)) === 0n && from % size === 0n;
  if (aligned && (takesPrefix(type) || isText(type))) {
    return { kind: "prefix", value: from, length: bits - (size.toString(2).length - 1), ...typed };
  }
  return { kind: "range", from, to, ...typed };
}

function dataParts(set: SetDefinition, data: Uint8Array): Constant[] {
  const own = setSource(set)?.data ?? [];
  const widths = own.map((type) => Math.max(1, (type.bits + 7) >> 3));
  const once = own.length === 1
    ? widths[0]!
    : widths.reduce((sum, width) => sum + paddedBits(width * 8) / 8, 0);
  const double = data.length >= 2 * once && once > 0;
  const second = own.length === 1 ? paddedBits(once * 8) / 8 : once;
  let at = 0;
  return own.map((type, index) => {
    const width = widths[index]!;
    const order: ByteOrder = isText(type) ? "big" : type.order;
    const from = valueOf(data.subarray(at, at + width), order);
    const to = double ? valueOf(data.subarray(second + at, second + at + width), order) : from;
    at += paddedBits(width * 8) / 8;
    return component(type, from, to, width * 8);
  });
}

const FIVE_A_LINE = new Set([
  "nf_proto",
  "integer",
  "arp_op",
  "inet_proto",
  "inet_service",
  "tcp_flag",
  "dccp_pkttype",
  "mark",
  "iface_index",
  "classid",
  "uid",
  "gid",
  "ct_dir",
]);
const TWO_A_LINE = new Set(["ipv4_addr", "ct_state", "ct_status", "pkt_type"]);

/** Elements of a named set, broken into lines as nft breaks them, a piece an element. */
export function* elementPieces(
  set: SetDefinition,
  printing: ElementPrinting,
  keyName: string,
): Generator<string> {
  const perLine = FIVE_A_LINE.has(keyName) ? 5 : TWO_A_LINE.has(keyName) ? 2 : 1;
  let index = 0;
  for (const element of sortedElements(set)) {
    const before = index === 0 ? "" : index % perLine === 0 ? ",\n\t\t\t     " : ", ";
    yield before + elementText(set, element, printing);
    index++;
  }
}
