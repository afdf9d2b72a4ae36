import { changedHash, isGone } from "./changes.ts";
import { hashFind } from "./hash.ts";
import type { LiveImage, SetImage } from "./image.ts";
import {
  beginStates,
  liveDelete,
  liveRows,
  STATE_FILLED,
  STATE_FLUSHES,
  STATE_REMOVED,
  takenOver,
  takeRow,
  UNUSED,
} from "./live_rows.ts";
import { MOST_STATEMENTS } from "./programs.ts";
import { SetTable } from "./table.ts";

/**
 * The data plane's part of a new declaration of a set that rules change.
 */

/** Brings live storage to what the new image declares; `before` is what the last program declared. */
export function installLive(
  table: SetTable,
  before: SetImage | undefined,
  now: number,
  shift: number,
  statements: Float64Array,
): void {
  const live = table.image.live!, state = live.state;
  const declared = declaredTable(table.image);
  const { from } = live;
  if (state[STATE_FILLED] === 0 && from !== undefined && takenOver(from, live.flushes)) {
    moveRows(table, from, now, statements);
  } else if (state[STATE_FILLED] === 0 || state[STATE_FLUSHES] !== live.flushes) {
    const removed = state[STATE_REMOVED]!;
    live.index.fill(0);
    state.fill(0);
    live.expires[live.capacity] = UNUSED;
    state[STATE_REMOVED] = removed;
    state[STATE_FILLED] = 1;
    state[STATE_FLUSHES] = live.flushes;
    before = undefined;
  }
  const removed = carryOutRemovals(table);
  const old = before === undefined ? undefined : declaredTable(before);
  // Of one base only what differs is looked at.
  const near = old !== undefined && old.image.base !== 0 && old.image.base === declared.image.base;
  if (old !== undefined) {
    for (const row of near ? lostRows(old, declared) : rowsOf(old)) {
      const at = row * old.keyWords;
      // Forgotten because its time was over: what has the key now, a rule added or kept.
      if (old.expiring && old.expires[row]! + shift <= now) continue;
      if (rowOf(declared, old.keys, at) < 0) liveDelete(table, old.keys, at);
    }
  }
  installCatchall(table, declared, old, now, shift, statements);
  for (const row of near ? lostRows(declared, old!) : rowsOf(declared)) {
    const at = row * declared.keyWords, was = old === undefined ? -1 : rowOf(old, declared.keys, at);
    const deadline = declared.expiring ? declared.expires[row]! : Infinity;
    let place = hashFind(table, declared.keys, at);
    const fresh = was < 0 || (old!.expiring ? old!.expires[was]! : Infinity) !== deadline;
    // An element that ran out here while the declaration stood still stays out.
    if (!fresh && place < 0 && !removed.some((from) => sameWords(table, from, declared.keys, at))) continue;
    const made = place < 0;
    if (made) place = takeRow(table, declared.keys, at, now, declared.places[row] ?? 0, statements);
    if (place < 0) continue;
    if (made) firstStates(table, place, row);
    if (fresh) {
      live.expires[place] = deadline + shift;
      live.timeouts[place] = deadline === Infinity ? 0 : deadline + shift - now;
    }
    for (let i = 0; i < table.dataWords; i++) {
      table.data[place * table.dataWords + i] = declared.data[row * table.dataWords + i]!;
    }
  }
}

/** Takes over what storage that became too small held. */
function moveRows(table: SetTable, from: LiveImage, now: number, statements: Float64Array): void {
  const live = table.image.live!, { keyWords, dataWords } = table, size = 2 * MOST_STATEMENTS;
  const keys = new Int32Array(from.keys.buffer);
  live.state[STATE_FILLED] = 1;
  live.state[STATE_FLUSHES] = live.flushes;
  live.state[STATE_REMOVED] = from.state[STATE_REMOVED]!;
  live.expires[live.capacity] = UNUSED;
  for (const row of liveRows(from, now)) {
    const place = row === from.capacity
      ? live.capacity
      : takeRow(table, keys, row * keyWords, now, from.places[row]!, statements);
    if (place < 0) continue;
    live.places[place] = from.places[row]!;
    live.expires[place] = from.expires[row]!;
    live.timeouts[place] = from.timeouts[row]!;
    live.data.set(from.data.subarray(row * dataWords, (row + 1) * dataWords), place * dataWords);
    live.states.set(from.states.subarray(row * size, (row + 1) * size), place * size);
  }
}

/** Row of a key in a declaration. */
function rowOf(declared: SetTable, words: Int32Array, at: number): number {
  const row = hashFind(declared, words, at);
  return declared.changed ? changedHash(declared, words, at, row) : row;
}

/** All rows of a declaration. */
function* rowsOf(declared: SetTable): Generator<number> {
  for (let row = 0; row < declared.rows; row++) if (!isGone(declared.gone, row)) yield row;
  yield* ownRows(declared);
}

/** Rows of a declaration that another of the same base has not, or has in another row. */
function* lostRows(declared: SetTable, other: SetTable): Generator<number> {
  for (const index of other.gone) if (index > 0 && !isGone(declared.gone, index - 1)) yield index - 1;
  yield* ownRows(declared);
}

function* ownRows({ own }: SetTable): Generator<number> {
  for (const index of own) if (index > 0) yield index - 1;
}

/** Where in their list the keys stand that were taken out. */
function carryOutRemovals(table: SetTable): number[] {
  const { state, removals } = table.image.live!, done: number[] = [];
  for (let i = 0; i < removals.sequences.length; i++) {
    if (removals.sequences[i]! <= state[STATE_REMOVED]!) continue;
    liveDelete(table, removals.keys, i * table.keyWords);
    state[STATE_REMOVED] = removals.sequences[i]!;
    done.push(i * table.keyWords);
  }
  return done;
}

function sameWords(table: SetTable, removal: number, keys: Int32Array, at: number): boolean {
  const removed = table.image.live!.removals.keys;
  for (let i = 0; i < table.keyWords; i++) if (removed[removal + i] !== keys[at + i]) return false;
  return true;
}

function installCatchall(
  table: SetTable,
  declared: SetTable,
  old: SetTable | undefined,
  now: number,
  shift: number,
  statements: Float64Array,
): void {
  const live = table.image.live!, row = declared.catchall, place = live.capacity, was = old?.catchall ?? -1;
  if (row < 0) {
    live.expires[place] = UNUSED;
    return;
  }
  const deadline = declared.expiring ? declared.expires[row]! : Infinity;
  for (let i = 0; i < table.dataWords; i++) {
    table.data[place * table.dataWords + i] = declared.data[row * table.dataWords + i]!;
  }
  if (was >= 0 && (old!.expiring ? old!.expires[was]! : Infinity) === deadline) return;
  live.expires[place] = deadline + shift;
  live.timeouts[place] = deadline === Infinity ? 0 : deadline + shift - now;
  if (was >= 0) return;
  beginStates(live, place, declared.places[row] ?? 0, statements);
  firstStates(table, place, row);
}

/** What a declared element counted before it came here. */
function firstStates(table: SetTable, place: number, row: number): void {
  const { initial, states } = table.image, to = place * 2 * MOST_STATEMENTS;
  for (let i = 0; i < 2 * states; i++) table.states[to + i] = initial[row * 2 * states + i]!;
}

const declaredTable = (image: SetImage): SetTable => {
  const { live: _, ...declared } = image;
  return new SetTable(declared, 0);
};
