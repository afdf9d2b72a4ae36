import { declaredStatements } from "../element_statements.ts";
import { compareBytes, lastKey } from "../intervals.ts";
import { LARGE, LayeredMap, type Layers } from "../layered_map.ts";
import { verdictTarget } from "../references.ts";
import { type SetDefinition, type SetElement, typeLength } from "../ruleset.ts";
import { goneIndex } from "./changes.ts";
import { hashFind, hashSlots, hashWords } from "./hash.ts";
import { hostWords, SET_HASH, SET_INTERVAL, type SetImage } from "./image.ts";
import { intervalFind } from "./interval.ts";
import { SetTable } from "./table.ts";

/** Makes the whole image of a set, in the back end given. */
export type ImageBuilder = (set: SetDefinition, kind: number) => SetImage;
/** Writes an element's data. */
export type DataWriter = (element: SetElement, data: Uint32Array, at: number, words: number) => void;

/**
 * Images of large sets by their base.
 *
 * Overview    successors of a set share a base map (`layered_map.ts`); its image is made once, in shared memory with
 *             room behind its rows. What a successor adds is written there once, and found by the successor's own
 *             index (`changes.ts`): a message to the data plane carries the changes alone.
 * Life-cycle  goes with its base map. When the room is used up the arrays are copied and begun anew.
 * Ownership   the control plane writes, and only rows no generation that is out knows.
 * Limits      hash and interval back ends of sets without statements, timeouts and objects; other images are whole.
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

/** Whether images of this set may share a base. */
export function sharesBase(set: SetDefinition): boolean {
  return set.live === 0 && !set.timeouts && set.objects === undefined && typeLength(set.key) > 2 &&
    declaredStatements(set).length === 0 && LayeredMap.layers(set.elements).base.size >= LARGE;
}

/** Image of a set that `sharesBase`; undefined when it has to be made whole. */
export function sharedImage(
  set: SetDefinition,
  kind: (set: SetDefinition) => number,
  build: ImageBuilder,
  write: DataWriter,
  entry: (chain: string) => number,
): SetImage | undefined {
  const layers = LayeredMap.layers(set.elements);
  if (layers.own.has("*") || layers.gone.has("*")) return undefined;
  let ranges = false;
  for (const element of layers.own.values()) {
    if (element.statements !== undefined || element.counter !== undefined) return undefined;
    if (element.end !== undefined) ranges = true;
  }
  if (ranges && set.key.bits.length > 1) return undefined;
  let base = bases.get(layers.base);
  if (base !== undefined && (!stands(base, entry) || (ranges && base.image.kind === SET_HASH))) {
    base = undefined;
  }
  if (base === undefined) {
    const whole = { ...set, elements: layers.base }, targets = targetsOf(layers.base, entry);
    if (targets === undefined) return undefined;
    const chosen = ranges ? SET_INTERVAL : kind(whole);
    if (chosen !== SET_HASH && chosen !== SET_INTERVAL) return undefined;
    const made = build(whole, chosen);
    if (made.places.length + made.cells.length + made.expires.length > 0) return undefined;
    base = begin(made, targets);
    bases.set(layers.base, base);
  }
  if (layers.own.size + layers.gone.size === 0) return base.image;
  return changed(base, layers, write, entry);
}

function begin(image: SetImage, targets: Map<string, number>): SharedBase {
  const top = image.rows + (image.catchall < 0 ? 0 : 1), room = roomFor(image.rows);
  const shared = {
    ...image,
    index: moved(Int32Array, image.index, image.index.length),
    keys: moved(Uint32Array, image.keys, (top + room) * image.keyWords),
    ends: moved(Uint32Array, image.ends, image.kind === SET_INTERVAL ? (top + room) * image.keyWords : 0),
    data: moved(Uint32Array, image.data, (top + room) * image.dataWords),
  };
  return { image: shared, table: new SetTable(shared, 0), rows: new Map(), top, targets };
}

