import { DATA_TYPES } from "../datatype/registry.ts";
import type { DataType } from "../types.ts";

/** Something of a ruleset that has a name. */
export interface NamedObject {
  /** As JSON calls it: table, chain, set, map, flowtable, counter ... */
  readonly kind: string;
  readonly family: string;
  /** Of a table its own name. */
  readonly table: string;
  readonly name: string;
  /** Names of datatypes: of a set its key's, of a map its key's and its data's. */
  readonly key?: readonly string[];
  readonly data?: readonly string[];
}

/** Commands whose listings as JSON, without elements, tell every name. */
export const NAME_LISTINGS: readonly string[] = [
  "tables",
  "chains",
  "sets",
  "maps",
  "flowtables",
  "counters",
  "quotas",
  "limits",
  "secmarks",
  "synproxys",
].map((kind) => `list ${kind}`);

/** The names in listings as JSON, one document a line. What is no listing names nothing. */
export function namesOfListing(text: string): NamedObject[] {
  const names = new Map<string, NamedObject>();
  for (const line of text.split("\n")) {
    for (const entry of entriesOf(line)) {
      const [kind, object] = Object.entries(entry)[0] ?? [];
      if (kind === undefined || kind === "metainfo" || typeof object !== "object" || object === null) {
        continue;
      }
      const { family, name, table, type, map } = object as Record<string, unknown>;
      if (typeof family !== "string" || typeof name !== "string") continue;
      const found: NamedObject = {
        kind,
        family,
        name,
        table: typeof table === "string" ? table : name,
        ...(type === undefined ? {} : { key: words(type) }),
        ...(map === undefined ? {} : { data: words(map) }),
      };
      names.set(`${kind} ${found.family} ${found.table} ${name}`, found);
    }
  }
  return [...names.values()];
}

function entriesOf(line: string): object[] {
  try {
    const { nftables } = JSON.parse(line) as { nftables?: unknown };
    return Array.isArray(nftables)
      ? nftables.filter((entry) => typeof entry === "object" && entry !== null)
      : [];
  } catch {
    return [];
  }
}

const words = (value: unknown): string[] =>
  (Array.isArray(value) ? value : [value]).filter((word) => typeof word === "string");

export const typesNamed = (names: readonly string[] = []): DataType[] =>
  names.flatMap((name) => DATA_TYPES.get(name) ?? []);
