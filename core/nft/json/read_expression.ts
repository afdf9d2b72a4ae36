import type { BinaryOp, ElementNode, Node, VerdictNode } from "../tree/tree.ts";
import type { Reading } from "./document.ts";
import type { Json, JsonObject } from "./json.ts";
import { ct, extension, listed, meta, payload, tcpOption } from "./read_field.ts";
import { fib, fingerprint, ipsec, numgen, route, socket } from "./read_lookup.ts";

type Reader = (r: Reading, body: Json, whole: JsonObject) => Node;

/** Expressions by the name of their only member. To add one: a line here. */
const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  [
    "concat",
    (r, body, whole) => ({ kind: "concatenation", parts: all(r, body, whole), span: r.span(whole) }),
  ],
  ["set", (r, body, whole) => {
    if (Array.isArray(body) && body.length === 0) r.fail(whole, "a set in a rule has an element or more");
    return readSet(r, body, whole);
  }],
  ["map", (r, body, whole) => readMap(r, body, whole)],
  ["prefix", prefix],
  ["range", range],
  ["payload", payload],
  ["exthdr", extension],
  ["tcp option", tcpOption],
  ["ip option", (r, body, whole) => listed(r, body, whole, "ip")],
  ["sctp chunk", (r, body, whole) => listed(r, body, whole, "sctp")],
  ["meta", meta],
  ["ct", ct],
  ["rt", route],
  ["fib", fib],
  ["numgen", numgen],
  ["jhash", (r, body, whole) => hash(r, body, whole, "jhash")],
  ["symhash", (r, body, whole) => hash(r, body, whole, "symhash")],
  ["socket", socket],
  ["osf", fingerprint],
  ["ipsec", ipsec],
  ...(["|", "^", "&", "<<", ">>"] as const).map((op): [string, Reader] => [
    op,
    (r, body, whole) => folded(r, op, all(r, body, whole), whole),
  ]),
]);

const VERDICTS: readonly string[] = ["accept", "drop", "continue", "return", "jump", "goto"];
export const isVerdict = (word: string): word is VerdictNode["code"] => VERDICTS.includes(word);

/** An expression: a plain value, a list, or an object named by its kind. */
export function readExpression(r: Reading, value: Json, around?: Json): Node {
  return r.deeper(value, () => {
    const span = r.span(value, around);
    if (typeof value === "string") return word(value, span);
    if (typeof value === "number") {
      if (!Number.isSafeInteger(value) || value < 0) r.fail(around, "numbers are whole and not negative");
      return { kind: "symbol", text: `${value}`, quoted: false, span };
    }
    if (typeof value === "boolean") return { kind: "symbol", text: value ? "1" : "0", quoted: false, span };
    if (value === null) return r.fail(around, "a value was expected here");
    if (Array.isArray(value)) return { kind: "list", items: all(r, value, around ?? value), span };
    const [name, body] = r.single(value, "expression");
    if (isVerdict(name)) return readVerdict(r, name, body, value as JsonObject);
    const reader = READERS.get(name);
    if (reader === undefined) {
      return r.fail(
        value,
        `Unknown expression type '${name}'.`,
        `known: ${[...READERS.keys()].join(", ")}`,
      );
    }
    return reader(r, body, value as JsonObject);
  });
}

/** What the member of this name says. */
export const readMember = (r: Reading, object: JsonObject, key: string): Node =>
  readExpression(r, r.needed(object, key), object);

function word(text: string, span: Node["span"]): Node {
  if (text.startsWith("@")) return { kind: "set reference", name: text.slice(1), span };
  if (text === "*") return { kind: "wildcard", span };
  return { kind: "symbol", text, quoted: true, span };
}

export function readVerdict(
  r: Reading,
  code: VerdictNode["code"],
  body: Json,
  whole: JsonObject,
): VerdictNode {
  const span = r.span(whole);
  if (code !== "jump" && code !== "goto") return { kind: "verdict", code, span };
  const text = r.text(r.object(body, code, whole), "target");
  return { kind: "verdict", code, chain: { kind: "symbol", text, quoted: false, span }, span };
}

function all(r: Reading, body: Json, whole: Json): Node[] {
  if (!Array.isArray(body) || body.length === 0) return r.fail(whole, "a list of values was expected here");
  return body.map((each: Json) => readExpression(r, each, whole));
}

/** `{ "|": [a, b, c] }` from the left; a list among them is its members joined. */
function folded(r: Reading, op: BinaryOp, operands: Node[], whole: JsonObject): Node {
  if (operands.length < 2) r.fail(whole, `"${op}" takes two operands or more`);
  return operands.map(flagsJoined).reduce((left, right) => ({
    kind: "binary",
    op,
    left,
    right,
    span: r.span(whole),
  }));
}

/** `["syn", "ack"]` as one value. */
export const flagsJoined = (node: Node): Node =>
  node.kind !== "list"
    ? node
    : node.items.reduce((left, right) => ({ kind: "binary", op: "|", left, right, span: node.span }));

export function readSet(r: Reading, body: Json, whole: JsonObject): Node {
  if (typeof body === "string" && body.startsWith("@")) return word(body, r.span(whole));
  const elements: ElementNode[] = Array.isArray(body)
    ? body.map((each: Json) => r.element(r, each, body))
    : [r.element(r, body, whole)];
  return { kind: "set", elements, span: r.span(whole) };
}

/** `{ "key": ..., "data": ... }` of a map or vmap. */
export function readMap(r: Reading, body: Json, whole: JsonObject): Node {
  const object = r.object(body, "map", whole);
  const key = readMember(r, object, "key");
  const mapping = readMember(r, object, "data");
  return { kind: "map", key, mapping, span: r.span(whole) };
}

function prefix(r: Reading, body: Json, whole: JsonObject): Node {
  const object = r.object(body, "prefix", whole);
  const base = readMember(r, object, "addr");
  return { kind: "prefix", base, length: r.number(object, "len", 0xffffffff), span: r.span(whole) };
}

function range(r: Reading, body: Json, whole: JsonObject): Node {
  const [from, to, ...more] = all(r, body, whole);
  if (from === undefined || to === undefined || more.length > 0) r.fail(whole, "a range has two ends");
  return { kind: "range", from, to, span: r.span(whole) };
}

function hash(r: Reading, body: Json, whole: JsonObject, mode: "jhash" | "symhash"): Node {
  const object = r.object(body, mode, whole), seed = r.optionalNumber(object, "seed", 0xffffffff);
  return {
    kind: "hash",
    mode,
    modulus: r.number(object, "mod", 0xffffffff),
    offset: r.optionalNumber(object, "offset", 0xffffffff) ?? 0,
    ...(mode === "jhash" ? { key: readMember(r, object, "expr") } : {}),
    ...(seed === undefined ? {} : { seed }),
    span: r.span(whole),
  };
}
