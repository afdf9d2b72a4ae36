import type { Cursor } from "../text/cursor.ts";
import { comment, parseElement } from "./element.ts";
import { parseExpression, parseList, parseMapping, parsePrimary } from "./expression.ts";
import { parseDup, parseFlow, parseFwd, parseQueue, parseSynproxy, parseTproxy } from "./action.ts";
import { HEAD_WORDS } from "./head.ts";
import { parseLog } from "./log.ts";
import { parseNat } from "./nat.ts";
import { parseReject } from "./reject.ts";
import { objectName, parseStateful } from "./stateful.ts";
import { parseVerdict, startsVerdict } from "./verdict.ts";
import { refuse } from "../text/diagnostic.ts";
import { cover } from "../text/source.ts";
import { MARK, NUMBER } from "../text/token.ts";
import type { Node, RelationOp, RuleNode, StatementNode } from "../tree/tree.ts";

/** More than any rule the kernel takes: it stops at 128 expressions. */
const MAXIMUM_STATEMENTS = 1024;

/** Statements up to the end of the line, and the comment. */
export function parseRule(c: Cursor): RuleNode {
  const start = c.at;
  const statements: StatementNode[] = [];
  while (!c.atLineEnd() && !c.is("comment")) {
    if (statements.length === MAXIMUM_STATEMENTS) {
      refuse(c.span(), `a rule has at most ${MAXIMUM_STATEMENTS} statements`);
    }
    statements.push(parseStatement(c));
  }
  if (statements.length === 0) c.unexpected("expected a statement");
  const text = c.skip("comment") ? comment(c) : undefined;
  if (!c.atLineEnd() || c.is("}")) c.unexpected("expected the end of the rule: a newline or a semicolon");
  return { statements, span: c.since(start), ...(text === undefined ? {} : { comment: text }) };
}

const REFERENCES = ["helper", "timeout", "expectation"];

function parseStatement(c: Cursor): StatementNode {
  const start = c.at;
  if (startsVerdict(c)) {
    const verdict = parseVerdict(c);
    return { kind: "verdict", verdict, span: verdict.span };
  }
  const word = c.isWord() ? c.text() : "";
  switch (word) {
    case "counter":
    case "limit":
    case "quota":
      return named(c, start) ?? parseStateful(c);
    case "last":
      if (c.newest) return parseStateful(c);
      break;
    case "log":
      return parseLog(c);
    case "reject":
      return parseReject(c);
    case "snat":
    case "dnat":
    case "masquerade":
    case "redirect":
      return parseNat(c);
    case "queue":
      return parseQueue(c);
    case "dup":
      return parseDup(c);
    case "fwd":
      return parseFwd(c);
    case "tproxy":
      return parseTproxy(c);
    case "synproxy":
      return named(c, start) ?? parseSynproxy(c);
    case "meter":
      return parseMeter(c);
    case "flow":
      return c.is("table", 1) ? parseMeter(c) : parseFlow(c);
    case "notrack":
      c.take();
      return { kind: "notrack", span: c.since(start) };
    case "add":
    case "update":
    case "delete":
      return setUpdate(c, start, word);
    case "set":
      return setUpdate(c, start, "add");
    case "reset":
      c.take();
      return { kind: "reset option", option: parsePrimary(c, "left"), span: c.since(start) };
    case "meta":
      if (c.is("secmark", 1) && c.is("set", 2) && !c.is("ct", 3)) {
        for (let words = 0; words < 3; words++) c.take();
        return { kind: "object", type: "secmark", name: objectOrMap(c), span: c.since(start) };
      }
      break;
    case "ct":
      if (c.is("count", 1)) return parseStateful(c);
      if (REFERENCES.includes(c.text(1)) && c.is("set", 2)) {
        c.take();
        const type = `ct ${c.take()}`;
        c.take();
        return { kind: "object", type, name: objectOrMap(c), span: c.since(start) };
      }
  }
  return parseMatch(c);
}

