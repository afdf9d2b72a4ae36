import { declaredStatements, elementStatements, uncounted } from "../element_statements.ts";
import type { SetDefinition, SetElement } from "../ruleset.ts";
import { initialState } from "../state.ts";
import type { SetImage } from "./image.ts";
import type { LiveStore } from "./live.ts";

type States = Pick<SetImage, "places" | "states" | "cells" | "initial">;

const ownStatements = (element: SetElement) => element.statements ?? element.counter;

/** What elements do, and where their state is. */
export function stateOf(set: SetDefinition, elements: readonly SetElement[], live: LiveStore): States {
  const declared = declaredStatements(set);
  if (declared.length === 0 && elements.every((e) => ownStatements(e) === undefined)) return STATELESS;
  let states = declared.length;
  for (const element of elements) {
    if (ownStatements(element) !== undefined) {
      states = Math.max(states, elementStatements(set, element).length);
    }
  }
  const places = new Int32Array(elements.length), changing = set.live > 0;
  const cells = new Int32Array(changing ? 0 : elements.length * states).fill(-1);
  const initial = new Float64Array(changing ? elements.length * states * 2 : 0);
  const all = { places, states, cells, initial }, common = live.statements.place(uncounted(declared));
  for (const [row, element] of elements.entries()) writeState(all, set, element, row, live, common);
  return all;
}

/** The state of one row; `common` is the place of what the set declares. */
export function writeState(
  { places, states, cells, initial }: States,
  set: SetDefinition,
  element: SetElement,
  row: number,
  live: LiveStore,
  common = live.statements.place(uncounted(declaredStatements(set))),
): void {
  const statements = elementStatements(set, element);
  places[row] = ownStatements(element) === undefined ? common : live.statements.place(uncounted(statements));
  if (set.live === 0) {
    cells.set(element.cells ?? [element.cell ?? -1], row * states);
    return;
  }
  for (const [i, statement] of statements.entries()) {
    initial.set(initialState(statement) ?? [0, 0], 2 * (row * states + i));
  }
}

/** Whether a row with this element fits among rows made before. */
export const stateFits = ({ places, states }: States, set: SetDefinition, element: SetElement): boolean =>
  places.length === 0
    ? ownStatements(element) === undefined
    : ownStatements(element) === undefined || elementStatements(set, element).length <= states;

const STATELESS = {
  places: new Int32Array(0),
  states: 0,
  cells: new Int32Array(0),
  initial: new Float64Array(0),
};
