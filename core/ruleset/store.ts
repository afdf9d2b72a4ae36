import { CellStore } from "./cells.ts";
import type { RulesetChange, RulesetCommit } from "./change.ts";
import { EMPTY_RULESET, type Ruleset, type Table } from "./ruleset.ts";
import { LiveStore } from "./sets/live.ts";
import { Transaction } from "./transaction.ts";
import type { TransactionStore } from "./work.ts";

export interface RulesetStoreOptions {
  readonly cells?: CellStore;
  /** Monotonic milliseconds, for element timeouts; stands still unless given. */
  readonly now?: () => number;
  /** A random number, so that nobody outside can choose elements that collide in a set; 0 unless given. */
  readonly seed?: number;
  /** True: no data plane reads older generations, so what a commit drops is free at once. */
  readonly offline?: boolean;
}

/**
 * The current ruleset and what outlives its generations.
 *
 * Overview    `begin` opens a transaction on the current snapshot; its commit swaps `current`. `revert` goes back
 *             to an older snapshot while the data plane has not acknowledged a newer one.
 * Life-cycle  commit -> program sent -> `acknowledge`, or `revert` when it could not be applied.
 * Ownership   the control plane; one writer. Two transactions may be open, the later to commit is refused.
 */
export class RulesetStore implements TransactionStore {
  readonly cells: CellStore;
  /** Storage of sets that rules change. */
  readonly live: LiveStore;
  readonly now: () => number;
  readonly offline: boolean;
  #current: Ruleset = EMPTY_RULESET;
  #tableHandle = 0;
  #order = 0;
  readonly #observers = new Set<(commit: RulesetCommit) => void>();
  /** Commits the data plane has not acknowledged, with the cells they took. */
  #pending: { generation: number; allocated: readonly number[] }[] = [];

  constructor(options: RulesetStoreOptions = {}) {
    this.cells = options.cells ?? new CellStore();
    this.now = options.now ?? (() => 0);
    this.offline = options.offline ?? false;
    this.live = new LiveStore(options.seed);
  }

  get current(): Ruleset {
    return this.#current;
  }

  begin(): Transaction {
    return new Transaction(this);
  }

  nextTableHandle(): number {
    return ++this.#tableHandle;
  }

  nextOrder(): number {
    return ++this.#order;
  }

  /** Tells of every commit that changed something, from the next transaction on; call what it answers to end that. */
  observe(observer: (commit: RulesetCommit) => void): () => void {
    this.#observers.add(observer);
    return () => void this.#observers.delete(observer);
  }

  get observed(): boolean {
    return this.#observers.size > 0;
  }

  /** For `Transaction.commit` alone: the new tables, cells taken for them, cells they no longer name, what changed. */
  swap(
    tables: ReadonlyMap<string, Table>,
    allocated: readonly number[],
    freed: readonly number[],
    changes: readonly RulesetChange[],
  ): void {
    const before = this.#current;
    const generation = this.#current.generation + 1;
    this.cells.retire(freed, generation);
    this.#pending.push({ generation, allocated });
    this.#current = { generation, tables };
    if (this.offline) this.acknowledge(generation);
    if (changes.length === 0) return;
    for (const observer of this.#observers) observer({ before, after: this.#current, changes });
  }

  /** The data plane runs `generation` now: what it dropped can be used again. */
  acknowledge(generation: number): void {
    this.cells.acknowledge(generation);
    this.#pending = this.#pending.filter((commit) => commit.generation > generation);
    if (generation === this.#current.generation) this.live.keep(liveNumbers(this.#current));
  }

  /**
   * Makes an older snapshot current again, as a new generation: counters go on where they are. False when the
   * data plane already acknowledged a newer one than that.
   */
  revert(to: Ruleset): boolean {
    const since = this.#pending.filter((commit) => commit.generation > to.generation);
    if (since.length !== this.#current.generation - to.generation) return false;
    this.cells.recall(to.generation);
    this.#pending = this.#pending.filter((commit) => commit.generation <= to.generation);
    const generation = this.#current.generation + 1;
    this.cells.retire(since.flatMap((commit) => commit.allocated), generation);
    this.#current = { generation, tables: to.tables };
    return true;
  }
}

function liveNumbers(ruleset: Ruleset): Set<number> {
  const numbers = new Set<number>();
  for (const table of ruleset.tables.values()) {
    for (const set of table.sets.values()) if (set.live > 0) numbers.add(set.live);
  }
  return numbers;
}
