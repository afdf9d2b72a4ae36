import type { Expression } from "../expr/expression.ts";
import { Draft, type DraftChain, type DraftSet, type DraftTable } from "./draft.ts";
import { addElements, deleteElements, type ElementContext } from "./elements.ts";
import type { RulesetError, RulesetReason } from "./error.ts";
import { boundSet, chainInUse, objectInUse, setInUse, verdictTarget } from "./references.ts";
import {
  type BaseChain,
  type Chain,
  type Family,
  objectKey,
  type Rule,
  type SetDefinition,
  type SetElement,
  type StatefulObject,
  type Table,
  tableKey,
} from "./ruleset.ts";
import { initialState } from "./state.ts";
import type { RulesetStore } from "./store.ts";
import { baseChainReason, expressionReason, validateTable } from "./validate.ts";

export type TableSpec = Pick<Table, "family" | "name"> & Partial<Pick<Table, "flags" | "comment" | "source">>;
export type ChainSpec = Pick<Chain, "name"> & Partial<Pick<Chain, "base" | "comment" | "source">>;
export type RuleSpec = Pick<Rule, "expressions"> & Partial<Pick<Rule, "comment" | "source">>;
export type SetSpec =
  & Pick<SetDefinition, "name" | "key">
  & Partial<Omit<SetDefinition, "name" | "key" | "handle" | "elements" | "live" | "flushes">>
  & { readonly elements?: readonly SetElement[] };
export type ObjectSpec =
  & Pick<StatefulObject, "name" | "type" | "expression">
  & Partial<Pick<StatefulObject, "comment" | "source">>;

/** Where a rule goes: at the end (default), the beginning, or beside another one (by handle or 0-based index). */
export type RulePlace =
  | { readonly at: "end" | "start" }
  | { readonly at: "before" | "after"; readonly handle: number }
  | { readonly at: "before" | "after"; readonly index: number };

/**
 * One batch of ruleset commands.
 *
 * Overview    every method checks as the kernel does when it takes the message and returns its refusal, or
 *             undefined; `commit` checks what only the whole can tell (loops, depth, hooks) and swaps everything
 *             at once. After any refusal nothing can be committed.
 * Life-cycle  made by `RulesetStore.begin`; ends with `commit` or `abort`, which gives back its cells.
 * Names       tables are named by family and name; chains, sets and objects by name within them.
 */
export class Transaction {
  readonly #store: RulesetStore;
  readonly #base: RulesetStore["current"];
  readonly #draft: Draft;
  readonly #allocated = new Set<number>();
  readonly #freed: number[] = [];
  #refused: RulesetError | undefined;
  #ended = false;

  constructor(store: RulesetStore) {
    this.#store = store;
    this.#base = store.current;
    this.#draft = new Draft(store.current);
  }

  /** The table as this transaction has left it so far. */
  table(family: Family, name: string): Table | undefined {
    return this.#draft.peek(family, name);
  }

  /** All tables as this transaction has left them so far. */
  get tables(): ReadonlyMap<string, Table> {
    return this.#draft.tables;
  }

  // Tables

