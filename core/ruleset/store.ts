import { CellStore } from "./cells.ts";
import { EMPTY_RULESET, type Ruleset } from "./ruleset.ts";
import { LiveStore } from "./sets/live.ts";
import { Transaction } from "./transaction.ts";

export interface RulesetStoreOptions {
  readonly cells?: CellStore;
  /** Monotonic milliseconds, for element timeouts; stands still unless given. */
  readonly now?: () => number;
  /** True: no data plane reads older generations, so what a commit drops is free at once. */
  readonly offline?: boolean;
}

/**
 * The current ruleset and what outlives its generations.
 *
 * Overview    `begin` opens a transaction on the current snapshot; its commit swaps `current`.
 * Ownership   the control plane; one writer. Two transactions may be open, the later to commit is refused.
 */
export class RulesetStore {
  readonly cells: CellStore;
  /** Storage of sets that rules change. */
  readonly live = new LiveStore();
  readonly now: () => number;
  readonly offline: boolean;
  #current: Ruleset = EMPTY_RULESET;
  #tableHandle = 0;
  #order = 0;

  constructor(options: RulesetStoreOptions = {}) {
    this.cells = options.cells ?? new CellStore();
    this.now = options.now ?? (() => 0);
    this.offline = options.offline ?? false;
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

  /** For `Transaction.commit` alone. */
  swap(next: Ruleset): void {
    this.#current = next;
  }

  /** The data plane runs `generation` now. */
  acknowledge(generation: number): void {
    this.cells.acknowledge(generation);
  }
}
