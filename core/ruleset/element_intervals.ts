import type { DraftSet } from "./draft.ts";
import { freeCells, takeCells } from "./element_cells.ts";
import { type ElementContext, refusal } from "./element_context.ts";
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
import { meeting } from "./meeting.ts";
import { RangeIndex } from "./range_index.ts";
import { elementKey, type SetDefinition, type SetElement } from "./ruleset.ts";

/** Settles the neighbourhood of a few elements: a large set need not be sorted for them. */
export function settleFew(
  set: DraftSet,
  elements: readonly SetElement[],
  context: ElementContext,
): RulesetError | undefined {
  const merge = set.autoMerge && set.data === undefined;
  for (const element of elements) {
    if (element.catchall) continue;
    if (merge) mergeAround(set, element, context);
    else if (meeting(set.elements, element.key, lastKey(element)).length > 1) {
      return refusal(set, "overlap", element);
    }
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
export function settleIntervals(
  set: DraftSet,
  added: readonly SetElement[],
  context: ElementContext,
): RulesetError | undefined {
  const sorted = sortIntervals(set.elements.values());
  if (set.autoMerge && set.data === undefined) {
    const merged = mergeIntervals(sorted);
    if (merged.length !== sorted.length) replaceAll(set, merged, context);
    return undefined;
  }
  const second = overlapIn(sorted);
  if (second < 0) return undefined;
  // Told of the new one; of two new ones of the later.
  const keys = new Set(added.map(elementKey)), later = sorted[second]!, earlier = sorted[second - 1]!;
  return refusal(set, "overlap", keys.has(elementKey(later)) ? later : earlier);
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

/** The merged interval that covers a hole wholly. */
export function coveringElement(set: DraftSet, { key, end = key }: SetElement): SetElement | undefined {
  return meeting(set.elements, key, end).find((element) =>
    compareBytes(element.key, key) <= 0 && compareBytes(end, lastKey(element)) <= 0
  );
}

/** Cuts a hole out of an element. What is left of it keeps the counter; a second piece gets one of its own. */
export function punchHole(
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

export function indexOf(set: SetDefinition): RangeIndex {
  const index = new RangeIndex(set.key.bits);
  for (const element of set.elements.values()) if (!element.catchall) index.add(element);
  return index;
}

/** Elements that are sooner compared with all there are than looked for in an index made for them. */
export const FEW = 4;

/** nft_pipapo_insert: a new element may not begin or end inside an older one. */
export function rangesClash(among: RangeIndex | SetDefinition, { key, end, catchall }: SetElement): boolean {
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

/** nft_pipapo_deactivate: a concatenation of ranges is found by a point inside of it. */
export function rangesHolding(set: SetDefinition, { key }: SetElement): SetElement | undefined {
  for (const element of set.elements.values()) {
    if (!element.catchall && rangesContain(element, key, set.key.bits)) return element;
  }
  return undefined;
}
