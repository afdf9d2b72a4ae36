import type { Name, SetBody, TypeSpec } from "../tree/command.ts";
import type { Cursor } from "../text/cursor.ts";
import { parseBlock } from "./block.ts";
import { duration } from "./duration.ts";
import { comment } from "./element.ts";
import { parseExpression, parseSet } from "./expression.ts";
import type { IncludeContext } from "./include.ts";
import type { Ending } from "../text/recover.ts";
import { NEWLINE } from "../text/token.ts";
import { parseStateful, startsStateful } from "./stateful.ts";
import type { StatementNode } from "../tree/tree.ts";

const OBJECTS = ["counter", "quota", "limit", "secmark", "synproxy"];

/** The block of a set or map. */
export function parseSetBody(c: Cursor, context: IncludeContext, map: boolean): SetBody {
  const start = c.at;
  const body: SetBody = { flags: [], autoMerge: false, counter: false };
  parseBlock(c, context, () => {
    let ending: Ending = undefined;
    const word = c.isWord() ? c.text() : "";
    if (word === "type" || word === "typeof") {
      c.take();
      body.key = spec(c, word);
      if (map) {
        c.expect(":");
        if (c.skip("interval")) body.dataInterval = true;
        body.data = OBJECTS.includes(c.text()) ? { object: c.take() } : spec(c, word);
      }
    } else if (word === "flags") {
      c.take();
      do {
        const span = c.span();
        if (!["constant", "interval", "timeout", "dynamic"].includes(c.text())) {
          c.unexpected("flags are constant, interval, timeout, dynamic");
        }
        body.flags.push({ name: c.take(), span });
      } while (c.skip(","));
    } else if (word === "timeout") {
      c.take();
      body.timeout = duration(c);
    } else if (word === "gc-interval") {
      c.take();
      body.gcInterval = duration(c);
    } else if (word === "size") {
      c.take();
      body.size = c.number("a number of elements", 0xffffffff);
    } else if (word === "policy") {
      c.take();
      if (!c.is("performance") && !c.is("memory")) c.unexpected("expected performance or memory");
      body.policy = c.take() as "performance" | "memory";
    } else if (word === "auto-merge") {
      c.take();
      body.autoMerge = true;
      ending = "open";
    } else if (word === "comment") {
      c.take();
      body.comment = comment(c);
    } else if (isStateful(c)) {
      const statements: StatementNode[] = [];
      while (isStateful(c)) statements.push(parseStateful(c));
      if (statements.length === 1 && word === "counter") body.counter = true;
      else body.statements = statements;
    } else if (word === "elements") {
      c.take();
      c.expect("=");
      body.elements = c.is("{") && !c.is("}", 1) ? parseSet(c, "right") : elements(c);
      ending = "open";
    } else {c.unexpected(
        "expected type, typeof, flags, timeout, gc-interval, size, policy, auto-merge, elements, comment",
      );}
    return ending;
  });
  const { source } = c.span();
  let last = c.at - 2;
  while (last > start && c.tokens.kind(last) === NEWLINE) last--;
  body.span = { source, start: c.tokens.start(start), end: c.tokens.end(last) };
  return body;
}

const isStateful = (c: Cursor): boolean => c.is("counter") || startsStateful(c);

function elements(c: Cursor): NonNullable<SetBody["elements"]> {
  const start = c.at;
  if (!c.is("{")) return parseExpression(c, "right");
  c.take();
  c.expect("}");
  return { kind: "set", elements: [], span: c.since(start) };
}

function spec(c: Cursor, word: string): TypeSpec {
  const start = c.at;
  if (word === "typeof") {
    const node = parseExpression(c, "left");
    return { kind: "typeof", node, span: c.since(start) };
  }
  const names: Name[] = [];
  do {
    const span = c.span();
    names.push({ text: c.name("the name of a datatype"), span });
  } while (c.skip("."));
  return { kind: "names", names, span: c.since(start) };
}
