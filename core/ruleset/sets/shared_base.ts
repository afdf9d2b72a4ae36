import { lastKey } from "../intervals.ts";
import { LARGE, LayeredMap, type Layers } from "../layered_map.ts";
import { verdictTarget } from "../references.ts";
import { type SetDefinition, type SetElement, typeLength } from "../ruleset.ts";
import { goneIndex, hashedRows, orderedRows, type OwnRow } from "./change_index.ts";
import { hashFind } from "./hash.ts";
import { buildImage } from "./build.ts";
import { hostWords, SET_HASH, SET_INTERVAL, type SetImage } from "./image.ts";
import { intervalFind } from "./interval.ts";
import { type RowContext, writeElementData } from "./row_data.ts";
import { stateFits, writeState } from "./row_state.ts";
import { SetTable } from "./table.ts";
import { stands, targetsOf } from "./targets.ts";

/**
 * Images of large sets by their base.
 *
 * Overview    successors of a set share a base map (`layered_map.ts`); its image is made once, in shared memory with
 *             room behind its rows. What a successor adds is written there once, and found by the successor's own
 *             index (`changes.ts`): a message to the data plane carries the changes alone. Of a set that rules change
 *             it is the declaration that is shared so; the data plane takes the differences over (`live_install.ts`).
 * Life-cycle  goes with its base map. When the room is used up the arrays are copied and begun anew.
 * Ownership   the control plane writes, and only rows no generation that is out knows.
 * Limits      hash and interval back ends; changes to the catch-all and to concatenations of ranges, and an element
 *             that does more than those the base was made of, make a whole image.
 */
interface SharedBase {
  image: SetImage;
  table: SetTable;
  readonly rows: Map<SetElement, number>;
  /** First row never written. */
  top: number;
  /** Chains its verdicts go to, and where those stood. */
  readonly targets: Map<string, number>;
}

const bases = new WeakMap<ReadonlyMap<string, SetElement>, SharedBase>();
let lastBase = 0;

/** Whether images of this set may share a base. */
export const sharesBase = (set: SetDefinition): boolean =>
  typeLength(set.key) > 2 && LayeredMap.layers(set.elements).base.size >= LARGE;

/** Image of a set that `sharesBase`; undefined when it has to be made whole. */
export function sharedImage(context: RowContext, kind: (set: SetDefinition) => number): SetImage | undefined {
  const { set, live, entry } = context, layers = LayeredMap.layers(set.elements);
  if (layers.own.has("*") || layers.gone.has("*")) return undefined;
  let ranges = false;
  for (const element of layers.own.values()) if (element.end !== undefined) ranges = true;
  if (ranges && set.key.bits.length > 1) return undefined;
  let base = bases.get(layers.base);
  if (base !== undefined && (!stands(base.targets, entry) || (ranges && base.image.kind === SET_HASH))) {
    base = undefined;
  }
  if (base === undefined) {
    const whole = { ...context, set: { ...set, elements: layers.base } };
    const targets = targetsOf(layers.base, entry);
    if (targets === undefined) return undefined;
    const chosen = ranges ? SET_INTERVAL : kind(whole.set);
    if (chosen !== SET_HASH && chosen !== SET_INTERVAL) return undefined;
    base = begin({ ...buildImage(whole, chosen), base: ++lastBase }, targets);
    bases.set(layers.base, base);
  }
  const image = layers.own.size + layers.gone.size === 0 ? base.image : changed(base, layers, context);
  if (image === undefined || set.live === 0) return image;
  const current = { ...image, live: live.image(set, image.keyWords, image.dataWords) };
  live.built(current);
  return current;
}

function begin(image: SetImage, targets: Map<string, number>): SharedBase {
  const top = image.rows + (image.catchall < 0 ? 0 : 1), rows = top + roomFor(image.rows);
  const each = (length: number, size: number) => (length === 0 ? 0 : rows * size);
  const shared = {
    ...image,
    index: moved(Int32Array, image.index, image.index.length),
    keys: moved(Uint32Array, image.keys, rows * image.keyWords),
    ends: moved(Uint32Array, image.ends, image.kind === SET_INTERVAL ? rows * image.keyWords : 0),
    data: moved(Uint32Array, image.data, rows * image.dataWords),
    places: moved(Int32Array, image.places, each(image.places.length, 1)),
    cells: moved(Int32Array, image.cells, each(image.cells.length, image.states)),
    initial: moved(Float64Array, image.initial, each(image.initial.length, 2 * image.states)),
    expires: moved(Float64Array, image.expires, each(image.expires.length, 1)),
  };
  return { image: shared, table: new SetTable(declaration(shared), 0), rows: new Map(), top, targets };
}

