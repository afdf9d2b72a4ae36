import { addChain, deleteChain, flushChain, renameChain } from "./chain_commands.ts";
import type { RulesetError } from "./error.ts";
import { addObject, deleteObject } from "./object_commands.ts";
import { addRule, replaceRule } from "./rule_commands.ts";
import type { Family, Ruleset, SetElement, Table } from "./ruleset.ts";
import {
  addSet,
  changeElements,
  deleteSet,
  flushSet,
  removeElements,
  rewriteElements,
} from "./set_commands.ts";
import type { ChainSpec, ObjectSpec, RulePlace, RuleSpec, SetSpec, TableSpec } from "./specs.ts";
import { addTable, deleteTable, flushTable } from "./table_commands.ts";
import { validateTable } from "./validate.ts";
import { type TransactionStore, Work } from "./work.ts";

export type { ChainSpec, ObjectSpec, RulePlace, RuleSpec, SetSpec, TableSpec } from "./specs.ts";

/** What a command answers: its refusal, or undefined. */
type Outcome = RulesetError | undefined;

/**
 * One batch of ruleset commands.
 *
 * Overview    every method checks as the kernel does when it takes the message and returns its refusal, or
 *             undefined; `commit` checks what only the whole can tell (loops, depth, hooks) and swaps everything
 *             at once. After any refusal nothing can be committed.
 * Life-cycle  made by `RulesetStore.begin`; ends with `commit` or `abort`, which gives back its cells.
 * Names       tables are named by family and name; chains, sets and objects by name within them. `create` is
 *             `add` with `exclusive`: it refuses what is there already.
 */
export class Transaction {
  readonly #base: Ruleset;
  readonly #work: Work;
  #ended = false;

  constructor(store: TransactionStore) {
    this.#base = store.current;
    this.#work = new Work(store);
  }

  /** The table as this transaction has left it so far. */
  table(family: Family, name: string): Table | undefined {
    return this.#work.draft.peek(family, name);
  }

  /** All tables as this transaction has left them so far. */
  get tables(): ReadonlyMap<string, Table> {
    return this.#work.draft.tables;
  }

  addTable(spec: TableSpec, exclusive = false): Outcome {
    return addTable(this.#work, spec, exclusive);
  }
  createTable(spec: TableSpec): Outcome {
    return addTable(this.#work, spec, true);
  }
  deleteTable(family: Family, name: string): Outcome {
    return deleteTable(this.#work, family, name);
  }
  /** Deletes the rules of all chains. */
  flushTable(family: Family, name: string): Outcome {
    return flushTable(this.#work, family, name);
  }
  /** Deletes all tables, or those of one family. */
  flushRuleset(family?: Family): Outcome {
    for (const table of [...this.tables.values()]) {
      if (family === undefined || table.family === family) deleteTable(this.#work, table.family, table.name);
    }
    return undefined;
  }

  /** On a base chain that is there already only the policy may differ. */
  addChain(family: Family, table: string, spec: ChainSpec, exclusive = false): Outcome {
    return addChain(this.#work, family, table, spec, exclusive);
  }
  createChain(family: Family, table: string, spec: ChainSpec): Outcome {
    return addChain(this.#work, family, table, spec, true);
  }
  /** Its rules go with it. */
  deleteChain(family: Family, table: string, name: string): Outcome {
    return deleteChain(this.#work, family, table, name);
  }
  flushChain(family: Family, table: string, name: string): Outcome {
    return flushChain(this.#work, family, table, name);
  }
  renameChain(family: Family, table: string, name: string, to: string): Outcome {
    return renameChain(this.#work, family, table, name, to);
  }

  addRule(
    family: Family,
    table: string,
    chain: string,
    spec: RuleSpec,
    place: RulePlace = { at: "end" },
  ): Outcome {
    return addRule(this.#work, family, table, chain, spec, place);
  }
  /** The new rule gets a handle and state of its own. */
  replaceRule(family: Family, table: string, chain: string, handle: number, spec: RuleSpec): Outcome {
    return replaceRule(this.#work, family, table, chain, handle, spec);
  }
  deleteRule(family: Family, table: string, chain: string, handle: number): Outcome {
    return replaceRule(this.#work, family, table, chain, handle, undefined);
  }

  addSet(family: Family, table: string, spec: SetSpec, exclusive = false): Outcome {
    return addSet(this.#work, family, table, spec, exclusive);
  }
  createSet(family: Family, table: string, spec: SetSpec): Outcome {
    return addSet(this.#work, family, table, spec, true);
  }
  /** First free name for an anonymous set: `__set0`, `__map0`, ... */
  anonymousName(family: Family, table: string, prefix: "__set" | "__map" | "__objmap"): string {
    return this.#work.anonymousName(family, table, prefix);
  }
  deleteSet(family: Family, table: string, name: string): Outcome {
    return deleteSet(this.#work, family, table, name);
  }
  /** Takes out all elements, those rules added too. */
  flushSet(family: Family, table: string, name: string): Outcome {
    return flushSet(this.#work, family, table, name);
  }
  addElements(
    family: Family,
    table: string,
    set: string,
    elements: readonly SetElement[],
    exclusive = false,
  ): Outcome {
    return changeElements(this.#work, family, table, set, elements, exclusive);
  }
  createElements(family: Family, table: string, set: string, elements: readonly SetElement[]): Outcome {
    return changeElements(this.#work, family, table, set, elements, true);
  }
  /** Elements that are there, said otherwise: nothing of their state changes. */
  rewriteElements(family: Family, table: string, set: string, elements: readonly SetElement[]): Outcome {
    return rewriteElements(this.#work, family, table, set, elements);
  }
  deleteElements(family: Family, table: string, set: string, elements: readonly SetElement[]): Outcome {
    return removeElements(this.#work, family, table, set, elements);
  }

  addObject(family: Family, table: string, spec: ObjectSpec, exclusive = false): Outcome {
    return addObject(this.#work, family, table, spec, exclusive);
  }
  createObject(family: Family, table: string, spec: ObjectSpec): Outcome {
    return addObject(this.#work, family, table, spec, true);
  }
  deleteObject(family: Family, table: string, type: number, name: string): Outcome {
    return deleteObject(this.#work, family, table, type, name);
  }

  /** Swaps everything at once and returns undefined; or changes nothing and says why. */
  commit(): Outcome {
    if (this.#ended) {
      return { reason: "invalid", what: "table", name: "", detail: "the transaction has ended" };
    }
    const { store, draft, allocated, freed, changes } = this.#work;
    if (this.#work.refused === undefined && store.current !== this.#base) {
      this.#work.refuse("busy", "table", "");
    }
    if (this.#work.refused === undefined) this.#validate();
    if (this.#work.refused !== undefined) {
      this.abort();
      return this.#work.refused;
    }
    this.#ended = true;
    store.swap(draft.tables, [...allocated], freed, changes.entries);
    return undefined;
  }

  #validate(): void {
    for (const key of this.#work.draft.touched) {
      const table = this.#work.draft.tables.get(key);
      if (table !== undefined) this.#work.note(validateTable(table));
    }
  }

  /** Gives up; the store stays as it was. */
  abort(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const cell of this.#work.allocated) this.#work.store.cells.release(cell);
  }
}
