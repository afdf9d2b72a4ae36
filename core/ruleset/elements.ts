import type { DraftSet } from "./draft.ts";
import type { RulesetError } from "./error.ts";
import {
  compareBytes,
  lastKey,
  mergeIntervals,
  overlapIn,
  predecessor,
  rangesContain,
  sortIntervals,
  subtractInterval,
  successor,
} from "./intervals.ts";
import { elementStatements, sameKinds } from "./element_statements.ts";
import { meeting } from "./meeting.ts";
import { RangeIndex } from "./range_index.ts";
import { verdictTarget } from "./references.ts";
import type { LiveStore } from "./sets/live.ts";
import { initialState } from "./state.ts";
import { MOST_STATEMENTS } from "./sets/programs.ts";
import { elementKey, sameBytes, type SetDefinition, type SetElement, typeLength } from "./ruleset.ts";

/** What adding an element needs of the transaction. */
export interface ElementContext {
  readonly now: number;
  /** First cell of a pair with these values, -1 when the store is full. */
  allocate(first: number, second: number): number;
  free(cell: number): void;
  /** Why a verdict map may not go to this chain; undefined when it may. */
  target(chain: string): RulesetError | undefined;
  /** Whether the table has this object. */
  object(type: number, name: string): boolean;
  /** What rules added. */
  readonly live: LiveStore;
}

/** Adds elements to a draft set; with `exclusive` none of them may be there already. */
export function addElements(
  set: DraftSet,
  elements: readonly SetElement[],
  exclusive: boolean,
  context: ElementContext,
): RulesetError | undefined {
  const interval = set.interval && set.key.bits.length === 1, ranges = set.interval && !interval;
  // Storage that rules write to has the size it was made with.
  const most = Math.min(set.size ?? Infinity, context.live.get(set.live)?.capacity ?? Infinity);
  let added = 0;
  if (set.timeouts) purge(set, context);
  const index = ranges && elements.length > FEW ? indexOf(set) : undefined, length = typeLength(set.key);
  for (const given of elements) {
    const error = shapeError(set, given, length, context);
    if (error !== undefined) return error;
    const key = elementKey(given), there = set.elements.get(key);
    if (there !== undefined) {
      if (exclusive || !sameData(there, given)) return refusal(set, "exists");
      continue;
    }
    if (ranges && rangesClash(index ?? set, given)) return refusal(set, "exists");
    if (set.elements.size >= most) return refusal(set, "full");
    const state = takeCells(set, given, context);
    if (state === undefined) return refusal(set, "memory");
    const timeout = given.timeout ?? set.timeout, left = given.expires ?? timeout;
    const ends = set.timeouts && left !== undefined && left > 0;
    // As it came where nothing is to be added: a copy of each of a million elements is half of the time.
    const whole = (state.cell ?? -1) < 0 && state.cells === undefined && given.cell === undefined && !ends;
    set.elements.set(
      key,
      whole ? given : { ...given, ...state, ...(ends ? { deadline: context.now + left } : {}) },
    );
    if (index !== undefined && !given.catchall) index.add(given);
    added++;
  }
  if (!interval || added === 0) return undefined;
  return elements.length <= FEW ? settleFew(set, elements, context) : settleIntervals(set, context);
}

/** Cells for an element's statements with their first values; undefined when the store is full. */
function takeCells(
  set: DraftSet,
  element: SetElement,
  context: ElementContext,
): Pick<SetElement, "cell" | "cells"> | undefined {
  const statements = elementStatements(set, element);
  // Sets that rules change keep the state of their elements themselves.
  if (statements.length === 0 || set.live > 0) return { cell: -1 };
  const cells = statements.map((statement) => context.allocate(...(initialState(statement) ?? [0, 0])));
  if (cells.includes(-1)) {
    for (const cell of cells) context.free(cell);
    return undefined;
  }
  return cells.length === 1 ? { cell: cells[0]! } : { cell: cells[0]!, cells };
}

export function freeCells(element: SetElement, context: Pick<ElementContext, "free">): void {
  for (const cell of element.cells ?? [element.cell ?? -1]) context.free(cell);
}

/** Settles the neighbourhood of a few elements: a large set need not be sorted for them. */
function settleFew(set: DraftSet, elements: readonly SetElement[], context: ElementContext) {
  const merge = set.autoMerge && set.data === undefined;
  for (const element of elements) {
    if (element.catchall) continue;
    if (merge) mergeAround(set, element, context);
    else if (meeting(set.elements, element.key, lastKey(element)).length > 1) return refusal(set, "overlap");
  }
  return undefined;
}

/** Joins an interval with those that overlap or touch it; counters of those swallowed are given back. */
function mergeAround(set: DraftSet, { key, end = key }: SetElement, context: ElementContext): void {
  const from = key.every((byte) => byte === 0) ? key : predecessor(key);
  const near = meeting(set.elements, from, successor(end));
  const merged = mergeIntervals(sortIntervals(near));
  if (merged.length === near.length) return;
  const kept = new Set(merged.map((element) => element.cell));
  for (const element of near) {
    set.elements.delete(elementKey(element));
    if (!kept.has(element.cell)) freeCells(element, context);
  }
  for (const element of merged) set.elements.set(elementKey(element), element);
}

/** Overlaps are refused, or merged when the set says so. */
function settleIntervals(set: DraftSet, context: ElementContext): RulesetError | undefined {
  const sorted = sortIntervals(set.elements.values());
  if (set.autoMerge && set.data === undefined) {
    const merged = mergeIntervals(sorted);
    if (merged.length !== sorted.length) replaceAll(set, merged, context);
    return undefined;
  }
  return overlapIn(sorted) < 0 ? undefined : refusal(set, "overlap");
}

