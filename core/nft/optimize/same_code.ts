import type { Expression } from "../../expr/expression.ts";
import type { SetElement, Table } from "../../ruleset/ruleset.ts";
import type { SetLiteral } from "../tree/typed.ts";

/**
 * Whether a rule read back from its listing is the same code. Sets written in rules have other names then, so it is
 * their elements that are compared.
 */
export function sameCode(
  rule: readonly Expression[],
  again: readonly Expression[],
  table: Table,
  literals: ReadonlyMap<string, SetLiteral>,
): boolean {
  if (rule.length !== again.length) return false;
  const known = (name: string) => {
    const set = table.sets.get(name);
    return set?.anonymous === true ? elementsText(set.elements.values()) : name;
  };
  const fresh = (name: string) => {
    const literal = literals.get(name);
    return literal === undefined ? name : elementsText(literal.elements);
  };
  return rule.every((expression, at) => codeText(expression, known) === codeText(again[at]!, fresh));
}

const codeText = (expression: Expression, nameOf: (name: string) => string): string =>
  JSON.stringify(
    "set" in expression ? { ...expression, set: nameOf(expression.set) } : expression,
    (_, value) => value instanceof Uint8Array ? bytesText(value) : value,
  );

const bytesText = (bytes: Uint8Array): string => bytes.join(".");

function elementsText(elements: Iterable<SetElement>): string {
  const texts: string[] = [];
  for (const { key, end, catchall, data, verdict, object, timeout, comment } of elements) {
    texts.push([
      bytesText(key),
      bytesText(end ?? key),
      catchall === true ? "*" : "",
      data === undefined ? "" : bytesText(data),
      verdict === undefined ? "" : JSON.stringify(verdict),
      object ?? "",
      timeout ?? "",
      comment ?? "",
    ].join(" "));
  }
  return [...new Set(texts)].sort().join(",");
}
