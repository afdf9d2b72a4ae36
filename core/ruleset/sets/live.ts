import type { Removal, SetDefinition } from "../ruleset.ts";
import { hashFind, hashInsert, hashRemove, hashSlots } from "./hash.ts";
import { hostWords, type LiveImage, type SetImage } from "./image.ts";
import { declaredStatements, uncounted } from "../element_statements.ts";
import { MOST_STATEMENTS, STATEMENT_WORDS, StatementLists } from "./programs.ts";
import { SetTable } from "./table.ts";

/**
 * Storage of sets that change under the data plane: those rules add to, and those whose elements expire.
 *
 * Overview    a hash whose arrays lie in shared memory. The ruleset declares elements; rules add others.
 * Life-cycle  allocated by the control plane when the set is first assembled, found again by `live` number in
 *             every later generation; an install adds and removes only what the declaration gained and lost, so
 *             that what rules learned survives a reload.
 * Ownership   the data plane writes; others read (`liveRows`) and may see a row half written, never a fault.
 * Limits      `size` elements (65535 unless told, at most MOST_LIVE_SIZE); a full set refuses new ones until some
 *             expire.
 */
export class LiveStore {
  /** What hashes of all sets are mixed with. */
  readonly seed: number;
  /** What elements and objects of all sets do. */
  readonly statements = new StatementLists();
  readonly #images = new Map<number, LiveImage>();
  readonly #tables = new Map<number, SetTable>();
  #last = 0;
  #removals = 0;

  /** `seed` keeps outsiders from choosing keys that collide; give it a random number. */
  constructor(seed = 0) {
    this.seed = seed;
  }

  /** A number for a new set. */
  next(): number {
    return ++this.#last;
  }

  /** The set's storage, allocated on first use. */
  image(set: SetDefinition, keyWords: number, dataWords: number): LiveImage {
    const there = this.#images.get(set.live);
    const place = this.statements.place(uncounted(declaredStatements(set)));
    const image = there ?? allocate(set, keyWords, dataWords);
    const removals = {
      sequences: Int32Array.from(set.removals, (removal) => removal.sequence),
      keys: Int32Array.from(set.removals.flatMap((removal) => [...hostWords(removal.key, keyWords)])),
    };
    const current = { ...image, flushes: set.flushes, timeout: set.timeout ?? 0, place, removals };
    this.#images.set(set.live, current);
    return current;
  }

  /** What is in use; undefined before the set was first assembled. */
  get(live: number): LiveImage | undefined {
    return this.#images.get(live);
  }

  /** Whether the storage has this key, added by a rule or declared. */
  holds(live: number, key: Uint8Array, now: number): boolean {
    const table = this.#tables.get(live);
    if (table === undefined) return false;
    const row = hashFind(table, new Int32Array(hostWords(key, table.keyWords).buffer), 0);
    return row >= 0 && table.expires[row]! > now;
  }

  /** The set's image was made: how its storage is searched. */
  built(image: SetImage): void {
    if (image.live !== undefined) this.#tables.set(image.live.id, new SetTable(image, 0));
  }

  removal(key: Uint8Array): Removal {
    return { sequence: ++this.#removals, key };
  }

  /** Those the data plane has not carried out yet. */
  readonly open = (removals: readonly Removal[], live: number): readonly Removal[] => {
    const done = this.#images.get(live)?.state[STATE_REMOVED] ?? 0;
    return removals.filter((removal) => removal.sequence > done);
  };

  /** Forgets the storage of sets that are gone. */
  keep(used: ReadonlySet<number>): void {
    for (const id of [...this.#images.keys()]) {
      if (used.has(id)) continue;
      this.#images.delete(id);
      this.#tables.delete(id);
    }
  }
}

export const DEFAULT_LIVE_SIZE = 65535;
/** 4 million: what rules can fill in memory that is reserved at once, whatever `size` a set was given. */
export const MOST_LIVE_SIZE = 1 << 22;

const STATE_FILLED = 0;
const STATE_FLUSHES = 1;
const STATE_COUNT = 2;
/** Rows ever used; those below it that are free form a list. */
const STATE_TOP = 3;
/** First free row + 1. */
const STATE_FREE = 4;
/** Where the sweep for expired rows goes on. */
const STATE_SWEEP = 5;

/** Sequence of the last removal carried out. */
const STATE_REMOVED = 6;

/** `expires` of a row not in use. */
const UNUSED = -1;
/** Rows looked at for expiry when a full set is asked for room. */
const SWEEP_ROWS = 64;

function allocate(set: SetDefinition, keyWords: number, dataWords: number): LiveImage {
  const size = set.size ?? DEFAULT_LIVE_SIZE;
  const capacity = Math.max(1, set.elements.size, Math.min(size, MOST_LIVE_SIZE));
  // The row behind the last is that of the catch-all.
  const rows = capacity + 1, shared = (bytes: number) => new SharedArrayBuffer(bytes);
  return {
    id: set.live,
    flushes: set.flushes,
    capacity,
    timeout: set.timeout ?? 0,
    place: 0,
    removals: { sequences: new Int32Array(0), keys: new Int32Array(0) },
    index: new Int32Array(shared(hashSlots(capacity) * 4)),
    keys: new Uint32Array(shared(rows * keyWords * 4)),
    data: new Uint32Array(shared(rows * dataWords * 4)),
    places: new Int32Array(shared(rows * 4)),
    states: new Float64Array(shared(rows * MOST_STATEMENTS * 16)),
    expires: new Float64Array(shared(rows * 8)),
    timeouts: new Float64Array(shared(rows * 8)),
    state: new Int32Array(shared(8 * 4)),
  };
}

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
  if (state[STATE_FILLED] === 0 || state[STATE_FLUSHES] !== live.flushes) {
    const removed = state[STATE_REMOVED]!;
    live.index.fill(0);
    state.fill(0);
    live.expires[live.capacity] = UNUSED;
    state[STATE_REMOVED] = removed;
    state[STATE_FILLED] = 1;
    state[STATE_FLUSHES] = live.flushes;
    before = undefined;
  }
  carryOutRemovals(table);
  const old = before === undefined ? undefined : declaredTable(before);
  if (old !== undefined) {
    for (let row = 0; row < old.rows; row++) {
      const at = row * old.keyWords;
      if (hashFind(declared, old.keys, at) < 0) liveDelete(table, old.keys, at);
    }
  }
  installCatchall(table, declared, old, now, shift, statements);
  for (let row = 0; row < declared.rows; row++) {
    const at = row * declared.keyWords, was = old === undefined ? -1 : hashFind(old, declared.keys, at);
    const deadline = declared.expiring ? declared.expires[row]! : Infinity;
    let place = hashFind(table, declared.keys, at);
    const fresh = was < 0 || (old!.expiring ? old!.expires[was]! : Infinity) !== deadline;
    // An element that ran out here while the declaration stood still stays out.
    if (!fresh && place < 0) continue;
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

function carryOutRemovals(table: SetTable): void {
  const { state, removals } = table.image.live!;
  for (let i = 0; i < removals.sequences.length; i++) {
    if (removals.sequences[i]! <= state[STATE_REMOVED]!) continue;
    liveDelete(table, removals.keys, i * table.keyWords);
    state[STATE_REMOVED] = removals.sequences[i]!;
  }
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

/** A row for a new key, its data zero; -1 when the set is full. */
function takeRow(
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
function beginStates(live: LiveImage, row: number, place: number, statements: Float64Array): void {
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
