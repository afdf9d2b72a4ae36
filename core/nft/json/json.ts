/** Values of JSON, and how nft writes them: a space behind commas and colons, nothing escaped without need. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

export function jsonText(value: Json): string {
  const parts: string[] = [];
  put(value, parts);
  return parts.join("");
}

/** Joined once: strings put together piece by piece are trees until somebody reads them, and live long in a listing. */
function put(value: Json, parts: string[]): void {
  if (typeof value === "string") return void parts.push(quoted(value));
  if (typeof value !== "object" || value === null) return void parts.push(JSON.stringify(value));
  let separator = "";
  if (Array.isArray(value)) {
    parts.push("[");
    for (const inner of value) {
      if (separator !== "") parts.push(separator);
      put(inner, parts);
      separator = ", ";
    }
    return void parts.push("]");
  }
  const members = value as JsonObject;
  parts.push("{");
  for (const key in members) {
    parts.push(separator, quoted(key), ": ");
    put(members[key]!, parts);
    separator = ", ";
  }
  parts.push("}");
}

/** What needs no escape is most of it. */
const PLAIN = /^[ !#-[\]-~]*$/;
const quoted = (text: string): string => (PLAIN.test(text) ? `"${text}"` : JSON.stringify(text));

/** One value stands for itself, several for a list of them. */
export const oneOrMany = (values: readonly Json[]): Json => (values.length === 1 ? values[0]! : values);