/** `counter name "x"`: a reference to a stateful object. */
function named(c: Cursor, start: number): StatementNode | undefined {
  if (!c.is("name", 1)) return undefined;
  const type = c.take();
  c.take();
  return { kind: "object", type, name: objectOrMap(c), span: c.since(start) };
}

function objectOrMap(c: Cursor): Node {
  if (c.isWord() ? !HEAD_WORDS.has(c.text()) : !c.is("@")) return objectName(c);
  return parseExpression(c, "left");
}

function setUpdate(c: Cursor, start: number, op: "add" | "update" | "delete"): StatementNode {
  const leading = c.take();
  let set: Node;
  let element;
  if (leading === "set") {
    const written = c.is("add") || c.is("update") || c.is("delete")
      ? c.take()
      : c.unexpected("expected add or update");
    op = written as typeof op;
    element = parseElement(c, "left", parseExpression);
    set = parsePrimary(c, "right");
    return { kind: "set update", op, set, element, span: c.since(start) };
  }
  if (!c.is("@")) c.unexpected("expected @set");
  set = parsePrimary(c, "right");
  c.expect("{");
  element = parseElement(c, "left", parseExpression);
  c.expect("}");
  return { kind: "set update", op, set, element, span: c.since(start) };
}

/** `meter NAME [size N] { KEY STATEMENTS }`, before that `flow table NAME ...`. */
function parseMeter(c: Cursor): StatementNode {
  const start = c.at;
  if (c.take() === "flow") c.take();
  const name = c.identifier("the name of a meter");
  const size = c.skip("size") ? c.number("a number of elements", 0xffffffff) : undefined;
  c.expect("{");
  const element = parseElement(c, "left", parseExpression);
  if (element.statements === undefined && element.counter === undefined) c.unexpected("expected a statement");
  c.expect("}");
  return { kind: "meter", name, element, span: c.since(start), ...(size === undefined ? {} : { size }) };
}

const RELATIONS: Readonly<Record<string, RelationOp>> = {
  "==": "==",
  eq: "==",
  "!=": "!=",
  ne: "!=",
  "<": "<",
  lt: "<",
  ">": ">",
  gt: ">",
  "<=": "<=",
  le: "<=",
  ">=": ">=",
  ge: ">=",
  "!": "!",
  not: "!",
};

function parseMatch(c: Cursor): StatementNode {
  const start = c.at;
  const left = parseExpression(c, "left");
  if (c.skip("vmap")) {
    const mapping = parseMapping(c);
    const map: Node = { kind: "map", key: left, mapping, span: cover(left.span, mapping.span) };
    return { kind: "verdict map", map, span: map.span };
  }
  if (c.is("set") && settable(left)) {
    c.take();
    const value = parseValue(c, left);
    return { kind: "set value", target: left, value, span: c.since(start) };
  }
  const opSpan = c.span();
  const word = c.kind() === MARK || c.isWord() ? c.text() : "";
  let op: RelationOp = "implicit";
  if (Object.hasOwn(RELATIONS, word)) {
    op = RELATIONS[word]!;
    c.take();
  }
  const right = parseList(c, parseExpression(c, "right"));
  if (c.is("/") && c.kind(1) !== NUMBER) {
    c.take();
    const mask = parseList(c, parseExpression(c, "right"));
    if (mask.kind !== "list") c.unexpected("the mask is a list of flags: FLAG,FLAG");
    return { kind: "match", left, op, opSpan, right, mask, span: c.since(start) };
  }
  return { kind: "match", left, op, opSpan, right, span: c.since(start) };
}

const settable = (node: Node): boolean =>
  ["payload", "raw payload", "meta", "ct", "option"].includes(node.kind);

function parseValue(c: Cursor, target: Node): Node {
  if (c.is("{")) c.unexpected();
  if (target.kind === "option" && c.is("rt")) return parsePrimary(c, "value");
  return parseList(c, parseExpression(c, "value"));
}
