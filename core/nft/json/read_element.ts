import type { ElementNode, StatementNode } from "../tree/tree.ts";
import { isObject, member, type Reading } from "./document.ts";
import type { Json } from "./json.ts";
import { readExpression, readMember } from "./read_expression.ts";
import { counts, readStateful } from "./read_stateful.ts";

/** An element: a key, `{ "elem": { "val": key, ... } }`, or `[key, data]` of a map. */
export function readElement(r: Reading, value: Json, around: Json): ElementNode {
  if (!Array.isArray(value)) return keyOf(r, value, around);
  const [key, data, ...more] = value as Json[];
  if (key === undefined || data === undefined || more.length > 0) {
    r.fail(value, "a mapping is a key and its data");
  }
  const element = keyOf(r, key, value);
  return { ...element, data: readExpression(r, data, value), span: r.span(value) };
}

function keyOf(r: Reading, value: Json, around: Json): ElementNode {
  const wrapped = isObject(value) ? member(value, "elem") : undefined;
  if (wrapped === undefined) return { key: readExpression(r, value, around), span: r.span(value, around) };
  const elem = r.object(wrapped, "elem", value);
  const timeout = r.optionalNumber(elem, "timeout"), expires = r.optionalNumber(elem, "expires");
  const comment = r.optionalText(elem, "comment");
  const counter = member(elem, "counter");
  const statements = STATES.flatMap((name): StatementNode[] => {
    const body = member(elem, name);
    return body === undefined ? [] : [readStateful(r, body, elem, name)];
  });
  return {
    key: readMember(r, elem, "val"),
    ...(timeout === undefined ? {} : { timeout: BigInt(timeout) * 1000n }),
    ...(expires === undefined ? {} : { expires: BigInt(expires) * 1000n }),
    ...(comment === undefined ? {} : { comment }),
    ...(counter === undefined ? {} : { counter: counts(r, counter) }),
    ...(statements.length === 0 ? {} : { statements }),
    span: r.span(value),
  };
}

const STATES = ["limit", "quota", "ct count", "last"];
