import type { SetDefinition, SetElement, Table } from "../../ruleset/ruleset.ts";
import { elementKey } from "../../ruleset/ruleset.ts";
import { compareBytes } from "../../ruleset/intervals.ts";
import { meeting } from "../../ruleset/meeting.ts";
import type { Command } from "../tree/command.ts";
import { refuse } from "../text/diagnostic.ts";
import type { Execution } from "./execution.ts";
import { documentText, setsOf } from "../json/ruleset.ts";
import { inTable, setPieces } from "../print/list.ts";
import { paddedBits } from "../tree/typed.ts";

/** `get element`: the elements, or the intervals that hold them; answers what was told. */
export function getElements(
  execution: Execution,
  table: Table,
  set: SetDefinition,
  wanted: readonly SetElement[],
  span: Command["span"],
): Iterable<SetElement> {
  const { listing, output } = execution;
  const found = new Map<string, SetElement>(), now = listing.listed?.(set) ?? set;
  for (const element of wanted) {
    const match = holding(now, element);
    if (match === undefined) {
      return refuse(span, "Could not process rule: No such file or directory", [], [
        "the set has no such element",
      ]);
    }
    found.set(elementKey(match), match);
  }
  // What was found is as it is now already.
  const part: SetDefinition = { ...set, elements: found }, asFound = { ...listing, listed: () => part };
  if (execution.json) {
    const alone = { ...table, sets: new Map([[set.name, part]]) };
    output.push(documentText(setsOf(alone, asFound, execution.newest)));
  } else output.stream(inTable(table, [setPieces(part, { ...asFound, terse: false }, table)], listing));
  return found.values();
}

function holding(set: SetDefinition, wanted: SetElement): SetElement | undefined {
  const exact = set.elements.get(elementKey(wanted));
  if (exact !== undefined || !set.interval || wanted.catchall) return exact;
  const near = set.key.bits.length === 1
    ? meeting(set.elements, wanted.key, wanted.end ?? wanted.key)
    : set.elements.values();
  for (const element of near) {
    if (!element.catchall && covers(set, element, wanted)) return element;
  }
  return undefined;
}

/** Component by component: the interval's ends around the wanted ones. */
function covers(set: SetDefinition, element: SetElement, wanted: SetElement): boolean {
  let at = 0;
  return set.key.bits.every((bits) => {
    const end = at + ((bits + 7) >> 3);
    const part = (bytes: Uint8Array) => bytes.subarray(at, end);
    const inside = compareBytes(part(element.key), part(wanted.key)) <= 0 &&
      compareBytes(part(wanted.end ?? wanted.key), part(element.end ?? element.key)) <= 0;
    at += paddedBits(bits) / 8;
    return inside;
  });
}
