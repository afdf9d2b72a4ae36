import { hashFind, hashInsert, hashRemove } from "./hash.ts";
import type { LiveImage } from "./image.ts";
import { MOST_STATEMENTS, STATEMENT_WORDS } from "./programs.ts";
import type { SetTable } from "./table.ts";

/**
 * Rows of a set that rules change: taken, found, given back. The data plane alone calls what writes.
 */

/** Whether it was filled; places in `LiveImage.state`. */
export const STATE_FILLED = 0;
export const STATE_FLUSHES = 1;
const STATE_COUNT = 2;
/** Rows ever used; those below it that are free form a list. */
const STATE_TOP = 3;
/** First free row + 1. */
const STATE_FREE = 4;
/** Where the sweep for expired rows goes on. */
const STATE_SWEEP = 5;

/** Sequence of the last removal carried out. */
export const STATE_REMOVED = 6;

/** `expires` of a row not in use. */
export const UNUSED = -1;
/** Rows looked at for expiry when a full set is asked for room. */
const SWEEP_ROWS = 64;

/** A row for a new key, its data zero; -1 when the set is full. */
export function takeRow(
  table: SetTable,
  words: Int32Array,
  at: number,
  now: number,
  place: number,
  statements: Float64Array,
): number {
  const live = table.image.live!, state = live.state;
  if (state[STATE_COUNT]! >= live.capacity) {
    sweep(table, now, SWEEP_ROWS);
    if (state[STATE_COUNT]! >= live.capacity) return -1;
  }
  let row = state[STATE_FREE]! - 1;
  if (row >= 0) state[STATE_FREE] = table.keys[row * table.keyWords]!;
  else row = state[STATE_TOP]!++;
  state[STATE_COUNT]!++;
  const to = row * table.keyWords, last = table.keyWords - 1;
  for (let i = 0; i < last; i++) table.keys[to + i] = words[at + i]!;
  table.keys[to + last] = words[at + last]! & table.lastMask;
  live.expires[row] = Infinity;
  live.timeouts[row] = 0;
  beginStates(live, row, place, statements);
  hashInsert(table, row);
  return row;
}

/** What a row does from now on, and the first values of its state. */
export function beginStates(live: LiveImage, row: number, place: number, statements: Float64Array): void {
  live.places[row] = place;
  if (place === 0) return;
  for (let i = 0, count = statements[place]!; i < count; i++) {
    const from = place + 1 + i * STATEMENT_WORDS + STATEMENT_WORDS - 2, to = 2 * (row * MOST_STATEMENTS + i);
    live.states[to] = statements[from]!;
    live.states[to + 1] = statements[from + 1]!;
  }
}

function freeRow(table: SetTable, row: number): void {
  const live = table.image.live!, state = live.state;
  hashRemove(table, row);
  live.expires[row] = UNUSED;
  table.keys[row * table.keyWords] = state[STATE_FREE]!;
  state[STATE_FREE] = row + 1;
  state[STATE_COUNT]!--;
}

/** Looks at up to `rows` rows and frees those that have expired. */
export function sweep(table: SetTable, now: number, rows: number): void {
  const live = table.image.live!, state = live.state, top = state[STATE_TOP]!;
  if (top === 0) return;
  let row = state[STATE_SWEEP]! % top;
  for (let i = Math.min(rows, top); i > 0; i--) {
    const expires = live.expires[row]!;
    if (expires !== UNUSED && expires <= now) freeRow(table, row);
    if (++row === top) row = 0;
  }
  state[STATE_SWEEP] = row;
}

/**
 * `add` and `update` of nft_dynset: finds or adds the key at word `at` and answers its row, -1 when the set is
 * full. An existing element keeps its data; `update` starts its time again. `timeout` in milliseconds, 0 for the
 * set's own. `place` is what a new element does, 0 for what the set says.
 */
export function liveAdd(
  table: SetTable,
  words: Int32Array,
  at: number,
  dataAt: number,
  timeout: number,
  restart: boolean,
  now: number,
  place: number,
  statements: Float64Array,
): number {
  const live = table.image.live!, time = timeout > 0 ? timeout : live.timeout;
  let row = hashFind(table, words, at);
  if (row >= 0 && live.expires[row]! <= now) {
    freeRow(table, row);
    row = -1;
  }
  if (row >= 0) {
    if (restart && live.timeouts[row]! > 0) {
      live.expires[row] = now + time;
      live.timeouts[row] = time;
    }
    return row;
  }
  row = takeRow(table, words, at, now, place > 0 ? place : live.place, statements);
  if (row < 0) return -1;
  if (time > 0) {
    live.expires[row] = now + time;
    live.timeouts[row] = time;
  }
  const to = row * table.dataWords;
  for (let i = 0; i < table.dataWords; i++) table.data[to + i] = words[dataAt + i]!;
  return row;
}

/** Takes the key out; false when it was not there. */
export function liveDelete(table: SetTable, words: Int32Array, at: number): boolean {
  const row = hashFind(table, words, at);
  if (row < 0) return false;
  freeRow(table, row);
  return true;
}

/** Whether the data plane has put the declared elements in since the set was flushed for the so-many-th time. */
export const takenOver = (live: LiveImage, flushes: number): boolean =>
  live.state[STATE_FILLED] !== 0 && live.state[STATE_FLUSHES] === flushes;

/** Rows in use, for listing; `now` by the data plane's clock. */
export function* liveRows(live: LiveImage, now: number): Generator<number> {
  const top = live.state[STATE_TOP]!;
  for (let row = 0; row < top; row++) {
    if (live.expires[row] !== UNUSED && live.expires[row]! > now) yield row;
  }
  if (live.expires[live.capacity]! > now) yield live.capacity;
}