  addTable(spec: TableSpec, exclusive = false): RulesetError | undefined {
    const there = this.#draft.peek(spec.family, spec.name);
    if (there !== undefined) {
      if (exclusive) return this.#refuse("exists", "table", spec.name);
      if (spec.flags !== undefined) this.#draft.table(spec.family, spec.name)!.flags = spec.flags;
      return undefined;
    }
    this.#draft.addTable({
      flags: [],
      ...spec,
      handle: this.#store.nextTableHandle(),
      chains: new Map(),
      sets: new Map(),
      objects: new Map(),
      lastHandle: 0,
    });
    return undefined;
  }

  createTable(spec: TableSpec): RulesetError | undefined {
    return this.addTable(spec, true);
  }

  deleteTable(family: Family, name: string): RulesetError | undefined {
    const table = this.#draft.peek(family, name);
    if (table === undefined) return this.#refuse("missing", "table", name);
    for (const chain of table.chains.values()) for (const rule of chain.rules) this.#freeRule(rule);
    for (const set of table.sets.values()) this.#freeElements(set);
    for (const object of table.objects.values()) this.#free(object.cell);
    this.#draft.tables.delete(tableKey(family, name));
    return undefined;
  }

  /** Deletes the rules of all chains. */
  flushTable(family: Family, name: string): RulesetError | undefined {
    const table = this.#draft.table(family, name);
    if (table === undefined) return this.#refuse("missing", "table", name);
    for (const chain of [...table.chains.keys()]) this.#emptyChain(table, chain);
    return undefined;
  }

  /** Deletes all tables, or those of one family. */
  flushRuleset(family?: Family): RulesetError | undefined {
    for (const table of [...this.#draft.tables.values()]) {
      if (family === undefined || table.family === family) this.deleteTable(table.family, table.name);
    }
    return undefined;
  }

  // Chains

  addChain(family: Family, tableName: string, spec: ChainSpec, exclusive = false): RulesetError | undefined {
    const table = this.#draft.table(family, tableName);
    if (table === undefined) return this.#refuse("missing", "table", tableName);
    const there = table.chains.get(spec.name);
    if (there !== undefined) {
      if (exclusive) return this.#refuse("exists", "chain", spec.name);
      return this.#updateChain(table, there, spec.base);
    }
    const reason = spec.base && baseChainReason(family, spec.base);
    if (reason !== undefined) return this.#refuse(reason, "chain", spec.name);
    this.#draft.addChain(table, {
      ...spec,
      handle: ++table.lastHandle,
      order: this.#store.nextOrder(),
      rules: [],
    });
    return undefined;
  }

  createChain(family: Family, table: string, spec: ChainSpec): RulesetError | undefined {
    return this.addChain(family, table, spec, true);
  }

  /** Only the policy of a base chain can change. */
  #updateChain(table: DraftTable, chain: Chain, base: BaseChain | undefined): RulesetError | undefined {
    if (base === undefined) return undefined;
    const old = chain.base;
    if (old === undefined || old.type !== base.type) return this.#refuse("exists", "chain", chain.name);
    if (old.hook !== base.hook || old.priority !== base.priority) {
      return this.#refuse("unsupported", "chain", chain.name);
    }
    this.#draft.chain(table, chain.name)!.base = { ...old, policy: base.policy };
    return undefined;
  }

  deleteChain(family: Family, tableName: string, name: string): RulesetError | undefined {
    const found = this.#chain(family, tableName, name);
    if (found.error !== undefined) return found.error;
    this.#emptyChain(found.table, name);
    if (chainInUse(found.table, name)) return this.#refuse("busy", "chain", name);
    found.table.chains.delete(name);
    return undefined;
  }

  flushChain(family: Family, tableName: string, name: string): RulesetError | undefined {
    const found = this.#chain(family, tableName, name);
    if (found.error !== undefined) return found.error;
    this.#emptyChain(found.table, name);
    return undefined;
  }

  renameChain(family: Family, tableName: string, name: string, to: string): RulesetError | undefined {
    const found = this.#chain(family, tableName, name);
    if (found.error !== undefined) return found.error;
    if (found.table.chains.has(to)) return this.#refuse("exists", "chain", to);
    renameChain(this.#draft, found.table, name, to);
    return undefined;
  }

  #emptyChain(table: DraftTable, name: string): void {
    const chain = this.#draft.chain(table, name)!;
    const rules = chain.rules.splice(0);
    for (const rule of rules) this.#dropRule(table, rule);
  }

  // Rules

  addRule(
    family: Family,
    tableName: string,
    chainName: string,
    spec: RuleSpec,
    place: RulePlace = { at: "end" },
  ): RulesetError | undefined {
    const found = this.#chain(family, tableName, chainName);
    if (found.error !== undefined) return found.error;
    const at = position(found.chain, place);
    if (at < 0) return this.#refuse("missing", "rule", chainName);
    const rule = this.#makeRule(found.table, chainName, spec);
    if ("reason" in rule) return rule;
    if (at === found.chain.rules.length) found.chain.rules.push(rule);
    else found.chain.rules.splice(at, 0, rule);
    return undefined;
  }

  /** Puts a rule in the place of the one with this handle; it gets a handle and state of its own. */
  replaceRule(
    family: Family,
    tableName: string,
    chainName: string,
    handle: number,
    spec: RuleSpec,
  ): RulesetError | undefined {
    const found = this.#chain(family, tableName, chainName);
    if (found.error !== undefined) return found.error;
    const at = found.chain.rules.findIndex((r) => r.handle === handle);
    if (at < 0) return this.#refuse("missing", "rule", chainName);
    const rule = this.#makeRule(found.table, chainName, spec);
    if ("reason" in rule) return rule;
    const [old] = found.chain.rules.splice(at, 1, rule);
    this.#dropRule(found.table, old!);
    return undefined;
  }

  deleteRule(family: Family, tableName: string, chainName: string, handle: number): RulesetError | undefined {
    const found = this.#chain(family, tableName, chainName);
    if (found.error !== undefined) return found.error;
    const at = found.chain.rules.findIndex((r) => r.handle === handle);
    if (at < 0) return this.#refuse("missing", "rule", chainName);
    const [old] = found.chain.rules.splice(at, 1);
    this.#dropRule(found.table, old!);
    return undefined;
  }

  #makeRule(table: DraftTable, chain: string, spec: RuleSpec): Rule | RulesetError {
    for (const expression of spec.expressions) {
      if (expression.kind === "verdict") {
        const target = verdictTarget(expression.verdict);
        const error = target === undefined ? undefined : this.#targetError(table, target);
        if (error !== undefined) return error;
      }
      const reason = expressionReason(table, expression);
      if (reason !== undefined) return this.#refuse(reason, "rule", nameIn(expression) ?? chain);
    }
    const cells: number[] = [];
    for (const expression of spec.expressions) {
      const state = initialState(expression);
      const cell = state === undefined ? -1 : this.#allocate(state[0], state[1]);
      if (state !== undefined && cell < 0) return this.#refuse("memory", "rule", chain);
      cells.push(cell);
    }
    return { ...spec, handle: ++table.lastHandle, cells };
  }

  #targetError(table: DraftTable, chain: string): RulesetError | undefined {
    const target = table.chains.get(chain);
    if (target === undefined) return this.#refuse("missing", "chain", chain);
    return target.base === undefined ? undefined : this.#refuse("unsupported", "chain", chain);
  }

  /** What only the rule held goes with it: state, anonymous sets. */
  #dropRule(table: DraftTable, rule: Rule): void {
    this.#freeRule(rule);
    for (const expression of rule.expressions) {
      const name = boundSet(expression), set = name === undefined ? undefined : table.sets.get(name);
      if (set?.anonymous && !setInUse(table, set.name)) {
        this.#freeElements(set);
        table.sets.delete(set.name);
      }
    }
  }

  // Sets and maps

  addSet(family: Family, tableName: string, spec: SetSpec, exclusive = false): RulesetError | undefined {
    const table = this.#draft.table(family, tableName);
    if (table === undefined) return this.#refuse("missing", "table", tableName);
    const there = table.sets.get(spec.name);
    if (there !== undefined) {
      if (exclusive || !sameShape(there, spec)) return this.#refuse("exists", "set", spec.name);
      return spec.elements && this.addElements(family, tableName, spec.name, spec.elements);
    }
    const dynamic = spec.dynamic ?? false;
    const { elements, ...rest } = spec;
    this.#draft.addSet(table, {
      anonymous: false,
      constant: false,
      interval: false,
      autoMerge: false,
      timeouts: false,
      counter: false,
      ...rest,
      dynamic,
      handle: ++table.lastHandle,
      live: dynamic || (spec.timeouts && !spec.interval) ? this.#store.live.next() : 0,
      flushes: 0,
      elements: new Map(),
    });
    return elements && this.#change(table, spec.name, elements, false);
  }

  createSet(family: Family, table: string, spec: SetSpec): RulesetError | undefined {
    return this.addSet(family, table, spec, true);
  }

  /** First free name for an anonymous set: `__set0`, `__map0`, ... */
  anonymousName(family: Family, table: string, prefix: "__set" | "__map"): string {
    const sets = this.#draft.peek(family, table)?.sets;
    for (let i = 0;; i++) if (!sets?.has(prefix + i)) return prefix + i;
  }

  deleteSet(family: Family, tableName: string, name: string): RulesetError | undefined {
    const found = this.#set(family, tableName, name);
    if (found.error !== undefined) return found.error;
    if (setInUse(found.table, name)) return this.#refuse("busy", "set", name);
    this.#freeElements(found.set);
    found.table.sets.delete(name);
    return undefined;
  }

  flushSet(family: Family, tableName: string, name: string): RulesetError | undefined {
    const found = this.#set(family, tableName, name);
    if (found.error !== undefined) return found.error;
    this.#freeElements(found.set);
    found.set.elements.clear();
    found.set.flushes++;
    return undefined;
  }

  addElements(
    family: Family,
    tableName: string,
    name: string,
    elements: readonly SetElement[],
    exclusive = false,
  ): RulesetError | undefined {
    const found = this.#set(family, tableName, name);
    if (found.error !== undefined) return found.error;
    if (found.set.constant && setInUse(found.table, name)) return this.#refuse("busy", "set", name);
    return this.#change(found.table, name, elements, exclusive);
  }

  createElements(
    family: Family,
    table: string,
    name: string,
    elements: readonly SetElement[],
  ): RulesetError | undefined {
    return this.addElements(family, table, name, elements, true);
  }

  deleteElements(
    family: Family,
    tableName: string,
    name: string,
    elements: readonly SetElement[],
  ): RulesetError | undefined {
    const found = this.#set(family, tableName, name);
    if (found.error !== undefined) return found.error;
    if (found.set.constant && setInUse(found.table, name)) return this.#refuse("busy", "set", name);
    return this.#note(deleteElements(found.set, elements, this.#elements(found.table)));
  }

  #change(
    table: DraftTable,
    name: string,
    elements: readonly SetElement[],
    exclusive: boolean,
  ): RulesetError | undefined {
    return this.#note(
      addElements(this.#draft.set(table, name)!, elements, exclusive, this.#elements(table)),
    );
  }

  #elements(table: DraftTable): ElementContext {
    return {
      now: this.#store.now(),
      allocate: (packets, bytes) => this.#allocate(packets, bytes),
      free: (cell) => this.#free(cell),
      target: (chain) => this.#targetError(table, chain),
    };
  }

  // Stateful objects

  addObject(
    family: Family,
    tableName: string,
    spec: ObjectSpec,
    exclusive = false,
  ): RulesetError | undefined {
    const table = this.#draft.table(family, tableName);
    if (table === undefined) return this.#refuse("missing", "table", tableName);
    const key = objectKey(spec.type, spec.name);
    if (table.objects.has(key)) return exclusive ? this.#refuse("exists", "object", spec.name) : undefined;
    const state = initialState(spec.expression) ?? [0, 0];
    const cell = this.#allocate(state[0], state[1]);
    if (cell < 0) return this.#refuse("memory", "object", spec.name);
    table.objects.set(key, { ...spec, handle: ++table.lastHandle, cell });
    return undefined;
  }

  createObject(family: Family, table: string, spec: ObjectSpec): RulesetError | undefined {
    return this.addObject(family, table, spec, true);
  }

  deleteObject(family: Family, tableName: string, type: number, name: string): RulesetError | undefined {
    const table = this.#draft.table(family, tableName), key = objectKey(type, name);
    if (table === undefined) return this.#refuse("missing", "table", tableName);
    const object = table.objects.get(key);
    if (object === undefined) return this.#refuse("missing", "object", name);
    if (objectInUse(table, type, name)) return this.#refuse("busy", "object", name);
    this.#free(object.cell);
    table.objects.delete(key);
    return undefined;
  }

  // End

  /** Swaps everything at once and returns undefined; or changes nothing and says why. */
  commit(): RulesetError | undefined {
    if (this.#ended) {
      return { reason: "invalid", what: "table", name: "", detail: "the transaction has ended" };
    }
    if (this.#refused === undefined && this.#store.current !== this.#base) {
      this.#refuse("busy", "table", "");
    }
    if (this.#refused === undefined) {
      for (const key of this.#draft.touched) {
        const table = this.#draft.tables.get(key);
        if (table !== undefined) this.#note(validateTable(table));
      }
    }
    if (this.#refused !== undefined) {
      this.abort();
      return this.#refused;
    }
    this.#ended = true;
    const generation = this.#base.generation + 1;
    this.#store.cells.retire(this.#freed, generation);
    this.#store.swap({ generation, tables: this.#draft.tables });
    if (this.#store.offline) this.#store.acknowledge(generation);
    return undefined;
  }

  /** Gives up; the store stays as it was. */
  abort(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const cell of this.#allocated) this.#store.cells.release(cell);
  }

  #chain(family: Family, tableName: string, name: string):
    | { error: RulesetError; table?: never; chain?: never }
    | { error?: never; table: DraftTable; chain: DraftChain } {
    const table = this.#draft.table(family, tableName);
    if (table === undefined) return { error: this.#refuse("missing", "table", tableName) };
    const chain = this.#draft.chain(table, name);
    return chain === undefined ? { error: this.#refuse("missing", "chain", name) } : { table, chain };
  }

  #set(family: Family, tableName: string, name: string):
    | { error: RulesetError; table?: never; set?: never }
    | { error?: never; table: DraftTable; set: DraftSet } {
    const table = this.#draft.table(family, tableName);
    if (table === undefined) return { error: this.#refuse("missing", "table", tableName) };
    const set = this.#draft.set(table, name);
    return set === undefined ? { error: this.#refuse("missing", "set", name) } : { table, set };
  }

  #allocate(first: number, second: number): number {
    const cell = this.#store.cells.allocate(first, second);
    if (cell >= 0) this.#allocated.add(cell);
    return cell;
  }

  /** A cell of this transaction goes back at once, one of an older generation when that has left. */
  #free(cell: number): void {
    if (cell < 0) return;
    if (this.#allocated.delete(cell)) this.#store.cells.release(cell);
    else this.#freed.push(cell);
  }

  #freeRule(rule: Rule): void {
    for (const cell of rule.cells) this.#free(cell);
  }

  #freeElements(set: SetDefinition): void {
    for (const element of set.elements.values()) this.#free(element.cell ?? -1);
  }

  #note(error: RulesetError | undefined): RulesetError | undefined {
    this.#refused ??= error;
    return error;
  }

  #refuse(reason: RulesetReason, what: RulesetError["what"], name: string): RulesetError {
    const error: RulesetError = { reason, what, name };
    this.#refused ??= error;
    return error;
  }
}

