import { DATA_TYPES } from "../datatype/registry.ts";
import { typeOf } from "../describe.ts";
import type { Command } from "../tree/command.ts";
import type { Node } from "../tree/tree.ts";
import type { DataType, TypeContext } from "../types.ts";

/** Types of the members of a concatenation; of anything else one. Empty: not known. */
type Expected = readonly DataType[];

/** What completion knows of a named set: its key's types, and its data's. */
export interface SetTypes {
  (
    family: string,
    table: string,
    set: string,
  ): { readonly key: Expected; readonly data: Expected } | undefined;
}

/** The type of the symbol `word` where the commands hold it: what it is compared with, looked up in or set to. */
export function expectedType(
  commands: readonly Command[],
  word: string,
  types: TypeContext,
  sets: SetTypes,
): DataType | undefined {
  let found: DataType | undefined;
  const look = (value: unknown, expected: Expected): boolean => {
    if (Array.isArray(value)) return value.some((item) => look(item, expected));
    if (typeof value !== "object" || value === null) return false;
    if ("kind" in value) return lookNode(value as Node, expected);
    return Object.entries(value).some(([name, part]) => name !== "span" && look(part, expected));
  };
  const each = (parts: readonly (readonly [unknown, Expected])[]): boolean =>
    parts.some(([part, expected]) => look(part, expected));
  const lookNode = (node: Node | Command | { kind: string }, expected: Expected): boolean => {
    if (node.kind === "symbol") {
      if ((node as { text: string }).text !== word) return false;
      found = expected[0];
      return true;
    }
    const of = node as unknown as Record<string, Node>;
    switch (node.kind) {
      case "match": {
        const type = typesOf(of.left!, types);
        return each([[of.left, []], [of.right, type], [of.mask, type]]);
      }
      case "set value":
        return look(of.value, typesOf(of.target!, types));
      case "verdict map":
        return look(of.map, []);
      case "map":
        return each([[of.key, []], [elementsOf(of.mapping!), typesOf(of.key!, types)], [
          dataOf(of.mapping!),
          expected,
        ]]);
      case "concatenation":
        return (node as { parts: Node[] }).parts.some((part, index) =>
          look(part, expected.slice(index, index + 1))
        );
      case "binary":
        return each([[of.left, expected], [
          of.right,
          expected.length > 0 ? expected : typesOf(of.left!, types),
        ]]);
      case "reject": {
        const type = DATA_TYPES.get(`${(node as { how?: string }).how}_code`);
        return look(of.code, type === undefined ? [] : [type]);
      }
      case "set update": {
        const { element } = node as unknown as { element: { key: Node } };
        return look(of.set, []) || look(element.key, []);
      }
      case "element": {
        const { table, set } = node as Extract<Command, { kind: "element" }>;
        const known = sets(table.family, table.name, set.text);
        return each([[elementsOf(of.elements!), known?.key ?? []], [
          dataOf(of.elements!),
          known?.data ?? [],
        ]]);
      }
    }
    return Object.entries(node).some(([name, part]) =>
      !["span", "opSpan", "kind"].includes(name) && look(part, expected)
    );
  };
  look(commands, []);
  return found;
}

/** Keys of a written set or map; the node itself where it is something else. */
const elementsOf = (node: Node): unknown =>
  node.kind === "set" ? node.elements.map((element) => element.key) : node;
const dataOf = (node: Node): unknown =>
  node.kind === "set" ? node.elements.map((element) => element.data) : [];

/** Types of an expression by itself, of its first operand where it is an operation. */
function typesOf(node: Node, types: TypeContext): Expected {
  if (node.kind === "concatenation") return node.parts.flatMap((part) => typesOf(part, types));
  if (node.kind === "binary") return typesOf(node.left, types);
  const found = typeOf(node, types);
  return found === undefined ? [] : [found.type];
}
