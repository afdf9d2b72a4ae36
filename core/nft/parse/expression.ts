import type { Cursor } from "../text/cursor.ts";
import { refuse } from "../text/diagnostic.ts";
import { parseElement } from "./element.ts";
import type { Side } from "./side.ts";
import { parseVariable } from "./variable.ts";
import { HEAD_WORDS, parseHead, parseTunnel, startsTunnel } from "./head.ts";
import { cover } from "../text/source.ts";
import { LITERAL, MARK, NEWLINE, NUMBER, QUOTED, WORD } from "../text/token.ts";
import type { BinaryOp, ElementNode, Node } from "../tree/tree.ts";
import { OPERATOR_WORDS, RESERVED, VALUE_WORDS } from "../text/words.ts";

/** What the parser says where an operand is missing; completion tells from it what may stand there. */
export const EXPECTED_LEFT = "expected a packet field or a statement", EXPECTED_VALUE = "expected a value";

/** A concatenation, a set, a set reference or a map. */
export function parseExpression(c: Cursor, side: Side): Node {
  return c.deeper(() => {
    if (c.is("{")) return parseSet(c, side === "left" ? "right" : side);
    const first = parseSpan(c, side);
    if (!c.is(".")) return side === "right" ? first : parseMap(c, first);
    const parts = [first];
    while (c.is(".")) {
      const dot = c.at;
      c.take();
      const part = parseSpan(c, side);
      // From the third on nft counts the dot as part of it.
      parts.push(parts.length < 2 ? part : { ...part, span: c.since(dot) });
    }
    const all: Node = {
      kind: "concatenation",
      parts,
      span: cover(first.span, parts[parts.length - 1]!.span),
    };
    return side === "right" ? all : parseMap(c, all);
  });
}

function parseMap(c: Cursor, key: Node): Node {
  if (!c.skip("map")) return key;
  const mapping = parseMapping(c);
  return { kind: "map", key, mapping, span: cover(key.span, mapping.span) };
}

/** What follows `map` or `vmap`: a set of mappings, a reference or a variable. */
export function parseMapping(c: Cursor): Node {
  if (c.is("{")) return parseSet(c, "right");
  if (!c.is("@") && !c.is("$")) c.unexpected("expected '{' or the name of a map: @name");
  const at = c.span();
  const found = parsePrimary(c, "right");
  if (found.kind !== "set reference" && found.kind !== "variable") {
    refuse(at, "syntax error, unexpected string", [], ["expected '{' or the name of a map: @name"]);
  }
  return found;
}

/** Values separated by commas: `established,related`. */
export function parseList(c: Cursor, first: Node): Node {
  if (!c.is(",")) return first;
  const items = [first];
  while (c.skip(",")) items.push(parseSpan(c, "right"));
  return { kind: "list", items, span: cover(first.span, items[items.length - 1]!.span) };
}

/** An operand, a range `a-b` or a prefix `a/8`. */
export function parseSpan(c: Cursor, side: Side): Node {
  const first = parseBinary(c, side, 0);
  if (side === "left") return first;
  if (c.is("-")) {
    c.take();
    const to = parseBinary(c, side, 0);
    return { kind: "range", from: first, to, span: cover(first.span, to.span) };
  }
  if (c.is("/") && c.kind(1) === NUMBER) {
    c.take();
    const span = cover(first.span, c.span());
    const length = c.number("a prefix length", 0xffffffff);
    return { kind: "prefix", base: first, length, span };
  }
  return first;
}

/** Operators with how tightly each binds. */
const OPERATORS: ReadonlyMap<string, readonly [op: BinaryOp, level: number]> = new Map([
  ["|", ["|", 0]],
  ["or", ["|", 0]],
  ["^", ["^", 1]],
  ["xor", ["^", 1]],
  ["&", ["&", 2]],
  ["and", ["&", 2]],
  ["<<", ["<<", 3]],
  ["lshift", ["<<", 3]],
  [">>", [">>", 3]],
  ["rshift", [">>", 3]],
]);

