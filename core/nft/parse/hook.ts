import type { Cursor } from "../text/cursor.ts";
import { refuse } from "../text/diagnostic.ts";
import { NUMBER } from "../text/token.ts";
import type { HookNode, PriorityNode } from "../tree/command.ts";
import type { Node } from "../tree/tree.ts";
import { parsePrimary, parseSet } from "./expression.ts";
import { name } from "./named.ts";
import { parseVariable } from "./variable.ts";

/** `type filter hook input [device eth0] priority filter + 10`. */
export function parseHook(c: Cursor): HookNode {
  const start = c.at;
  c.expect("type");
  const type = name(c, "a name");
  if (!["filter", "nat", "route"].includes(type.text)) {
    refuse(type.span, "unknown chain type", [], ["types are filter, nat, route"]);
  }
  c.expect("hook");
  const hook = name(c, "a name");
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
  return { type, hook, devices, priority: { ...priority, span: c.since(at) }, span: c.since(start) };
}

/** `filter + 10`, `-150`, `$priority`. */
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
    const base = name(c, "a name");
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
