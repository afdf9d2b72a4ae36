import type { CellStore } from "./cells.ts";
import { ChangeLog, type RulesetChange } from "./change.ts";
import { Draft, type DraftChain, type DraftSet, type DraftTable } from "./draft.ts";
import type { RulesetError, RulesetReason } from "./error.ts";
import { boundSet } from "./references.ts";
import type { Family, Rule, Ruleset, SetDefinition, Table } from "./ruleset.ts";
import type { LiveStore } from "./sets/live.ts";

/** What a transaction needs of the store that it changes. */
export interface TransactionStore {
  readonly current: Ruleset;
  readonly cells: CellStore;
  readonly live: LiveStore;
  readonly now: () => number;
  nextTableHandle(): number;
  nextOrder(): number;
  /** Whether anybody wants to know what a commit changed. */
  readonly observed: boolean;
  /** The new tables, cells taken for them, cells they no longer name, what was made and taken away. */
  swap(
    tables: ReadonlyMap<string, Table>,
    allocated: readonly number[],
    freed: readonly number[],
    changes: readonly RulesetChange[],
  ): void;
}

/**
 * A transaction's work in hand: the draft, the cells it took and let go, the first refusal. The command files
 * (tables, chains, rules, sets, objects) work on it; `Transaction` is their face.
 */
export class Work {
  readonly store: TransactionStore;
  readonly draft: Draft;
  /** Cells this transaction took. */
  readonly allocated = new Set<number>();
  /** Cells of older generations it let go. */
  readonly freed: number[] = [];
  readonly changes: ChangeLog;
  /** Where the search for a free anonymous name goes on. */
  readonly #names = new Map<string, number>();
  /** The first refusal; nothing can be committed after it. */
  refused: RulesetError | undefined;

  constructor(store: TransactionStore) {
    this.store = store;
    this.draft = new Draft(store.current);
    this.changes = new ChangeLog(store.observed);
  }

  refuse(reason: RulesetReason, what: RulesetError["what"], name: string): RulesetError {
    const error: RulesetError = { reason, what, name };
    this.refused ??= error;
    return error;
  }

  note(error: RulesetError | undefined): RulesetError | undefined {
    this.refused ??= error;
    return error;
  }

  /** First cell of a pair, -1 when the store is full. */
  allocate(first: number, second: number): number {
    const cell = this.store.cells.allocate(first, second);
    if (cell >= 0) this.allocated.add(cell);
    return cell;
  }

  /** A cell of this transaction goes back at once, one of an older generation when that has left. */
  free(cell: number): void {
    if (cell < 0) return;
    if (this.allocated.delete(cell)) this.store.cells.release(cell);
    else this.freed.push(cell);
  }

  freeElements(set: SetDefinition): void {
    for (const element of set.elements.values()) {
      for (const cell of element.cells ?? [element.cell ?? -1]) this.free(cell);
    }
  }

  /** What only the rule held goes with it: state, anonymous sets. */
  dropRule(table: DraftTable, rule: Rule): void {
    for (const cell of rule.cells) this.free(cell);
    for (const expression of rule.expressions) {
      const name = boundSet(expression), set = name === undefined ? undefined : table.sets.get(name);
      // Bound to this rule alone, as the kernel has it.
      if (set?.anonymous) this.dropSet(table, set);
    }
  }

  dropSet(table: DraftTable, set: SetDefinition): void {
    this.freeElements(set);
    this.changes.note("destroy", table, { what: "set", set });
    table.sets.delete(set.name);
    this.#names.clear();
  }

  /** First free name with this prefix. */
  anonymousName(family: Family, table: string, prefix: string): string {
    const sets = this.draft.peek(family, table)?.sets, key = `${family} ${table} ${prefix}`;
    let i = this.#names.get(key) ?? 0;
    while (sets?.has(prefix + i)) i++;
    this.#names.set(key, i);
    return prefix + i;
  }

  /** Why nothing may jump to this chain; undefined when it may. */
  targetError(table: DraftTable, chain: string): RulesetError | undefined {
    const target = table.chains.get(chain);
    if (target === undefined) return this.refuse("missing", "chain", chain);
    return target.base === undefined ? undefined : this.refuse("unsupported", "chain", chain);
  }

  table(family: Family, name: string): DraftTable | RulesetError {
    return this.draft.table(family, name) ?? this.refuse("missing", "table", name);
  }

  chain(
    family: Family,
    tableName: string,
    name: string,
  ): { table: DraftTable; chain: DraftChain } | RulesetError {
    const table = this.table(family, tableName);
    if (isError(table)) return table;
    const chain = this.draft.chain(table, name);
    return chain === undefined ? this.refuse("missing", "chain", name) : { table, chain };
  }

  set(family: Family, tableName: string, name: string): { table: DraftTable; set: DraftSet } | RulesetError {
    const table = this.table(family, tableName);
    if (isError(table)) return table;
    const set = this.draft.set(table, name);
    return set === undefined ? this.refuse("missing", "set", name) : { table, set };
  }
}

export const isError = (value: object): value is RulesetError => "reason" in value;
