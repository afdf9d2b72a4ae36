import type { Family } from "../../ruleset/ruleset.ts";
import type { Cursor } from "../text/cursor.ts";
import { NUMBER } from "../text/token.ts";
import type { Name, TableRef } from "../tree/command.ts";

export const FAMILIES = ["ip", "ip6", "inet", "arp", "bridge", "netdev"] as const;

/** A family, where one is named. */
export function familyOf(c: Cursor): Family | undefined {
  const family = FAMILIES.find((word) => c.is(word));
  if (family !== undefined) c.take();
  return family;
}

/** `[family] table`, or its handle. */
export function tableRef(c: Cursor, byHandle = false): TableRef {
  const start = c.at;
  const family = familyOf(c) ?? "ip";
  if (byHandle && c.is("handle") && c.kind(1) === NUMBER) {
    c.take();
    const handle = c.number("a handle");
    return { family, name: "", handle, span: c.since(start) };
  }
  const at = c.at;
  const text = c.identifier("the name of a table");
  return { family, name: text, span: c.since(at) };
}

/** A name, and where it stands. */
export function name(c: Cursor, what: string): Name {
  const span = c.span();
  return { text: c.identifier(what), span };
}

/** `handle N` in place of a name. */
export function handleName(c: Cursor): Name {
  const start = c.at;
  c.take();
  const handle = c.number("a handle");
  return { text: `\0${handle}`, span: c.since(start) };
}
