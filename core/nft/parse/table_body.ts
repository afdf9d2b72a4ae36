import type { Cursor } from "../text/cursor.ts";
import type { ChainBody, Command, Name, TableBody, TableRef } from "../tree/command.ts";
import type { Node } from "../tree/tree.ts";
import { parseBlock } from "./block.ts";
import { comment } from "./element.ts";
import { parseHook } from "./hook.ts";
import type { IncludeContext } from "./include.ts";
import { name } from "./named.ts";
import { OBJECT_WORDS, objectType, parseObjectBody } from "./object.ts";
import { passRule } from "./passed.ts";
import { parseSetBody } from "./set_body.ts";
import { parseVariable } from "./variable.ts";

/** What stands in the braces of a table. */
export function parseTableBody(c: Cursor, context: IncludeContext, table: TableRef): TableBody {
  const flags: Name[] = [];
  const commands: Command[] = [];
  let text: string | undefined;
  parseBlock(c, context, () => {
    const start = c.at;
    const word = c.isWord() ? c.text() : "";
    if (word === "comment") {
      c.take();
      text = comment(c);
    } else if (word === "flags") {
      c.take();
      do flags.push(name(c, "a name")); while (c.skip(","));
    } else if (word === "chain") {
      c.take();
      const chain = name(c, "a name");
      const body = parseChainBody(c, context);
      commands.push({ kind: "chain", verb: "add", table, chain, body, span: chain.span });
    } else if (word === "set" || word === "map") {
      c.take();
      const set = name(c, "a name");
      const body = parseSetBody(c, context, word === "map");
      commands.push({
        kind: "set",
        verb: "add",
        table,
        set,
        map: word === "map",
        body,
        span: c.since(start),
      });
    } else if (OBJECT_WORDS.includes(word) || ["flowtable", "secmark", "synproxy"].includes(word)) {
      const type = objectType(c);
      const object = name(c, "a name");
      const body = parseObjectBody(c, type);
      commands.push({ kind: "object", verb: "add", type, table, object, body, span: c.since(start) });
    } else c.unexpected("expected chain, set, map, counter, quota, limit, flowtable, flags or comment");
  });
  return { flags, commands, ...(text === undefined ? {} : { comment: text }) };
}

/** What stands in the braces of a chain. */
export function parseChainBody(c: Cursor, context: IncludeContext): ChainBody {
  const body: ChainBody = { rules: [] };
  parseBlock(c, context, () => {
    if (c.is("type") && c.isWord(1)) body.hook = parseHook(c);
    else if (c.is("policy")) {
      c.take();
      const at = c.span();
      const value = c.is("$") ? parseVariable(c) : verdictWord(c);
      body.policy = { value, span: at };
    } else if (c.is("comment")) {
      c.take();
      body.comment = comment(c);
    } else if (c.is("flags") && c.is("offload", 1)) {
      c.take();
      c.take();
    } else body.rules.push(passRule(c));
  });
  return body;
}

function verdictWord(c: Cursor): Node {
  const span = c.span();
  if (!c.is("accept") && !c.is("drop")) c.unexpected("expected accept or drop");
  return { kind: "symbol", text: c.take(), quoted: false, span };
}
