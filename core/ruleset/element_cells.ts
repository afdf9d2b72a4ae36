import type { DraftSet } from "./draft.ts";
import type { ElementContext } from "./element_context.ts";
import { elementStatements } from "./element_statements.ts";
import type { SetElement } from "./ruleset.ts";
import { initialState } from "./state.ts";

/** Cells for an element's statements with their first values; undefined when the store is full. */
export function takeCells(
  set: DraftSet,
  element: SetElement,
  context: ElementContext,
): Pick<SetElement, "cell" | "cells"> | undefined {
  const statements = elementStatements(set, element);
  // Sets that rules change keep the state of their elements themselves.
  if (statements.length === 0 || set.live > 0) return { cell: -1 };
  const cells = statements.map((statement) => context.allocate(...(initialState(statement) ?? [0, 0])));
  if (cells.includes(-1)) {
    for (const cell of cells) context.free(cell);
    return undefined;
  }
  return cells.length === 1 ? { cell: cells[0]! } : { cell: cells[0]!, cells };
}

export function freeCells(element: SetElement, context: Pick<ElementContext, "free">): void {
  for (const cell of element.cells ?? [element.cell ?? -1]) context.free(cell);
}
