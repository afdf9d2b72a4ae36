import type { Removal, SetDefinition } from "../ruleset.ts";
import { hashFind, hashSlots } from "./hash.ts";
import { hostWords, type LiveImage, type SetImage } from "./image.ts";
import { declaredStatements, uncounted } from "../element_statements.ts";
import { STATE_FILLED, STATE_REMOVED, takenOver } from "./live_rows.ts";
import { MOST_STATEMENTS, StatementLists } from "./programs.ts";
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
    const image = there === undefined
      ? allocate(set, keyWords, dataWords)
      : grows(set) && set.elements.size > there.capacity - SPARE && there.capacity < MOST_LIVE_SIZE
      ? { ...allocate(set, keyWords, dataWords), from: there }
      : there.from !== undefined && there.state[STATE_FILLED] !== 0
      ? whole(there)
      : there;
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

  /** An element of the storage, added by a rule or declared; its timeout in milliseconds, 0 for none. */
  learnt(
    set: Pick<SetDefinition, "live" | "flushes">,
    key: Uint8Array,
    now: number,
  ): { readonly timeout: number; readonly data: Uint8Array } | undefined {
    const table = this.#tables.get(set.live), image = this.#images.get(set.live);
    if (table === undefined || image === undefined || !takenOver(image, set.flushes)) return undefined;
    const row = hashFind(table, new Int32Array(hostWords(key, table.keyWords).buffer), 0);
    if (row < 0 || table.expires[row]! <= now) return undefined;
    const size = 4 * table.dataWords, data = new Uint8Array(table.data.buffer, table.data.byteOffset);
    return { timeout: image.timeouts[row]!, data: data.subarray(row * size, (row + 1) * size) };
  }

  /** An element's states, two numbers each; undefined where the storage has it not. For its counts to begin anew. */
  states(live: number, key: Uint8Array, catchall: boolean): Float64Array | undefined {
    const table = this.#tables.get(live), image = this.#images.get(live);
    if (table === undefined || image === undefined) return undefined;
    const row = catchall
      ? image.capacity
      : hashFind(table, new Int32Array(hostWords(key, table.keyWords).buffer), 0);
    return row < 0
      ? undefined
      : image.states.subarray(2 * row * MOST_STATEMENTS, 2 * (row + 1) * MOST_STATEMENTS);
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

/** Rows left when storage that may grow does: rules add to it too, and between two commits. */
const SPARE = 1024;

/** Of a set without a size of its own, that only its timeouts have here, the kernel's grows. */
export const grows = (set: Pick<SetDefinition, "dynamic" | "size">): boolean =>
  !set.dynamic && set.size === undefined;

function whole({ from: _, ...image }: LiveImage): LiveImage {
  return image;
}

function allocate(set: SetDefinition, keyWords: number, dataWords: number): LiveImage {
  const least = grows(set) ? 2 * (set.elements.size + SPARE) : 0;
  const size = set.size ?? Math.max(DEFAULT_LIVE_SIZE, least);
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
