import { elementKey, type SetDefinition, type SetElement, typeLength } from "./ruleset.ts";
import type { LiveImage } from "./sets/image.ts";
import { liveRows } from "./sets/live.ts";
import type { RulesetStore } from "./store.ts";

/**
 * Elements of a set as they are now, for listing: expired ones left out, time left in `expires`, counts in
 * `counter`, and those that rules added. `now` is the clock elements expire by: the data plane's.
 */
export function listElements(store: RulesetStore, set: SetDefinition, now = store.now()): SetElement[] {
  const live = set.live > 0 ? store.live.get(set.live) : undefined;
  if (live !== undefined) return [...liveElements(live, set, now)];
  const result: SetElement[] = [];
  for (const element of set.elements.values()) {
    const { deadline, cell = -1 } = element;
    if (deadline !== undefined && deadline <= now) continue;
    result.push({
      ...element,
      ...(deadline === undefined ? {} : { expires: deadline - now }),
      ...(cell < 0 ? {} : { counter: counts(store.cells.numbers, cell) }),
    });
  }
  return result;
}

const counts = (numbers: Float64Array, at: number) => ({ packets: numbers[at]!, bytes: numbers[at + 1]! });

function* liveElements(live: LiveImage, set: SetDefinition, now: number): Generator<SetElement> {
  const keyLength = typeLength(set.key), stride = live.keys.length / live.capacity * 4;
  const keys = new Uint8Array(live.keys.buffer), data = new Uint8Array(live.data.buffer);
  const dataLength = set.data === undefined || set.data === "verdict" ? 0 : typeLength(set.data);
  const dataStride = live.data.length / live.capacity * 4;
  for (const row of liveRows(live, now)) {
    const key = keys.slice(row * stride, row * stride + keyLength),
      declared = set.elements.get(elementKey({ key }));
    const expires = live.expires[row]!, timeout = live.timeouts[row]!;
    yield {
      ...declared,
      key,
      ...(dataLength === 0 ? {} : { data: data.slice(row * dataStride, row * dataStride + dataLength) }),
      ...(timeout > 0 ? { timeout, expires: expires - now } : {}),
      ...(live.counting ? { counter: counts(live.counters, 2 * row) } : {}),
    };
  }
}
