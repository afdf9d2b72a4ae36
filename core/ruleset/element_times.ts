import type { DraftSet } from "./draft.ts";
import { freeCells } from "./element_cells.ts";
import type { ElementContext } from "./element_context.ts";
import { LayeredMap } from "./layered_map.ts";
import type { SetDefinition, SetElement } from "./ruleset.ts";

type Given = Pick<SetElement, "timeout" | "expires">;

/** When an element goes, where it does. */
export function deadlineOf(set: SetDefinition, given: Given, now: number): { deadline?: number } {
  const left = given.expires ?? given.timeout ?? set.timeout;
  return set.timeouts && left !== undefined && left > 0 ? { deadline: now + left } : {};
}

/**
 * Times of an element that is there and is added again (nf_tables_newsetelem since Linux 6.12): another timeout takes
 * effect, and so does a time left that is given; undefined where nothing changes. `timeout` is the one it has, 0 for
 * none.
 */
export function timesAgain(
  set: SetDefinition,
  given: SetElement,
  timeout: number,
  now: number,
): Pick<SetElement, "timeout" | "deadline"> | undefined {
  if (!set.timeouts) return undefined;
  const wanted = given.timeout ?? set.timeout ?? 0;
  if (wanted === timeout && given.expires === undefined) return undefined;
  return {
    ...(given.timeout === undefined ? {} : { timeout: given.timeout }),
    ...deadlineOf(set, given, now),
  };
}

const purged = new WeakSet<ReadonlyMap<string, SetElement>>();

/** Forgets elements whose time is over: once a draft, and of a large set when it has been copied, or is full. */
export function purge(set: DraftSet, context: ElementContext, full: boolean): void {
  if (!full && (set.elements instanceof LayeredMap || purged.has(set.elements))) return;
  purged.add(set.elements);
  for (const [key, element] of set.elements) {
    if (element.deadline === undefined || element.deadline > context.now) continue;
    set.elements.delete(key);
    freeCells(element, context);
  }
}
