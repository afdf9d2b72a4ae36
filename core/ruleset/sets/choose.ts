import { declaredStatements } from "../element_statements.ts";
import { type SetDefinition, type Table, typeLength } from "../ruleset.ts";
import { buildImage } from "./build.ts";
import { SET_BITMAP, SET_HASH, SET_INTERVAL, SET_RANGES, type SetImage } from "./image.ts";
import type { LiveStore } from "./live.ts";
import type { ChainEntry } from "./row_data.ts";
import { sharedImage, sharesBase } from "./shared_base.ts";

export type { ChainEntry } from "./row_data.ts";

const images = new WeakMap<SetDefinition, SetImage>();

/**
 * Image of a set in the back end that suits it. Images of unchanged sets are made once: an incremental command
 * rebuilds only what it touched, and of a large set only the changes (`shared_base.ts`). Verdict maps are made anew when
 * their targets moved.
 */
export function setImage(
  set: SetDefinition,
  live: LiveStore,
  entry: ChainEntry,
  objects: Table["objects"] = NO_OBJECTS,
): SetImage {
  const verdicts = set.data === "verdict", context = { set, live, entry, objects };
  let image = verdicts ? undefined : images.get(set);
  if (image === undefined) {
    image = (sharesBase(set) ? sharedImage(context, chooseBackend) : undefined) ??
      buildImage(context, chooseBackend(set));
    if (!verdicts) images.set(set, image);
  }
  return image;
}

const NO_OBJECTS: Table["objects"] = new Map();

/** The back end for a set, from its flags, its key and what is in it. */
export function chooseBackend(set: SetDefinition): number {
  const length = typeLength(set.key);
  if (set.live > 0) return SET_HASH;
  let exact = true;
  let plain = set.data === undefined && set.objects === undefined && !set.timeouts &&
    declaredStatements(set).length === 0;
  for (const element of set.elements.values()) {
    if (element.end !== undefined && !element.catchall) exact = false;
    if (element.catchall || (element.cell ?? -1) >= 0) plain = false;
  }
  if (plain && length <= 2) return SET_BITMAP;
  if (exact) return SET_HASH;
  return set.key.bits.length === 1 ? SET_INTERVAL : SET_RANGES;
}
