import type { ElementStatement } from "../expr/expression.ts";
import { elementStatements } from "./element_statements.ts";
import { elementKey, type SetDefinition, type SetElement, typeLength } from "./ruleset.ts";
import type { LiveImage } from "./sets/image.ts";
import type { LiveStore } from "./sets/live.ts";
import { liveRows, takenOver } from "./sets/live_rows.ts";
import { MOST_STATEMENTS } from "./sets/programs.ts";
import type { TransactionStore } from "./work.ts";

/** What listing needs of the store. */
export type ListedStore = Pick<TransactionStore, "cells" | "live" | "now">;

/**
 * Elements of a set as they are now, for listing: expired ones left out, time left in `expires`, counts in
 * `counter` or `statements`, and those that rules added. `now` is the clock elements expire by: the data plane's.
 */
export function listElements(store: ListedStore, set: SetDefinition, now = store.now()): SetElement[] {
  const live = set.live > 0 ? store.live.get(set.live) : undefined;
  // Until the data plane has taken the set over, what was declared is all there is.
  const filled = live !== undefined && takenOver(live, set.flushes);
  if (filled) return [...liveElements(live, set, now, store.live)];
  const result: SetElement[] = [];
  for (const element of set.elements.values()) {
    const { deadline, cell = -1, statements: _, counter: __, ...rest } = element;
    if (deadline !== undefined && deadline <= now) continue;
    result.push({
      ...(cell < 0 ? element : rest),
      ...(deadline === undefined ? {} : { expires: deadline - now }),
      ...(cell < 0 ? {} : told(
        elementStatements(set, element),
        now,
        (i) => store.cells.counts((element.cells ?? [cell])[i]!),
      )),
    });
  }
  return result;
}

/** The set with its elements as they are now, where they may be others than were declared. */
export function listedSet(store: ListedStore, set: SetDefinition): SetDefinition {
  if (set.live === 0 && !set.timeouts && !stateful(set)) return set;
  const elements = new Map<string, SetElement>();
  for (const element of listElements(store, set)) elements.set(elementKey(element), element);
  return { ...set, elements };
}

function stateful(set: SetDefinition): boolean {
  if (set.counter || set.statements !== undefined) return true;
  for (const element of set.elements.values()) if ((element.cell ?? -1) >= 0) return true;
  return false;
}

type Told = Pick<SetElement, "counter" | "statements">;

/** Statements with what they counted: a lone counter as such. */
function told(
  statements: readonly ElementStatement[],
  time: number,
  pair: (index: number) => readonly [number, number],
): Told {
  const now = statements.map((statement, i): ElementStatement => {
    const [first, second] = pair(i);
    if (statement.kind === "counter") return { ...statement, packets: first, bytes: second };
    if (statement.kind === "last") return { kind: "last", ...(second === 0 ? {} : { used: time - first }) };
    return statement.kind === "quota" ? { ...statement, used: first } : statement;
  });
  const [only] = now;
  if (only?.kind !== "counter" || now.length > 1) return now.length === 0 ? {} : { statements: now };
  return { counter: { packets: only.packets, bytes: only.bytes } };
}

function* liveElements(
  live: LiveImage,
  set: SetDefinition,
  now: number,
  { statements: lists, open }: LiveStore,
): Generator<SetElement> {
  const leaving = new Set(open(set.removals, set.live).map((removal) => elementKey(removal)));
  const keyLength = typeLength(set.key), rows = live.capacity + 1, stride = live.keys.length / rows * 4;
  const keys = new Uint8Array(live.keys.buffer), data = new Uint8Array(live.data.buffer);
  const dataLength = set.data === undefined || set.data === "verdict" ? 0 : typeLength(set.data);
  const dataStride = live.data.length / rows * 4;
  for (const row of liveRows(live, now)) {
    const catchall = row === live.capacity;
    const key = catchall ? NO_KEY : keys.slice(row * stride, row * stride + keyLength);
    const name = elementKey({ key, catchall });
    if (leaving.has(name)) continue;
    const declared = set.elements.get(name);
    const expires = live.expires[row]!, timeout = live.timeouts[row]!;
    const { deadline: _, statements: __, counter: ___, ...kept } = declared ?? { key };
    yield {
      ...kept,
      key,
      ...(dataLength === 0 ? {} : { data: data.slice(row * dataStride, row * dataStride + dataLength) }),
      ...(timeout > 0 ? { timeout, expires: expires - now } : {}),
      ...told(lists.at(live.places[row]!), now, (i) => {
        const at = 2 * (row * MOST_STATEMENTS + i);
        return [live.states[at]!, live.states[at + 1]!];
      }),
    };
  }
}

const NO_KEY = new Uint8Array(0);