const nameIn = (expression: Expression): string | undefined =>
  boundSet(expression) ?? (expression.kind === "objref" ? expression.name : undefined);

/** Index the rule is put at; -1 when the rule it is placed by does not exist. */
function position(chain: DraftChain, place: RulePlace): number {
  if (place.at === "start") return 0;
  if (place.at === "end") return chain.rules.length;
  const at = "handle" in place
    ? chain.rules.findIndex((r) => r.handle === place.handle)
    : "index" in place && place.index < chain.rules.length
    ? place.index
    : -1;
  return at < 0 ? -1 : place.at === "after" ? at + 1 : at;
}

function sameShape(set: SetDefinition, spec: SetSpec): boolean {
  const data = (d: SetDefinition["data"]) => d === undefined || d === "verdict" ? d : d.name;
  return set.key.name === spec.key.name && data(set.data) === data(spec.data) &&
    set.interval === (spec.interval ?? false);
}

/** Renames in place: the chain keeps its position, and everything that goes to it follows. */
function renameChain(draft: Draft, table: DraftTable, name: string, to: string): void {
  const follow = (e: Expression): Expression =>
    e.kind === "verdict" && verdictTarget(e.verdict) === name
      ? { kind: "verdict", verdict: { ...e.verdict, chain: to } as typeof e.verdict }
      : e;
  const goes = (e: Expression) => e.kind === "verdict" && verdictTarget(e.verdict) === name;
  for (const chain of [...table.chains.values()]) {
    if (!chain.rules.some((rule) => rule.expressions.some(goes))) continue;
    const copy = draft.chain(table, chain.name)!;
    copy.rules = copy.rules.map((rule) =>
      rule.expressions.some(goes) ? { ...rule, expressions: rule.expressions.map(follow) } : rule
    );
  }
  for (const set of [...table.sets.values()]) {
    if (set.data !== "verdict") continue;
    const copy = draft.set(table, set.name)!;
    for (const [key, element] of copy.elements) {
      if (element.verdict === undefined || verdictTarget(element.verdict) !== name) continue;
      copy.elements.set(key, {
        ...element,
        verdict: { ...element.verdict, chain: to } as typeof element.verdict,
      });
    }
  }
  draft.chain(table, name)!.name = to;
  const entries = [...table.chains].map(([key, chain]) => [key === name ? to : key, chain] as const);
  table.chains.clear();
  for (const [key, chain] of entries) table.chains.set(key, chain);
}
