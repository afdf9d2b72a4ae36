import type { Command } from "../tree/command.ts";
import type { Cursor } from "../text/cursor.ts";
import { END } from "../text/token.ts";
import { parseExpression, parseSet } from "./expression.ts";
import { refuse } from "../text/diagnostic.ts";
import { familyOf, name, tableRef } from "./named.ts";

const ALL = ["counters", "quotas"] as const;

/** `reset counter|quota TABLE NAME`, `reset counters|quotas [FAMILY | table TABLE]`, `reset rule(s) ...`,
 * `reset set|map TABLE NAME`, `reset element TABLE SET { ... }`. */
export function parseReset(c: Cursor): Command {
  const start = c.at;
  c.expect("reset");
  const what = ALL.find((word) => c.is(word));
  if (what !== undefined) {
    c.take();
    if (c.skip("table")) return { kind: "reset all", what, table: tableRef(c), span: c.since(start) };
    const family = familyOf(c);
    return { kind: "reset all", what, ...(family === undefined ? {} : { family }), span: c.since(start) };
  }
  if (c.newest && (c.is("rules") || c.is("rule"))) return rules(c, start);
  if (c.newest && (c.is("set") || c.is("map"))) {
    const map = c.take() === "map",
      table = tableRef(c),
      set = name(c, map ? "the name of a map" : "the name of a set");
    return { kind: "set", verb: "reset", table, set, map, span: c.since(start) };
  }
  if (c.newest && c.skip("element")) {
    const table = tableRef(c), set = name(c, "the name of a set");
    const elements = c.is("{") ? parseSet(c, "right") : parseExpression(c, "right");
    return { kind: "element", verb: "reset", table, set, elements, span: c.since(start) };
  }
  if (!c.is("counter") && !c.is("quota")) {
    return c.unexpected("expected counter, quota, rule, set, map or element");
  }
  const type = c.take() as "counter" | "quota";
  const table = tableRef(c);
  const object = name(c, `the name of a ${type}`);
  return { kind: "object", verb: "reset", type, table, object, span: c.since(start) };
}

/** `reset rules [FAMILY | [table] T | [chain] T C]`, `reset rule T C handle N`. */
function rules(c: Cursor, start: number): Command {
  if (c.take() === "rule") {
    const table = tableRef(c), chain = name(c, "the name of a chain");
    const at = c.span();
    c.expect("handle");
    const value = c.number("a handle");
    const position = { kind: "handle" as const, value, span: at };
    return { kind: "rule", verb: "reset", table, chain, position, span: c.since(start) };
  }
  const all = { kind: "reset all" as const, what: "rules" as const };
  if (c.skip("chain")) {
    const table = tableRef(c), chain = name(c, "the name of a chain");
    return { ...all, table, chain, span: c.since(start) };
  }
  if (c.skip("table")) return { ...all, table: tableRef(c), span: c.since(start) };
  const family = familyOf(c);
  if (c.atLineEnd()) return { ...all, ...(family === undefined ? {} : { family }), span: c.since(start) };
  const table = { ...tableRef(c), ...(family === undefined ? {} : { family }) };
  if (c.atLineEnd()) return { ...all, table, span: c.since(start) };
  return { ...all, table, chain: name(c, "the name of a chain"), span: c.since(start) };
}

/** `export` and `import` are words of the grammar and no more. */
export function parseTransfer(c: Cursor): Command {
  const start = c.at;
  const word = c.take();
  if (word === "export" && c.is("ruleset")) c.take();
  if (!["xml", "json", "vm"].includes(c.text())) return c.unexpected("expected json, xml or vm");
  while (!c.atLineEnd()) c.take();
  const span = c.since(start);
  return refuse(
    c.kind() === END ? span : { ...span, end: span.end + 1 },
    word === "export"
      ? "JSON export is no longer supported, use 'nft -j list ruleset' instead"
      : "Could not process rule: Operation not supported",
  );
}