/** The merged intervals instead of all there were; counters of those swallowed are given back. */
function replaceAll(set: DraftSet, elements: readonly SetElement[], context: ElementContext): void {
  const catchall = set.elements.get("*"), kept = new Set(elements.map((element) => element.cell));
  for (const element of set.elements.values()) {
    if (element.catchall !== true && !kept.has(element.cell)) freeCells(element, context);
  }
  set.elements.clear();
  for (const element of elements) set.elements.set(elementKey(element), element);
  if (catchall !== undefined) set.elements.set("*", catchall);
}

/** Takes elements out; every one must be there. With `auto-merge` a part of an interval may go. */
export function deleteElements(
  set: DraftSet,
  elements: readonly SetElement[],
  context: ElementContext,
): RulesetError | undefined {
  for (const given of elements) {
    const key = elementKey(given), there = set.elements.get(key);
    if (there !== undefined) {
      set.elements.delete(key);
      freeCells(there, context);
    } else if (set.live > 0 && context.live.holds(set.live, given.key, context.now)) {
      set.removals = [...context.live.open(set.removals, set.live), context.live.removal(given.key)];
    } else {
      const merged = set.autoMerge && set.interval && set.key.bits.length === 1;
      const covering = merged ? coveringElement(set, given) : undefined;
      if (covering === undefined) {
        return { reason: "missing", what: "element", name: set.name, detail: "element does not exist" };
      }
      const error = punchHole(set, covering, given, context);
      if (error !== undefined) return error;
    }
  }
  return undefined;
}

/** The merged interval that covers a hole wholly. */
function coveringElement(set: DraftSet, { key, end = key }: SetElement): SetElement | undefined {
  return meeting(set.elements, key, end).find((element) =>
    compareBytes(element.key, key) <= 0 && compareBytes(end, lastKey(element)) <= 0
  );
}

/** Cuts a hole out of an element. What is left of it keeps the counter; a second piece gets one of its own. */
function punchHole(
  set: DraftSet,
  element: SetElement,
  hole: SetElement,
  context: ElementContext,
): RulesetError | undefined {
  const rest = subtractInterval(element, hole.key, lastKey(hole)) ?? [];
  set.elements.delete(elementKey(element));
  if (rest.length === 0) freeCells(element, context);
  for (const [i, piece] of rest.entries()) {
    const state = i === 0 ? {} : takeCells(set, piece, context);
    if (state === undefined) return refusal(set, "memory");
    set.elements.set(elementKey(piece), { ...piece, ...state });
  }
  return undefined;
}

function indexOf(set: SetDefinition): RangeIndex {
  const index = new RangeIndex(set.key.bits);
  for (const element of set.elements.values()) if (!element.catchall) index.add(element);
  return index;
}

/** Elements that are sooner compared with all there are than looked for in an index made for them. */
const FEW = 4;

/** nft_pipapo_insert: a new element may not begin or end inside an older one. */
function rangesClash(among: RangeIndex | SetDefinition, { key, end, catchall }: SetElement): boolean {
  if (catchall) return false;
  const covers = among instanceof RangeIndex
    ? (point: Uint8Array) => among.covers(point)
    : (point: Uint8Array) => {
      for (const element of among.elements.values()) {
        if (!element.catchall && rangesContain(element, point, among.key.bits)) return true;
      }
      return false;
    };
  return covers(key) || (end !== undefined && covers(end));
}

/** Wrong lengths and kinds are the language's mistake, but must never reach the machine. */
function shapeError(
  set: SetDefinition,
  element: SetElement,
  length: number,
  context: ElementContext,
): RulesetError | undefined {
  if (!element.catchall && element.key.length !== length) return refusal(set, "invalid");
  if (element.end !== undefined) {
    if (!set.interval || element.end.length !== length) return refusal(set, "invalid");
    if (compareBytes(element.key, element.end) > 0 && set.key.bits.length === 1) {
      return refusal(set, "invalid");
    }
  }
  if (element.timeout !== undefined && !set.timeouts) return refusal(set, "invalid");
  if (element.statements !== undefined || element.counter !== undefined) {
    if ((element.statements?.length ?? 0) > MOST_STATEMENTS) return refusal(set, "invalid");
    if (!sameKinds(set, element)) return refusal(set, "unsupported");
  }
  if (set.objects !== undefined) {
    if (element.object === undefined) return refusal(set, "invalid");
    return context.object(set.objects, element.object) ? undefined : refusal(set, "missing");
  }
  if (set.data === undefined) {
    if (element.data !== undefined || element.verdict !== undefined) return refusal(set, "invalid");
  } else if (set.data === "verdict") {
    if (element.verdict === undefined) return refusal(set, "invalid");
    const target = verdictTarget(element.verdict);
    if (target !== undefined) return context.target(target);
  } else if (element.data?.length !== typeLength(set.data)) return refusal(set, "invalid");
  return undefined;
}

function sameData(a: SetElement, b: SetElement): boolean {
  if (a.object !== b.object) return false;
  if (a.verdict !== undefined || b.verdict !== undefined) {
    return a.verdict?.code === b.verdict?.code &&
      (a.verdict && verdictTarget(a.verdict)) === (b.verdict && verdictTarget(b.verdict));
  }
  return a.data === undefined ? b.data === undefined : b.data !== undefined && sameBytes(a.data, b.data);
}

/** Forgets elements whose time is over. */
function purge(set: DraftSet, context: ElementContext): void {
  for (const [key, element] of set.elements) {
    if (element.deadline === undefined || element.deadline > context.now) continue;
    set.elements.delete(key);
    freeCells(element, context);
  }
}

const refusal = (set: SetDefinition, reason: RulesetError["reason"]): RulesetError => ({
  reason,
  what: "element",
  name: set.name,
});
