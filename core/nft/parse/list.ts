import type { Command, Name } from "../tree/command.ts";
import type { Cursor } from "../text/cursor.ts";
import { QUOTED } from "../text/token.ts";
import { familyOf, name, tableRef } from "./named.ts";

const WHOLE = [
  "ruleset",
  "tables",
  "chains",
  "sets",
  "maps",
  "counters",
  "quotas",
  "limits",
  "flowtables",
  "secmarks",
  "synproxys",
  "meters",
];
const ONE = [
  "table",
  "chain",
  "set",
  "map",
  "counter",
  "quota",
  "limit",
  "flowtable",
  "meter",
  "secmark",
  "synproxy",
];

/** `list ruleset`, `list tables ip`, `list chain ip filter input` ... */
export function parseList(c: Cursor): Command {
  const start = c.at;
  c.expect("list");
  if (c.skip("ct")) {
    const what = `ct ${c.take()}`;
    if (c.skip("table")) {
      const table = tableRef(c);
      return { kind: "list", what, table, span: c.since(start) };
    }
    if (c.atLineEnd()) return { kind: "list", what, span: c.since(start) };
    const table = tableRef(c);
    const named = name(c, "a name");
    return { kind: "list", what, table, name: named, span: c.since(start) };
  }
  const what = c.isWord() ? c.text() : "";
  if (what === "hooks") {
    c.take();
    const family = familyOf(c);
    const device = c.skip("device") ? deviceName(c) : undefined;
    if (!c.atLineEnd()) c.unexpected("expected the end of the command, a family or device NAME");
    return {
      kind: "list",
      what,
      span: c.since(start),
      ...(family === undefined ? {} : { family }),
      ...(device === undefined ? {} : { name: device }),
    };
  }
  if (WHOLE.includes(what)) {
    c.take();
    if (c.is("table") && !["tables", "chains", "ruleset"].includes(what)) {
      c.take();
      const table = tableRef(c);
      return { kind: "list", what, table, span: c.since(start) };
    }
    const family = familyOf(c);
    return { kind: "list", what, span: c.since(start), ...(family === undefined ? {} : { family }) };
  }
  if (!ONE.includes(what)) return c.unexpected(`expected ${[...WHOLE, ...ONE].join(", ")}`);
  c.take();
  const table = tableRef(c);
  if (what === "table") return { kind: "list", what, table, span: c.since(start) };
  const named = name(c, `the name of a ${what}`);
  return { kind: "list", what, table, name: named, span: c.since(start) };
}

/** Names of devices may stand in quotes. */
function deviceName(c: Cursor): Name {
  const span = c.span();
  return c.kind() === QUOTED ? { text: c.take().replaceAll('"', ""), span } : name(c, "the name of a device");
}
