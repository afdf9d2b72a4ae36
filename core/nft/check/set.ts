import type { Verdict } from "../../expr/expression.ts";
import { compareBytes, mergeIntervals, sortIntervals } from "../../ruleset/intervals.ts";
import type { SetElement } from "../../ruleset/ruleset.ts";
import { elementStatement } from "./stateful.ts";
import type { CheckContext } from "./context.ts";
import { asConstant, boundsOf, joinPadded, type Wanted } from "./constant.ts";
import { refuse } from "../text/diagnostic.ts";
import type { Span } from "../text/source.ts";
import type { ElementNode, Node } from "../tree/tree.ts";
import type { Constant, SetLiteral } from "../tree/typed.ts";
import { type DataType, isInteger, isText } from "../types.ts";

/** What the elements of a set must look like. */
export interface SetShape {
  readonly key: Wanted;
  /** A map's data; `"verdict"` for a verdict map; undefined for a set. */
  readonly data?: Wanted | "verdict";
  /** The keys lead to objects of this type. */
  readonly objects?: number;
  /** What the declaration has every element do; undefined: nothing declared. */
  readonly statements?: number;
  /** The declaration says `flags interval`; undefined: as the elements need. */
  readonly interval?: boolean;
  /** The declaration lets elements have timeouts; undefined: nothing declared. */
  readonly timeouts?: boolean;
  /** Overlapping intervals of a set are joined. */
  readonly merge: boolean;
  /** Data may be ranges (NAT maps): both ends are stored. */
  readonly dataRanges?: boolean;
  /** Elements are named by their keys; data may be left out (`get`, `delete`). */
  readonly keysOnly?: boolean;
  /** Bits of the register the key is compared with, where `adapt` makes it wider. */
  readonly keyBits?: number;
  /** Adapts a key to what the register holds (fields that are masked, not shifted). */
  readonly adapt?: (key: Constant) => Constant;
}

interface Checked {
  readonly key: Constant;
  readonly node: ElementNode;
  readonly data?: Uint8Array;
  readonly verdict?: Verdict;
  readonly object?: string;
}

/** Checks the elements of a set or map written out. */
export function checkElements(
  context: CheckContext,
  nodes: readonly ElementNode[],
  shape: SetShape,
  span: Span,
): SetLiteral {
  const checked = nodes.flatMap((node) => elementsOf(context, node, shape));
  const interval = shape.interval ?? checked.some(({ key }) => spreads(key));
  const elements: (SetElement & { source: Span })[] = checked.map((element) => bind(element, interval));
  const parts = shape.key.type.parts;
  const plain = parts === undefined;
  const settled = interval && plain ? settle(elements, shape) : elements;
  const { data } = shape;
  return {
    key: { ...shape.key.type, order: shape.key.order, bits: shape.key.bits },
    keyBits: parts === undefined
      ? [shape.keyBits ?? shape.key.bits]
      : parts.map((part, index) => shape.key.partBits?.[index] ?? part.bits),
    interval,
    elements: settled,
    span,
    ...(shape.objects === undefined ? {} : { objects: shape.objects }),
    ...(data === undefined
      ? {}
      : data === "verdict"
      ? { data }
      : { data: sized(data), dataBits: dataBits(data, shape.dataRanges === true) }),
  };
}

/** Numbers have the width and order of what they are written to. */
const sized = ({ type, bits, order }: Wanted): DataType =>
  type.parts === undefined && type.bits === 0 && isInteger(type) ? { ...type, bits, order } : type;

/** Ranges take the data's place twice: first and last. */
const dataBits = (data: Wanted, ranges: boolean): number[] => {
  const once = data.type.parts?.map((part) => part.bits) ?? [data.bits];
  return ranges ? [...once, ...once] : once;
};

const spreads = (key: Constant): boolean =>
  key.kind === "prefix" || key.kind === "range" || (key.kind === "constants" && key.parts.some(spreads));

function elementsOf(context: CheckContext, node: ElementNode, shape: SetShape): Checked[] {
  const inner = setOf(node.key);
  // A set within a set (a variable, mostly) gives its elements.
  if (inner !== undefined) {
    return inner.elements.flatMap((element) => elementsOf(context, { ...node, ...element }, shape));
  }
  const key = asConstant(context, node.key, shape.key);
  declared(key, node, shape);
  const adapted = shape.adapt === undefined ? key : shape.adapt(key);
  if (shape.keysOnly === true && node.data === undefined) return [{ key: adapted, node }];
  if (shape.objects !== undefined) return [{ key: adapted, node, object: objectOf(node) }];
  if (shape.data === undefined) {
    if (node.data !== undefined) {
      refuse(node.data.span, "set is not a map", [], [
        "elements of a set have no data; declare a map instead",
      ]);
    }
    return [{ key: adapted, node }];
  }
  if (node.data === undefined) {
    return refuse(node.span, "missing data in map element", [], ["write KEY : DATA"]);
  }
  if (shape.data === "verdict") return [{ key: adapted, node, verdict: verdictOf(node.data) }];
  return [{ key: adapted, node, data: dataOf(context, node.data, shape.data, shape.dataRanges === true) }];
}

