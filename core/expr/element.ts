import type { MachineState } from "../classify/state.ts";
import type { PacketBatch } from "../packet/batch.ts";
import {
  MOST_STATEMENTS,
  STATEMENT_COUNTER,
  STATEMENT_LAST,
  STATEMENT_LIMIT,
  STATEMENT_QUOTA,
  STATEMENT_WORDS,
} from "../ruleset/sets/programs.ts";
import type { SetTable } from "../ruleset/sets/table.ts";
import { overQuota, withinLimit } from "./limit.ts";

/**
 * What elements do when they are found or added (nft_set_elem_update_expr): every statement in turn, until one does
 * not match. Their state is in the cells, or with the elements of a set that rules change. Answers false for
 * NFT_BREAK: the rule does not match.
 */
export function runElement(
  state: MachineState,
  set: SetTable,
  found: number,
  bytes: number,
  batch: PacketBatch,
  row: number,
): boolean {
  const place = set.places.length === 0 ? 0 : set.places[found]!;
  if (place === 0) return true;
  const statements = state.statements, count = statements[place]!, live = set.states.length > 0;
  for (let i = 0; i < count; i++) {
    const at = place + 1 + i * STATEMENT_WORDS;
    const matches = live
      ? runStatement(state, at, set.states, 2 * (found * MOST_STATEMENTS + i), bytes, batch, row)
      : runStatement(state, at, state.cells, set.cells[found * set.stride + i]!, bytes, batch, row);
    if (!matches) return false;
  }
  return true;
}

/** The object an element of a map leads to (nft_objref_map_eval); its data are the statement's place and its cell. */
export function runObject(
  state: MachineState,
  set: SetTable,
  found: number,
  bytes: number,
  batch: PacketBatch,
  row: number,
): boolean {
  const place = set.data[2 * found]!;
  return place === 0 ||
    runStatement(state, place + 1, state.cells, set.data[2 * found + 1]!, bytes, batch, row);
}

/** One statement, its state at `cell` of `cells`. */
function runStatement(
  state: MachineState,
  at: number,
  cells: Float64Array,
  cell: number,
  bytes: number,
  batch: PacketBatch,
  row: number,
): boolean {
  const { statements } = state, kind = statements[at]!, inverted = statements[at + 4] === 1;
  if (kind === STATEMENT_COUNTER) {
    cells[cell]!++;
    cells[cell + 1]! += bytes;
    return true;
  }
  if (kind === STATEMENT_LIMIT) {
    const units = statements[at + 3] === 1 ? bytes : 1;
    return withinLimit(cells, cell, statements, at + 1, units, batch.now) !== inverted;
  }
  if (kind === STATEMENT_LAST) {
    cells[cell] = batch.now;
    cells[cell + 1] = 1;
    return true;
  }
  if (kind === STATEMENT_QUOTA) return overQuota(cells, cell, statements[at + 1]!, bytes) === inverted;
  const flows = state.environment.flows, flow = batch.flow[row]!;
  if (flow < 0 || flows === undefined) return false;
  return (state.connections.join(cells, cell, flow, flows) > statements[at + 1]!) === inverted;
}
