import type { Command, Position, Verb } from "../tree/command.ts";
import type { Cursor } from "../text/cursor.ts";
import { parseChainBody, parseTableBody } from "./table_body.ts";
import { parseExpression, parsePrimary, parseSet } from "./expression.ts";
import type { IncludeContext } from "./include.ts";
import { FAMILIES, familyOf, handleName, name, tableRef } from "./named.ts";
import { OBJECT_WORDS, objectType, parseObjectBody, parseObjectInline } from "./object.ts";
import { parseList } from "./list.ts";
import { parseMonitor } from "./monitor.ts";
import { parseReset, parseTransfer } from "./reset.ts";
import { passRule } from "./passed.ts";
import { parseSetBody } from "./set_body.ts";
import { parseDefine } from "./define.ts";
import { NUMBER } from "../text/token.ts";
import { RESERVED } from "../text/words.ts";

const VERBS = ["add", "create", "insert", "replace", "delete", "flush", "reset", "get", "destroy"] as const;
const KINDS = ["table", "chain", "rule", "set", "map", "element", "flowtable", "secmark", "synproxy"];

/** One command; undefined for those that only change what is read (`define`). */
export function parseCommand(c: Cursor, context: IncludeContext): Command | undefined {
  if (c.is("define") || c.is("redefine") || c.is("undefine")) {
    parseDefine(c);
    return undefined;
  }
  const start = c.at;
  if (c.is("list")) return parseList(c);
  if (c.is("reset")) return parseReset(c);
  if (c.is("monitor")) return parseMonitor(c);
  if (c.is("export") || c.is("import")) return parseTransfer(c);
  if (c.is("describe")) {
    c.take();
    const node = parsePrimary(c, "left");
    if (!c.atLineEnd()) c.unexpected("expected the end of the command");
    return { kind: "describe", node, span: c.since(start) };
  }
  if (c.is("rename")) {
    c.take();
    c.expect("chain");
    const table = tableRef(c);
    const chain = name(c, "the name of a chain");
    const to = name(c, "the new name of the chain");
    return { kind: "rename", table, chain, to, span: c.since(start) };
  }
  const verb: Verb = VERBS.find((word) => c.is(word) && (c.newest || word !== "destroy")) ?? "add";
  if (!c.newest && c.is("destroy") && KINDS.includes(c.text(1))) {
    c.take();
    c.unexpected("destroy came after nft 1.0.6: write delete");
  }
  const written = c.is(verb);
  if (written) c.take();
  if (verb === "flush" && c.is("ruleset")) {
    c.take();
    const family = familyOf(c);
    return { kind: "ruleset", verb, span: c.since(start), ...(family === undefined ? {} : { family }) };
  }
  return parseVerb(c, context, verb, start, written);
}

function parseVerb(c: Cursor, context: IncludeContext, verb: Verb, start: number, written: boolean): Command {
  const word = c.isWord() ? c.text() : "";
  if (OBJECT_WORDS.includes(word)) return object(c, verb, start);
  if (!KINDS.includes(word)) {
    // `filter input accept`: a rule without a word before it.
    const known = FAMILIES.some((family) => c.is(family)) || (c.isWord() && (written || !RESERVED.has(word)));
    if (!known || (verb !== "add" && verb !== "insert" && verb !== "replace")) {
      return c.unexpected(
        "commands: add, create, insert, replace, delete, list, flush, rename, define, include",
      );
    }
    return ruleCommand(c, verb, start);
  }
  if (word === "flowtable" || word === "secmark" || word === "synproxy") return object(c, verb, start);
  c.take();
  switch (word) {
    case "table": {
      const table = tableRef(c, verb === "delete" || verb === "destroy");
      const body = c.is("{") ? parseTableBody(c, context, table) : undefined;
      return { kind: "table", verb, table, span: c.since(start), ...(body === undefined ? {} : { body }) };
    }
    case "chain": {
      const table = tableRef(c);
      const chain = verb === "delete" && c.is("handle") ? handleName(c) : name(c, "the name of a chain");
      const body = c.is("{") ? parseChainBody(c, context) : undefined;
      return {
        kind: "chain",
        verb,
        table,
        chain,
        span: c.since(start),
        ...(body === undefined ? {} : { body }),
      };
    }
    case "rule":
      return ruleCommand(c, verb, start);
    case "element": {
      const table = tableRef(c);
      const set = name(c, "the name of a set");
      const elements = c.is("{") ? parseSet(c, "right") : parseExpression(c, "right");
      return { kind: "element", verb, table, set, elements, span: c.since(start) };
    }
    default: {
      const table = tableRef(c);
      const set = verb === "delete" && c.is("handle") ? handleName(c) : name(c, "the name of a set");
      if ((verb === "add" || verb === "create") && !c.is("{")) c.unexpected("expected '{'");
      const body = c.is("{") ? parseSetBody(c, context, word === "map") : undefined;
      const map = word === "map";
      return {
        kind: "set",
        verb,
        table,
        set,
        map,
        span: c.since(start),
        ...(body === undefined ? {} : { body }),
      };
    }
  }
}

function ruleCommand(c: Cursor, verb: Verb, start: number): Command {
  const table = tableRef(c);
  const chain = name(c, "the name of a chain");
  const position = positionOf(c);
  if (verb === "delete" || verb === "destroy") {
    if (position === undefined) c.unexpected("expected handle N");
    return { kind: "rule", verb, table, chain, position, span: c.since(start) };
  }
  const rule = passRule(c);
  return {
    kind: "rule",
    verb,
    table,
    chain,
    rule,
    span: c.since(start),
    ...(position === undefined ? {} : { position }),
  };
}

function positionOf(c: Cursor): Position | undefined {
  const kind = (["handle", "index", "position"] as const).find((word) => c.is(word));
  if (kind === undefined || c.kind(1) !== NUMBER) return undefined;
  const start = c.at;
  c.take();
  const span = c.span();
  const value = c.number("a number");
  return { kind, value, span: kind === "handle" ? span : c.since(start) };
}

function object(c: Cursor, verb: Verb, start: number): Command {
  const type = objectType(c);
  const table = tableRef(c);
  const named = name(c, "a name");
  const body = c.is("{") ? parseObjectBody(c, type) : parseObjectInline(c, type);
  return {
    kind: "object",
    verb,
    type,
    table,
    object: named,
    span: c.since(start),
    ...(body === undefined ? {} : { body }),
  };
}