/** Without the storage that rules change. */
function declaration({ live: _, ...image }: SetImage): SetImage {
  return image;
}

const roomFor = (rows: number): number => Math.max(1024, Math.min(rows >>> 2, 32768));

function moved<T extends Int32Array | Uint32Array | Float64Array>(
  kind: { new (buffer: SharedArrayBuffer): T; readonly BYTES_PER_ELEMENT: number },
  from: T,
  length: number,
): T {
  const array = new kind(new SharedArrayBuffer(length * kind.BYTES_PER_ELEMENT));
  array.set(from.length > length ? from.subarray(0, length) : from);
  return array;
}

/** The base's image with the layer's changes; undefined when there are too many. */
function changed(
  base: SharedBase,
  layers: Layers<string, SetElement>,
  context: RowContext,
): SetImage | undefined {
  const { keyWords } = base.image, capacity = () => base.image.keys.length / keyWords;
  if (layers.own.size > roomFor(base.image.rows)) return undefined;
  let fresh = 0;
  for (const element of layers.own.values()) {
    if (base.rows.has(element)) continue;
    if (!stateFits(base.image, context.set, element)) return undefined;
    if (element.deadline !== undefined && base.image.expires.length === 0) return undefined;
    fresh++;
  }
  if (base.top + fresh > capacity()) {
    // Rows in use elsewhere stay with the arrays they are in.
    const again = begin(base.image, base.targets);
    base.image = again.image;
    base.table = again.table;
    base.top = again.top;
    base.rows.clear();
  }
  const own: OwnRow[] = [];
  for (const element of layers.own.values()) {
    let row = base.rows.get(element);
    if (row === undefined) {
      base.rows.set(element, row = base.top++);
      writeRow(base, element, row, context);
    }
    own.push({ element, row });
  }
  const gone: number[] = [];
  for (const name of layers.gone) {
    const element = layers.base.get(name)!;
    const words = new Int32Array(hostWords(element.key, keyWords).buffer);
    const row = base.image.kind === SET_HASH
      ? hashFind(base.table, words, 0)
      : intervalFind(base.table, words, 0);
    if (row >= 0) gone.push(row);
  }
  return {
    ...base.image,
    changes: {
      own: base.image.kind === SET_HASH ? hashedRows(base.table, own) : orderedRows(own),
      gone: goneIndex(gone),
    },
  };
}

function writeRow(base: SharedBase, element: SetElement, row: number, context: RowContext): void {
  const { image, targets } = base, { set, live, entry } = context;
  const at = row * image.keyWords, big = image.kind === SET_INTERVAL;
  writeKey(image.keys, at, image.keyWords, element.key, big);
  if (big) writeKey(image.ends, at, image.keyWords, lastKey(element), big);
  image.data.fill(0, row * image.dataWords, (row + 1) * image.dataWords);
  writeElementData(context, element, image.data, row * image.dataWords, image.dataWords);
  if (image.places.length > 0) writeState(image, set, element, row, live);
  if (image.expires.length > 0) image.expires[row] = element.deadline ?? Infinity;
  let cellsEnd = image.cellsEnd;
  for (const cell of element.cells ?? [element.cell ?? -1]) cellsEnd = Math.max(cellsEnd, cell + 2);
  if (cellsEnd > image.cellsEnd) base.image = { ...image, cellsEnd };
  const target = element.verdict && verdictTarget(element.verdict);
  if (target !== undefined) targets.set(target, entry(target));
}

function writeKey(to: Uint32Array, at: number, words: number, bytes: Uint8Array, big: boolean): void {
  to.fill(0, at, at + words);
  for (let i = 0; i < bytes.length; i++) {
    to[at + (i >>> 2)]! |= bytes[i]! << (big ? 24 - 8 * (i & 3) : 8 * (i & 3));
  }
}
