import type {
  ChainBody,
  Command,
  HookNode,
  Name,
  PriorityNode,
  TableBody,
  TableRef,
} from "../tree/command.ts";
import type { Cursor } from "../text/cursor.ts";
import { refuse } from "../text/diagnostic.ts";
import { comment } from "./element.ts";
import { parsePrimary, parseSet } from "./expression.ts";
import { type IncludeContext, parseInclude } from "./include.ts";
import { OBJECT_WORDS, objectType, parseObjectBody } from "./object.ts";
import { parseRule } from "./rule.ts";
import { parseSetBody } from "./set_body.ts";
import { parseDefine, parseVariable } from "./variable.ts";
import { type Ending, recover } from "../text/recover.ts";
import { Scope } from "./scope.ts";
import { NUMBER } from "../text/token.ts";
import type { Node } from "../tree/tree.ts";

/** `{ ... }` with statements apart by newlines or semicolons, in a scope of its own. */
export function parseBlock(c: Cursor, context: IncludeContext, statement: () => Ending): void {
  c.deeper(() => {
    c.expect("{");
    const outer = c.scope;
    c.scope = new Scope(outer);
    for (;;) {
      c.skipSeparators();
      if (c.skip("}")) break;
      recover(c, () => {
        if (c.is("include")) return parseInclude(c, context);
        if (c.is("define") || c.is("redefine") || c.is("undefine")) parseDefine(c);
        else return statement();
      });
    }
    c.scope = outer;
  });
}

export function parseTableBody(c: Cursor, context: IncludeContext, table: TableRef): TableBody {
  const flags: string[] = [];
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
      do flags.push(c.name("a flag")); while (c.skip(","));
    } else if (word === "chain") {
      c.take();
      const chain = nameOf(c);
      const body = parseChainBody(c, context);
      commands.push({ kind: "chain", verb: "add", table, chain, body, span: c.since(start) });
    } else if (word === "set" || word === "map") {
      c.take();
      const set = nameOf(c);
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
      const object = nameOf(c);
      const body = parseObjectBody(c, type);
      commands.push({ kind: "object", verb: "add", type, table, object, body, span: c.since(start) });
    } else c.unexpected("expected chain, set, map, counter, quota, limit, flowtable, flags or comment");
  });
  return { flags, commands, ...(text === undefined ? {} : { comment: text }) };
}

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
    } else body.rules.push(parseRule(c));
  });
  return body;
}

function verdictWord(c: Cursor): Node {
  const span = c.span();
  if (!c.is("accept") && !c.is("drop")) c.unexpected("expected accept or drop");
  return { kind: "symbol", text: c.take(), quoted: false, span };
}

/** `type filter hook input [device eth0] priority filter + 10`. */
function parseHook(c: Cursor): HookNode {
  c.expect("type");
  const type = nameOf(c);
  if (!["filter", "nat", "route"].includes(type.text)) {
    refuse(type.span, "unknown chain type", [], ["types are filter, nat, route"]);
  }
  c.expect("hook");
  const hook = nameOf(c);
  if (!["prerouting", "input", "forward", "output", "postrouting", "ingress", "egress"].includes(hook.text)) {
    refuse(hook.span, `unknown chain hook`, [], [
      "hooks are prerouting, input, forward, output, postrouting, ingress, egress",
    ]);
  }
  const devices: Node[] = [];
  if (c.is("device")) {
    c.take();
    devices.push(parsePrimary(c, "right"));
  } else if (c.is("devices")) {
    c.take();
    c.expect("=");
    devices.push(c.is("{") ? parseSet(c, "right") : parsePrimary(c, "right"));
  }
  const at = c.at;
  c.expect("priority");
  const priority = parsePriority(c);
  return { type, hook, devices, priority: { ...priority, span: c.since(at) } };
}

export function parsePriority(c: Cursor): PriorityNode {
  const start = c.at;
  if (c.is("$")) {
    const baseVariable = parseVariable(c);
    return { baseVariable, offset: signed(c, false), span: c.since(start) };
  }
  if (c.isWord()) {
    const word = c.text();
    // The lexer takes `filter-5` for one word, as names may hold dashes.
    const glued = /^([a-z]+)-(\d+)$/.exec(word);
    const base = nameOf(c);
    if (glued !== null) {
      return { base: { text: glued[1]!, span: base.span }, offset: -Number(glued[2]), span: base.span };
    }
    return { base, offset: signed(c, false), span: c.since(start) };
  }
  return { offset: signed(c, true), span: c.since(start) };
}

function signed(c: Cursor, needed: boolean): number {
  const sign = c.is("-") ? -1 : 1;
  if (c.is("-") || c.is("+")) c.take();
  else if (c.kind() !== NUMBER) return needed ? c.unexpected("expected a priority: a name or a number") : 0;
  return sign * c.number("a priority", 0x7fffffff);
}

function nameOf(c: Cursor): Name {
  const span = c.span();
  return { text: c.name("a name"), span };
}
