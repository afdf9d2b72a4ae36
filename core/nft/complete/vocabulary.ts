import { PROTOCOLS as PROTOCOL_NAMES } from "../datatype/protocol_names.ts";
import { inetProtocolType, inetServiceType } from "../datatype/protocol.ts";
import { SERVICES } from "../datatype/service_names.ts";
import { features } from "../features.ts";
import { HEAD_WORDS } from "../parse/head.ts";
import { RESERVED } from "../text/words.ts";
import { type DataType, isText } from "../types.ts";

export interface Vocabulary {
  /** Every word of the grammar and the descriptors. */
  readonly all: ReadonlySet<string>;
  /** Names of fields that are several words. */
  readonly phrases: readonly string[];
  /** First words of statements. */
  readonly statements: ReadonlySet<string>;
  /** First words of what a rule may look at. */
  readonly heads: ReadonlySet<string>;
}

let known: Vocabulary | undefined;

/** The language's words, from its descriptors; gathered once. */
export function vocabulary(): Vocabulary {
  if (known !== undefined) return known;
  const { fields, statements } = features();
  const first = (text: string): string => text.split(" ")[0]!;
  const heads = new Set([...HEAD_WORDS, ...fields.map((field) => first(field.group))]);
  const begins = new Set(
    statements.map((row) => first(row.syntax)).filter((word) => /^[a-z]/.test(word)).flatMap((word) =>
      word.split("|")
    ),
  );
  known = {
    all: new Set([...RESERVED, ...heads, ...begins, ...fields.flatMap((field) => field.name.split(" "))]),
    phrases: fields.map((field) => field.name.slice(field.group.length + 1)).filter((name) =>
      name.includes(" ")
    ),
    statements: begins,
    heads,
  };
  return known;
}

/** Names of values of a type, in its own order, with those of the types it rests on. */
export function valueNames(type: DataType, interfaces: readonly string[]): string[] {
  if (type.name === "iface_index" || type.name === "ifname") return [...interfaces];
  if (type.name === inetProtocolType.name) return PROTOCOL_NAMES.map(([name]) => name);
  if (type.name === inetServiceType.name) return SERVICES.map(([name]) => name);
  if (type.symbols !== undefined) return type.symbols.map(([name]) => name);
  return type.base === undefined || isText(type) ? [] : valueNames(type.base, interfaces);
}