const roomFor = (rows: number): number => Math.max(1024, Math.min(rows >>> 2, 32768));

function moved<T extends Int32Array | Uint32Array>(
  kind: new (buffer: SharedArrayBuffer) => T,
  from: T,
  length: number,
): T {
  const array = new kind(new SharedArrayBuffer(length * 4));
  array.set(from.length > length ? from.subarray(0, length) : from);
  return array;
}

/** The base's image with the layer's changes; undefined when there are too many. */
function changed(
  base: SharedBase,
  layers: Layers<string, SetElement>,
  write: DataWriter,
  entry: (chain: string) => number,
): SetImage | undefined {
  const { keyWords } = base.image, capacity = () => base.image.keys.length / keyWords;
  if (layers.own.size > roomFor(base.image.rows)) return undefined;
  let fresh = 0;
  for (const element of layers.own.values()) if (!base.rows.has(element)) fresh++;
  if (base.top + fresh > capacity()) {
    // Rows in use elsewhere stay with the arrays they are in.
    const again = begin(base.image, base.targets);
    base.image = again.image;
    base.table = again.table;
    base.top = again.top;
    base.rows.clear();
  }
  const own: { element: SetElement; row: number }[] = [];
  for (const element of layers.own.values()) {
    let row = base.rows.get(element);
    if (row === undefined) {
      base.rows.set(element, row = base.top++);
      writeRow(base, element, row, write, entry);
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
    changes: { own: base.image.kind === SET_HASH ? hashed(base, own) : ordered(own), gone: goneIndex(gone) },
  };
}

function writeRow(
  { image, targets }: SharedBase,
  element: SetElement,
  row: number,
  write: DataWriter,
  entry: (chain: string) => number,
): void {
  const at = row * image.keyWords, big = image.kind === SET_INTERVAL;
  writeKey(image.keys, at, image.keyWords, element.key, big);
  if (big) writeKey(image.ends, at, image.keyWords, lastKey(element), big);
  image.data.fill(0, row * image.dataWords, (row + 1) * image.dataWords);
  write(element, image.data, row * image.dataWords, image.dataWords);
  const target = element.verdict && verdictTarget(element.verdict);
  if (target !== undefined) targets.set(target, entry(target));
}

function writeKey(to: Uint32Array, at: number, words: number, bytes: Uint8Array, big: boolean): void {
  to.fill(0, at, at + words);
  for (let i = 0; i < bytes.length; i++) {
    to[at + (i >>> 2)]! |= bytes[i]! << (big ? 24 - 8 * (i & 3) : 8 * (i & 3));
  }
}

type OwnRow = { readonly element: SetElement; readonly row: number };

function hashed({ image, table }: SharedBase, own: readonly OwnRow[]): Int32Array {
  const index = new Int32Array(hashSlots(own.length)), mask = index.length - 1, count = image.keyWords;
  for (const { row } of own) {
    let slot = hashWords(table.keys, row * count, count, -1, table.seed) & mask;
    while (index[slot] !== 0) slot = (slot + 1) & mask;
    index[slot] = row + 1;
  }
  return index;
}

const ordered = (own: OwnRow[]): Int32Array =>
  Int32Array.from(own.sort((a, b) => compareBytes(a.element.key, b.element.key)), ({ row }) => row);

/** Whether the chains its verdicts go to are where they were. */
function stands({ targets }: SharedBase, entry: (chain: string) => number): boolean {
  for (const [chain, address] of targets) if (placeOf(chain, entry) !== address) return false;
  return true;
}

/** Where the verdicts of these elements go; undefined when a chain is not there any more. */
function targetsOf(
  elements: ReadonlyMap<string, SetElement>,
  entry: (chain: string) => number,
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

function placeOf(chain: string, entry: (chain: string) => number): number | undefined {
  try {
    return entry(chain);
  } catch {
    return undefined;
  }
}
