/** Values of JSON, and how nft writes them: a space behind commas and colons, nothing escaped without need. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

export function jsonText(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(jsonText).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([key, inner]) => `${JSON.stringify(key)}: ${jsonText(inner)}`);
  return `{${members.join(", ")}}`;
}

/** One value stands for itself, several for a list of them. */
export const oneOrMany = (values: readonly Json[]): Json => (values.length === 1 ? values[0]! : values);
