import type { Chain, Family, Ruleset, SetDefinition, SetElement, StatefulObject, Table } from "./ruleset.ts";
import { LayeredMap } from "./layered_map.ts";
import { tableKey } from "./ruleset.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export interface DraftTable extends Mutable<Omit<Table, "chains" | "sets" | "objects">> {
  chains: Map<string, Chain>;
  sets: Map<string, SetDefinition>;
  objects: Map<string, StatefulObject>;
}
export interface DraftChain extends Mutable<Omit<Chain, "rules">> {
  rules: Chain["rules"][number][];
}
export interface DraftSet extends Mutable<Omit<SetDefinition, "elements">> {
  elements: Map<string, SetElement>;
}

/**
 * A ruleset being rewritten: copies a table, chain or set when it is first written to, so that the snapshot it
 * started from stays whole and an unchanged part is shared.
 */
export class Draft {
  readonly tables: Map<string, Table>;
  readonly #owned = new WeakSet<object>();
  /** Keys of tables that were written to. */
  readonly touched = new Set<string>();

  constructor(base: Ruleset) {
    this.tables = new Map(base.tables);
  }

  peek(family: Family, name: string): Table | undefined {
    return this.tables.get(tableKey(family, name));
  }

  table(family: Family, name: string): DraftTable | undefined {
    const key = tableKey(family, name), table = this.tables.get(key);
    if (table === undefined) return undefined;
    this.touched.add(key);
    if (this.#owned.has(table)) return table as DraftTable;
    const copy: DraftTable = {
      ...table,
      chains: new Map(table.chains),
      sets: new Map(table.sets),
      objects: new Map(table.objects),
    };
    this.#owned.add(copy);
    this.tables.set(key, copy);
    return copy;
  }

  addTable(table: DraftTable): void {
    const key = tableKey(table.family, table.name);
    this.#owned.add(table);
    this.touched.add(key);
    this.tables.set(key, table);
  }

  chain(table: DraftTable, name: string): DraftChain | undefined {
    const chain = table.chains.get(name);
    if (chain === undefined) return undefined;
    if (this.#owned.has(chain)) return chain as DraftChain;
    const copy: DraftChain = { ...chain, rules: chain.rules.slice() };
    this.#owned.add(copy);
    table.chains.set(name, copy);
    return copy;
  }

  addChain(table: DraftTable, chain: DraftChain): void {
    this.#owned.add(chain);
    table.chains.set(chain.name, chain);
  }

  set(table: DraftTable, name: string): DraftSet | undefined {
    const set = table.sets.get(name);
    if (set === undefined) return undefined;
    if (this.#owned.has(set)) return set as DraftSet;
    const copy: DraftSet = { ...set, elements: LayeredMap.over(set.elements) };
    this.#owned.add(copy);
    table.sets.set(name, copy);
    return copy;
  }

  addSet(table: DraftTable, set: DraftSet): void {
    this.#owned.add(set);
    table.sets.set(set.name, set);
  }
}
