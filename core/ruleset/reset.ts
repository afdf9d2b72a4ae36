import type { CellStore } from "./cells.ts";
import type { ElementStatement } from "../expr/expression.ts";
import { elementStatements } from "./element_statements.ts";
import { takenOver } from "./sets/live_rows.ts";
import { elementKey, type SetDefinition, type SetElement } from "./ruleset.ts";
import type { TransactionStore } from "./work.ts";

type ResetStore = Pick<TransactionStore, "live"> & { readonly cells: CellStore };

/**
 * Elements that were listed (`listElements`) count from nothing. What was told is taken off, so that a packet between
 * listing and this is in the next listing. As in the kernel a limit's bucket and `ct count` are no counts.
 *
 * Limits    a quota, and what elements of sets that rules change count, are numbers the data plane writes too: a
 *           packet in the very instruction may undo the reset of the one element it counts for.
 */
export function resetElements(store: ResetStore, set: SetDefinition, told: Iterable<SetElement>): void {
  const live = set.live > 0 ? store.live.get(set.live) : undefined;
  const inStorage = live !== undefined && takenOver(live, set.flushes);
  for (const now of told) {
    if (inStorage) {
      const states = store.live.states(set.live, now.key, now.catchall === true);
      if (states !== undefined) takeOff(states, toldStatements(now));
      continue;
    }
    const declared = set.elements.get(elementKey(now));
    if (declared === undefined) continue;
    const cells = declared.cells ?? [declared.cell ?? -1];
    for (const [i, statement] of toldStatements(now).entries()) {
      resetCell(store.cells, cells[i] ?? -1, statement);
    }
  }
}

/** A cell begins anew after what a statement told of it. */
export function resetCell(cells: CellStore, cell: number, statement: ElementStatement): void {
  if (cell < 0) return;
  if (statement.kind === "counter") cells.resetCounter(cell, [statement.packets, statement.bytes]);
  else if (statement.kind === "quota") cells.resetQuota(cell, statement.used);
}

/** Elements whose declaration says what they counted, as they are once reset; others are left out. */
export function begunAnew(set: SetDefinition, told: Iterable<SetElement>): SetElement[] {
  const changed: SetElement[] = [];
  for (const now of told) {
    const declared = set.elements.get(elementKey(now));
    if (declared === undefined || !elementStatements(NOTHING, declared).some(counted)) continue;
    const { counter, ...rest } = declared;
    changed.push({
      ...rest,
      ...(counter === undefined ? {} : { counter: { packets: 0, bytes: 0 } }),
      ...(declared.statements === undefined
        ? {}
        : { statements: declared.statements.map(uncountedStatement) }),
    });
  }
  return changed;
}

const uncountedStatement = (e: ElementStatement): ElementStatement =>
  e.kind === "counter" ? { ...e, packets: 0, bytes: 0 } : e.kind === "quota" ? { ...e, used: 0 } : e;

const counted = (e: ElementStatement): boolean =>
  e.kind === "counter" ? e.packets > 0 || e.bytes > 0 : e.kind === "quota" && e.used > 0;

const NOTHING = { counter: false };

const toldStatements = (element: SetElement): readonly ElementStatement[] =>
  elementStatements(NOTHING, element);

function takeOff(states: Float64Array, told: readonly ElementStatement[]): void {
  for (const [i, statement] of told.entries()) {
    if (statement.kind === "counter") {
      states[2 * i]! -= statement.packets;
      states[2 * i + 1]! -= statement.bytes;
    } else if (statement.kind === "quota") states[2 * i]! -= statement.used;
  }
}
