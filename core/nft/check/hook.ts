import type { Family } from "../../ruleset/ruleset.ts";
import { priorityNames, priorityValue } from "../priority.ts";
import { refuse } from "../text/diagnostic.ts";
import type { Name, PriorityNode } from "../tree/command.ts";
import type { Node } from "../tree/tree.ts";
import { parseNumber } from "../types.ts";

/** Devices a chain or flowtable is hooked to. */
export function deviceNames(node: Node): string[] {
  if (node.kind === "variable") return deviceNames(node.value);
  if (node.kind === "set") return node.elements.flatMap((element) => deviceNames(element.key));
  return node.kind === "symbol" ? [node.text] : refuse(node.span, "the name of a device was expected here");
}

/** The number of a priority written as a name, a number or both. */
export function priorityIn(family: Family, hook: string, priority: PriorityNode, message: string): number {
  const base = baseName(priority);
  if (base === undefined) return priority.offset;
  const number = /^-?\d+$/.test(base.text) ? Number(base.text) : undefined;
  const value = number ?? priorityValue(family, hook, base.text);
  if (value === undefined) {
    return refuse(priority.span, message, [], [
      `names here: ${priorityNames(family).join(", ")}; or a number`,
    ]);
  }
  return value + priority.offset;
}

function baseName(priority: PriorityNode): Name | undefined {
  if (priority.base !== undefined) return priority.base;
  const node = priority.baseVariable;
  if (node === undefined) return undefined;
  const value = node.kind === "variable" ? node.value : node;
  if (value.kind !== "symbol") return refuse(node.span, "a priority was expected here");
  const number = parseNumber(value.text);
  return { text: number === undefined ? value.text : number.toString(), span: node.span };
}
