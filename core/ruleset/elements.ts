import type { DraftSet } from "./draft.ts";
import { freeCells, takeCells } from "./element_cells.ts";
import { type ElementContext, refusal } from "./element_context.ts";
import {
  coveringElement,
  FEW,
  indexOf,
  punchHole,
  rangesClash,
  rangesHolding,
  settleFew,
  settleIntervals,
} from "./element_intervals.ts";
import { sameData, shapeError } from "./element_shape.ts";
import { deadlineOf, purge, timesAgain } from "./element_times.ts";
import type { RulesetError } from "./error.ts";
import { grows, MOST_LIVE_SIZE } from "./sets/live.ts";
import { elementKey, sameBytes, type SetElement, typeLength } from "./ruleset.ts";

export { freeCells } from "./element_cells.ts";
export type { ElementContext } from "./element_context.ts";

/** Adds elements to a draft set; with `exclusive` none of them may be there already. */
export function addElements(
  set: DraftSet,
  elements: readonly SetElement[],
  exclusive: boolean,
  context: ElementContext,
): RulesetError | undefined {
  const interval = set.interval && set.key.bits.length === 1, ranges = set.interval && !interval;
  // Storage that rules write to has the size it was made with.
  const capacity = grows(set) ? MOST_LIVE_SIZE : context.live.get(set.live)?.capacity ?? Infinity;
  const most = Math.min(set.size ?? Infinity, set.live === 0 ? Infinity : capacity);
  // What is merged is never there twice.
  const create = exclusive && !(interval && set.autoMerge && set.data === undefined);
  let added = 0;
  if (set.timeouts) purge(set, context, set.elements.size + elements.length > most);
  const index = ranges && elements.length > FEW ? indexOf(set) : undefined, length = typeLength(set.key);
  for (const given of elements) {
    const error = shapeError(set, given, length, context);
    if (error !== undefined) return error.source === undefined ? { ...error, ...placeOf(given) } : error;
    const key = elementKey(given), there = standing(set, key, context);
    if (there !== undefined) {
      if (create || !sameData(there, given)) return refusal(set, "exists", given);
      const times = timesAgain(set, given, there.timeout ?? set.timeout ?? 0, context.now);
      if (times !== undefined) set.elements.set(key, { ...untimed(there), ...times });
      continue;
    }
    const learnt = learntElement(set, given, context);
    if (learnt !== undefined) {
      if (
        create ||
        (given.data !== undefined && !sameBytes(given.data, learnt.data.subarray(0, given.data.length)))
      ) {
        return refusal(set, "exists", given);
      }
      const times = timesAgain(set, given, learnt.timeout, context.now);
      // Declared from now on, with the state it has.
      if (times !== undefined) set.elements.set(key, { ...untimed(given), cell: -1, ...times });
      continue;
    }
    if (ranges && rangesClash(index ?? set, given)) return refusal(set, "exists", given);
    if (set.elements.size >= most) return refusal(set, "full", given);
    const state = takeCells(set, given, context);
    if (state === undefined) return refusal(set, "memory", given);
    const times = deadlineOf(set, given, context.now);
    // As it came where nothing is to be added: a copy of each of a million elements is half of the time.
    const whole = (state.cell ?? -1) < 0 && state.cells === undefined && given.cell === undefined &&
      times.deadline === undefined;
    set.elements.set(key, whole ? given : { ...given, ...state, ...times });
    if (index !== undefined && !given.catchall) index.add(given);
    added++;
  }
  if (!interval || added === 0) return undefined;
  return elements.length <= FEW ? settleFew(set, elements, context) : settleIntervals(set, elements, context);
}

const placeOf = ({ source }: SetElement) => (source === undefined ? {} : { source });

function untimed({ timeout: _, expires: __, deadline: ___, ...rest }: SetElement): SetElement {
  return rest;
}

/** An element of the declaration whose time is not over. */
function standing(set: DraftSet, key: string, context: ElementContext): SetElement | undefined {
  const there = set.elements.get(key);
  if (there?.deadline === undefined || there.deadline > context.now) return there;
  set.elements.delete(key);
  freeCells(there, context);
  return undefined;
}

/** What a rule added and no command has taken out since. */
function learntElement(set: DraftSet, { key }: SetElement, { live, now }: ElementContext) {
  if (set.live === 0) return undefined;
  // Of removals not carried out yet it is as if they were.
  for (const removal of live.open(set.removals, set.live)) if (sameBytes(removal.key, key)) return undefined;
  return live.learnt(set, key, now);
}

/** Takes elements out; every one must be there. With `auto-merge` a part of an interval may go. */
export function deleteElements(
  set: DraftSet,
  elements: readonly SetElement[],
  context: ElementContext,
): RulesetError | undefined {
  const plain = set.interval && set.key.bits.length === 1;
  for (const given of elements) {
    const key = elementKey(given);
    const there = set.elements.get(key) ?? (set.interval && !plain ? rangesHolding(set, given) : undefined);
    const learnt = learntElement(set, given, context) !== undefined;
    if (there !== undefined) {
      set.elements.delete(elementKey(there));
      freeCells(there, context);
    }
    if (learnt) {
      set.removals = [...context.live.open(set.removals, set.live), context.live.removal(given.key)];
    }
    if (there === undefined && !learnt) {
      const covering = set.autoMerge && plain ? coveringElement(set, given) : undefined;
      if (covering === undefined) {
        const error = refusal(set, "missing", given);
        return plain ? { ...error, detail: "element does not exist" } : error;
      }
      const error = punchHole(set, covering, given, context);
      if (error !== undefined) return error;
    }
  }
  return undefined;
}