/** Each is a level of the tree. */
const MAXIMUM_OPERATORS = 256;

/** Operators that bind at least as tightly as `level`, each with what is left of it. */
function parseBinary(c: Cursor, side: Side, level: number): Node {
  let left = parsePrimary(c, side);
  for (let count = 0;; count++) {
    const kind = c.kind();
    const found = kind === WORD || kind === MARK ? OPERATORS.get(c.text()) : undefined;
    if (found === undefined || found[1] < level) return left;
    if (count === MAXIMUM_OPERATORS) refuse(c.span(), `more than ${MAXIMUM_OPERATORS} operators in a row`);
    c.take();
    const right = parseBinary(c, side === "left" ? "value" : side, found[1] + 1);
    left = { kind: "binary", op: found[0], left, right, span: cover(left.span, right.span) };
  }
}

/** One operand. */
export function parsePrimary(c: Cursor, side: Side): Node {
  const start = c.at;
  const kind = c.kind();
  if (c.is("(")) {
    return c.deeper(() => {
      c.take();
      const inner = parseBinary(c, side, 0);
      c.expect(")");
      return inner;
    });
  }
  if (c.is("$")) return parseVariable(c);
  if (c.is("@")) {
    if (side !== "right" && c.is(",", 2)) return parseHead(c, parseExpression);
    c.take();
    if (side === "left" && c.kind() === WORD && !RESERVED.has(c.text())) {
      refuse(c.span(), "unknown raw payload base", [], [
        "no field: a set stands behind what is looked up in it",
      ]);
    }
    const name = c.identifier("the name of a set", true);
    return { kind: "set reference", name, span: c.since(start) };
  }
  if (c.is("*") && side === "right") {
    c.take();
    return { kind: "wildcard", span: c.since(start) };
  }
  if (side !== "right" && startsTunnel(c)) return parseTunnel(c);
  if (side !== "right" && kind === WORD && HEAD_WORDS.has(c.text()) && startsHead(c, side)) {
    return parseHead(c, parseExpression);
  }
  if (kind === QUOTED) {
    const text = c.quotedText();
    return { kind: "symbol", text, quoted: true, span: c.since(start) };
  }
  if (kind === NUMBER || kind === LITERAL) {
    const text = c.take();
    return { kind: "symbol", text, quoted: false, span: c.since(start) };
  }
  if (
    kind === WORD && !OPERATOR_WORDS.has(c.text()) &&
    (!RESERVED.has(c.text()) || (side !== "left" && VALUE_WORDS.has(c.text())))
  ) {
    const text = c.take();
    return { kind: "symbol", text, quoted: false, span: c.since(start) };
  }
  return c.unexpected(side === "left" ? EXPECTED_LEFT : EXPECTED_VALUE);
}

/** On a value side a word like `tcp` begins a field only when a field's name follows. */
function startsHead(c: Cursor, side: Side): boolean {
  if (side === "left") return true;
  const text = c.text();
  if (["ip", "ip6", "tcp", "udp", "ether", "icmp", "icmpv6", "vlan", "arp"].includes(text)) {
    return c.isWord(1) && !OPERATOR_WORDS.has(c.text(1));
  }
  return true;
}

/** `{ a, b : c }`; newlines may stand between elements, a comma may end the list. */
export function parseSet(c: Cursor, side: Side): Node {
  const start = c.at;
  const elements: ElementNode[] = [];
  c.deeper(() => {
    c.expect("{");
    for (;;) {
      c.skipNewlines();
      if (c.is("}") && elements.length > 0) break;
      elements.push(parseElement(c, side, parseExpression));
      c.skipNewlines();
      if (!c.skip(",")) break;
      // Commas behind the first part nothing.
      do c.skipNewlines(); while (c.skip(","));
    }
    c.skipNewlines();
    if (c.kind() === NEWLINE || !c.is("}")) c.unexpected("expected ',' or '}'");
    c.take();
  });
  return { kind: "set", elements, span: c.since(start) };
}
