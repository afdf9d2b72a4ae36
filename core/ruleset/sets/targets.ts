import { verdictTarget } from "../references.ts";
import type { SetElement } from "../ruleset.ts";
import type { ChainEntry } from "./row_data.ts";

/** Where verdicts of a map go: an image stands as long as the chains do. */

/** Whether the chains its verdicts go to are where they were. */
export function stands(targets: ReadonlyMap<string, number>, entry: ChainEntry): boolean {
  for (const [chain, address] of targets) if (placeOf(chain, entry) !== address) return false;
  return true;
}

/** Where the verdicts of these elements go; undefined when a chain is not there any more. */
export function targetsOf(
  elements: ReadonlyMap<string, SetElement>,
  entry: ChainEntry,
): Map<string, number> | undefined {
  const targets = new Map<string, number>();
  for (const { verdict } of elements.values()) {
    const target = verdict && verdictTarget(verdict);
    if (target === undefined || targets.has(target)) continue;
    const place = placeOf(target, entry);
    if (place === undefined) return undefined;
    targets.set(target, place);
  }
  return targets;
}

export function placeOf(chain: string, entry: ChainEntry): number | undefined {
  try {
    return entry(chain);
  } catch {
    return undefined;
  }
}
