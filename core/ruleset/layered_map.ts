/**
 * A map on top of one that must stay as it is: what was put in and taken out lies beside it.
 *
 * Overview    a snapshot's elements are shared by its successors; a transaction that changes a few of a million copies
 *             those few. Order is that of insertion, as of a Map.
 * Life-cycle  `over` makes one of a snapshot's map; layers are never stacked, the changes are copied.
 * Limits      changes beyond an eighth of the base, or eight times its root, are folded into a map of their own.
 */
export class LayeredMap<K, V> implements Map<K, V> {
  readonly [Symbol.toStringTag] = "LayeredMap";
  #base: ReadonlyMap<K, V>;
  /** Keys of the base that are not there any more. */
  #gone: Set<K>;
  /** What is not the base's, in order. */
  #own: Map<K, V>;

  private constructor(base: ReadonlyMap<K, V>, gone: Set<K>, own: Map<K, V>) {
    this.#base = base;
    this.#gone = gone;
    this.#own = own;
  }

  /** A map with these entries that may be changed; `base` stays as it is and must not change either. */
  static over<K, V>(base: ReadonlyMap<K, V>): Map<K, V> {
    if (base.size < LARGE) return new Map(base);
    if (!(base instanceof LayeredMap)) return new LayeredMap(base, new Set(), new Map());
    const layered = base as LayeredMap<K, V>, changes = layered.#gone.size + layered.#own.size;
    if (changes > mostChanges(layered.#base.size)) return new Map(base);
    return new LayeredMap(layered.#base, new Set(layered.#gone), new Map(layered.#own));
  }

  /** What a map is made of: itself alone when it is no layer. */
  static layers<K, V>(map: ReadonlyMap<K, V>): Layers<K, V> {
    if (!(map instanceof LayeredMap)) return { base: map, gone: new Set(), own: new Map() };
    const layered = map as LayeredMap<K, V>;
    return { base: layered.#base, gone: layered.#gone, own: layered.#own };
  }

  get size(): number {
    return this.#base.size - this.#gone.size + this.#own.size;
  }

  get(key: K): V | undefined {
    return this.#own.get(key) ?? (this.#gone.has(key) ? undefined : this.#base.get(key));
  }

  has(key: K): boolean {
    return this.#own.has(key) || (!this.#gone.has(key) && this.#base.has(key));
  }

  /** A key of the base keeps its place only until its value is changed: it goes to the end. */
  set(key: K, value: V): this {
    if (this.#base.has(key)) this.#gone.add(key);
    this.#own.set(key, value);
    return this;
  }

  delete(key: K): boolean {
    if (this.#own.delete(key)) return true;
    if (!this.#base.has(key) || this.#gone.has(key)) return false;
    this.#gone.add(key);
    return true;
  }

  clear(): void {
    this.#base = new Map();
    this.#gone = new Set();
    this.#own = new Map();
  }

  *entries(): MapIterator<[K, V]> {
    for (const entry of this.#base) if (!this.#gone.has(entry[0])) yield entry;
    yield* this.#own;
  }

  *keys(): MapIterator<K> {
    for (const [key] of this.entries()) yield key;
  }

  *values(): MapIterator<V> {
    for (const [, value] of this.entries()) yield value;
  }

  [Symbol.iterator](): MapIterator<[K, V]> {
    return this.entries();
  }

  forEach(each: (value: V, key: K, map: Map<K, V>) => void): void {
    for (const [key, value] of this) each(value, key, this);
  }

  // What newer engines' maps have besides.
  getOrInsert(key: K, value: V): V {
    return this.getOrInsertComputed(key, () => value);
  }

  getOrInsertComputed(key: K, compute: (key: K) => V): V {
    if (!this.has(key)) this.set(key, compute(key));
    return this.get(key)!;
  }
}

export interface Layers<K, V> {
  readonly base: ReadonlyMap<K, V>;
  /** Keys of the base that do not count. */
  readonly gone: ReadonlySet<K>;
  readonly own: ReadonlyMap<K, V>;
}

/**
 * Changes are copied by every transaction, and folding them costs in proportion to the base: what both cost a change is
 * least where their number grows as the base's root.
 */
const mostChanges = (size: number): number => Math.min(size / 8, 8 * Math.sqrt(size));

/** Smaller maps are copied. */
export const LARGE = 1024;
