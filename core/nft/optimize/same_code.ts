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
  return rule.every((expression, at) => sameExpression(expression, again[at]!, known, fresh));
}

type NameOf = (name: string) => string;

function sameExpression(a: Expression, b: Expression, known: NameOf, fresh: NameOf): boolean {
  // Expressions many rules have in common are one object.
  if (a === b) return true;
  if (!("set" in a)) return sameValue(a, b);
  if (!("set" in b)) return false;
  return known(a.set) === fresh(b.set) && sameValue({ ...a, set: "" }, { ...b, set: "" });
}

/** Plain values, lists, objects and bytes; a member that is not set is as one that is not there. */
function sameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (a instanceof Uint8Array || b instanceof Uint8Array) {
    return a instanceof Uint8Array && b instanceof Uint8Array && sameBytes(a, b);
  }
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const left = a as Readonly<Record<string, unknown>>, right = b as Readonly<Record<string, unknown>>;
  for (const key in left) if (!sameValue(left[key], right[key])) return false;
  for (const key in right) if (right[key] !== undefined && left[key] === undefined) return false;
  return true;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

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