function objectOf(node: ElementNode): string {
  const data = node.data?.kind === "variable" ? node.data.value : node.data;
  if (data === undefined) return refuse(node.span, "missing data in map element", [], ["write KEY : NAME"]);
  if (data.kind !== "symbol") return refuse(data.span, "the name of an object was expected here");
  return data.text;
}

/** What the declaration of a named set does not allow. */
function declared(key: Constant, node: ElementNode, shape: SetShape): void {
  if (shape.interval === false && spreads(key)) {
    refuse(
      node.key.span,
      "You must add 'flags interval' to your set declaration if you want to add prefix elements",
    );
  }
  const has = node.statements?.length ?? 0;
  if (shape.statements !== undefined && has > 0 && has !== shape.statements) {
    refuse(
      node.statements![0]!.span,
      shape.statements === 0
        ? "missing statement in set declaration"
        : `number of statements mismatch, set expects ${shape.statements} but element has ${has}`,
    );
  }
  if (shape.timeouts === false && node.timeout !== undefined) {
    refuse(node.key.span, "Could not process rule: Invalid argument", [], [
      "elements of this set have no timeouts; add: flags timeout",
    ]);
  }
}

export function setOf(node: Node): Extract<Node, { kind: "set" }> | undefined {
  if (node.kind === "variable") return setOf(node.value);
  return node.kind === "set" ? node : undefined;
}

export function verdictOf(node: Node): Verdict {
  if (node.kind === "variable") return verdictOf(node.value);
  if (node.kind !== "verdict") {
    return refuse(node.span, "a verdict was expected here", [], [
      "accept, drop, continue, return, jump CHAIN or goto CHAIN",
    ]);
  }
  if (node.code !== "jump" && node.code !== "goto") return { code: node.code };
  return { code: node.code, chain: chainName(node.chain!) };
}

function chainName(node: Node): string {
  if (node.kind === "variable") return chainName(node.value);
  if (node.kind !== "symbol") return refuse(node.span, "the name of a chain was expected here");
  return node.text;
}

function dataOf(context: CheckContext, node: Node, wanted: Wanted, ranges: boolean): Uint8Array {
  const constant = asConstant(context, node, wanted);
  const { from, to } = boundsOf(constant, false);
  if (ranges) return joinPadded([from, to]);
  if (spreads(constant)) refuse(node.span, "a single value was expected here, not a range");
  return from;
}

function bind(element: Checked, interval: boolean): SetElement & { source: Span } {
  const { node } = element;
  const bounds = boundsOf(element.key, interval);
  const distinct = compareBytes(bounds.from, bounds.to) !== 0;
  return {
    key: bounds.from,
    // The kernel's answers are told at the key alone.
    source: node.key.span,
    ...(distinct ? { end: bounds.to } : {}),
    ...(element.key.kind === "wildcard" ? { catchall: true } : {}),
    ...(element.data === undefined ? {} : { data: element.data }),
    ...(element.verdict === undefined ? {} : { verdict: element.verdict }),
    ...(element.object === undefined ? {} : { object: element.object }),
    ...(node.statements === undefined ? {} : { statements: node.statements.map(elementStatement) }),
    ...(node.timeout === undefined ? {} : { timeout: Number(node.timeout) }),
    ...(node.expires === undefined ? {} : { expires: Number(node.expires) }),
    ...(node.comment === undefined ? {} : { comment: node.comment }),
    ...(node.counter === undefined ? {} : { counter: node.counter }),
  };
}

/** Intervals in order; those that overlap are joined, or refused where each has its own data. */
function settle(elements: readonly (SetElement & { source: Span })[], shape: SetShape): SetElement[] {
  const sorted = sortIntervals(elements) as (SetElement & { source: Span })[];
  const others = elements.filter((element) => element.catchall);
  if (shape.merge && shape.data === undefined) {
    return [...(isText(shape.key.type) ? outermost(sorted) : mergeIntervals(sorted)), ...others];
  }
  for (let index = 1; index < sorted.length; index++) {
    const before = sorted[index - 1]!, after = sorted[index]!;
    if (compareBytes(before.end ?? before.key, after.key) < 0) continue;
    const same = compareBytes(before.key, after.key) === 0 &&
      compareBytes(before.end ?? before.key, after.end ?? after.key) === 0;
    if (same && shape.data === undefined) continue;
    // Of two that begin alike nft names the one written first.
    const alike = compareBytes(before.key, after.key) === 0;
    const [first, second] = [before.source, after.source].sort((a, b) => a.start - b.start) as [Span, Span];
    if (alike) refuse(first, "conflicting intervals specified", [second]);
    refuse(after.source, "conflicting intervals specified", [before.source]);
  }
  return [...sorted, ...others];
}

/** Names that begin alike lie within each other or apart: those next to each other have no common beginning. */
function outermost(sorted: readonly SetElement[]): SetElement[] {
  const kept: SetElement[] = [];
  for (const element of sorted) {
    const before = kept.at(-1);
    if (before === undefined || compareBytes(before.end ?? before.key, element.key) < 0) kept.push(element);
  }
  return kept;
}
