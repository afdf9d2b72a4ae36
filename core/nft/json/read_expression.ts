import type { SocketKey, XfrmKey } from "../../expr/expression.ts";
import { CT_KEYS, META_KEYS } from "../keys.ts";
import { EXTENSIONS } from "../protocol/extension.ts";
import { OPTION_LISTS } from "../protocol/option_list.ts";
import { PROTOCOLS } from "../protocol/registry.ts";
import type { BinaryOp, ElementNode, Node, VerdictNode } from "../tree/tree.ts";
import { member, type Reading } from "./document.ts";
import type { Json, JsonObject } from "./json.ts";
import { readElement } from "./read_element.ts";

type Reader = (r: Reading, body: Json, whole: JsonObject) => Node;

/** Expressions by the name of their only member. To add one: a line here. */
const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  [
    "concat",
    (r, body, whole) => ({ kind: "concatenation", parts: all(r, body, whole), span: r.span(whole) }),
  ],
  ["set", (r, body, whole) => readSet(r, body, whole)],
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
  ["socket", (r, body, whole) => ({
    kind: "socket",
    key: r.text(r.object(body, "socket", whole), "key") as SocketKey,
    span: r.span(whole),
  })],
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
        `Unknown expression object '${name}'.`,
        `known: ${[...READERS.keys()].join(", ")}`,
      );
    }
    return reader(r, body, value as JsonObject);
  });
}

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
  if (typeof body === "string") return word(body, r.span(whole));
  if (!Array.isArray(body)) return r.fail(whole, "a list of elements was expected here");
  const elements: ElementNode[] = body.map((each: Json) => readElement(r, each, whole));
  return { kind: "set", elements, span: r.span(whole) };
}

/** `{ "key": ..., "data": ... }` of a map or vmap. */
export function readMap(r: Reading, body: Json, whole: JsonObject): Node {
  const object = r.object(body, "map", whole);
  const key = readExpression(r, member(object, "key") ?? null, whole);
  const mapping = readExpression(r, member(object, "data") ?? null, whole);
  return { kind: "map", key, mapping, span: r.span(whole) };
}

function prefix(r: Reading, body: Json, whole: JsonObject): Node {
  const object = r.object(body, "prefix", whole);
  const base = readExpression(r, member(object, "addr") ?? null, whole);
  return { kind: "prefix", base, length: r.number(object, "len", 0xffffffff), span: r.span(whole) };
}

function range(r: Reading, body: Json, whole: JsonObject): Node {
  const [from, to, ...more] = all(r, body, whole);
  if (from === undefined || to === undefined || more.length > 0) r.fail(whole, "a range has two ends");
  return { kind: "range", from, to, span: r.span(whole) };
}

const BASES: ReadonlyMap<string, "link" | "network" | "transport"> = new Map([
  ["ll", "link"],
  ["nh", "network"],
  ["th", "transport"],
]);

function payload(r: Reading, body: Json, whole: JsonObject): Node {
  const object = r.object(body, "payload", whole), span = r.span(whole);
  if (member(object, "base") !== undefined) {
    const base = BASES.get(r.text(object, "base"));
    if (base === undefined) return r.fail(object, "the base of a payload is ll, nh or th");
    return {
      kind: "raw payload",
      base,
      offset: r.number(object, "offset", 0xffff),
      bits: r.number(object, "len", 0xffff),
      span,
    };
  }
  const protocol = r.text(object, "protocol"), field = r.text(object, "field");
  const row = PROTOCOLS.get(protocol);
  if (row === undefined) {
    r.fail(object, `Unknown payload protocol '${protocol}'.`, [...PROTOCOLS.keys()].join(", "));
  }
  if (!row.fields.some((known) => known.name === field)) {
    const names = row.fields.map((known) => known.name).join(", ");
    r.fail(object, `Unknown ${protocol} field '${field}'.`, `fields of ${protocol}: ${names}`);
  }
  return { kind: "payload", protocol, field, fieldSpan: span, span };
}

function extension(r: Reading, body: Json, whole: JsonObject): Node {
  const object = r.object(body, "exthdr", whole), span = r.span(whole);
  const header = r.text(object, "name"), row = EXTENSIONS.get(header);
  if (row === undefined) return r.fail(object, `Unknown exthdr protocol '${header}'.`);
  const name = r.optionalText(object, "field");
  if (name === undefined) return { kind: "extension", header, span };
  const field = row.fields.find((known) => known.name === name);
  if (field === undefined) return r.fail(object, `Unknown ${header} field '${name}'.`);
  const offset = r.optionalNumber(object, "offset", 0xffff) ?? 0;
  return {
    kind: "extension",
    header,
    field: name,
    ...(field.indexed === true ? { index: offset / field.bits + 1 } : {}),
    span,
  };
}

function tcpOption(r: Reading, body: Json, whole: JsonObject): Node {
  const object = r.object(body, "tcp option", whole), span = r.span(whole);
  const type = r.optionalNumber(object, "base", 255);
  if (type === undefined) return listed(r, body, whole, "tcp");
  const raw = { type, offset: r.number(object, "offset", 0xffff), bits: r.number(object, "len", 0xffff) };
  return { kind: "option", option: `${type}`, raw, span };
}

function listed(r: Reading, body: Json, whole: JsonObject, of: "tcp" | "ip" | "sctp"): Node {
  const { options, words } = OPTION_LISTS[of];
  const object = r.object(body, words, whole), span = r.span(whole);
  const option = r.text(object, "name"), row = options.get(option);
  if (row === undefined) return r.fail(object, `Unknown ${words} name '${option}'.`);
  const field = r.optionalText(object, "field");
  if (field !== undefined && !row.fields.some((known) => known.name === field)) {
    return r.fail(object, `Unknown ${words} field '${field}'.`);
  }
  return {
    kind: "option",
    ...(of === "tcp" ? {} : { of }),
    option,
    ...(field === undefined ? {} : { field, fieldSpan: span }),
    span,
  };
}

function meta(r: Reading, body: Json, whole: JsonObject): Node {
  const object = r.object(body, "meta", whole), key = r.text(object, "key"), row = META_KEYS.get(key);
  if (row === undefined) return r.fail(object, `Unknown meta key '${key}'.`);
  return { kind: "meta", key: row.name, span: r.span(whole) };
}

function ct(r: Reading, body: Json, whole: JsonObject): Node {
  const object = r.object(body, "ct", whole), given = r.text(object, "key");
  const version = /^(ip6?) (.+)$/.exec(given);
  const key = version?.[2] ?? given, family = version?.[1] ?? r.optionalText(object, "family");
  if (!CT_KEYS.has(key)) return r.fail(object, `Unknown ct key '${given}'.`);
  const direction = r.optionalText(object, "dir");
  return {
    kind: "ct",
    key,
    ...(direction === "original" || direction === "reply" ? { direction } : {}),
    ...(family === "ip" || family === "ip6" ? { family } : {}),
    span: r.span(whole),
  };
}

function route(r: Reading, body: Json, whole: JsonObject): Node {
  const object = r.object(body, "rt", whole), family = r.optionalText(object, "family");
  const version = family === "ip" || family === "ip6" ? { family } as const : {};
  return { kind: "rt", key: r.text(object, "key"), ...version, span: r.span(whole) };
}

function fib(r: Reading, body: Json, whole: JsonObject): Node {
  const object = r.object(body, "fib", whole), span = r.span(whole);
  const flags = r.texts(object, "flags");
  const unknown = flags.find((flag) => !["saddr", "daddr", "mark", "iif", "oif"].includes(flag));
  if (unknown !== undefined) r.fail(object, `Unknown fib flag '${unknown}'.`);
  const result = r.text(object, "result");
  if (!["oif", "oifname", "type"].includes(result)) r.fail(object, `Unknown fib result '${result}'.`);
  return { kind: "fib", flags, flagSpan: span, result, span };
}

function numgen(r: Reading, body: Json, whole: JsonObject): Node {
  const object = r.object(body, "numgen", whole), mode = r.text(object, "mode");
  if (mode !== "inc" && mode !== "random") return r.fail(object, `Unknown numgen mode '${mode}'.`);
  return {
    kind: "numgen",
    mode,
    modulus: r.number(object, "mod", 0xffffffff),
    offset: r.optionalNumber(object, "offset", 0xffffffff) ?? 0,
    span: r.span(whole),
  };
}

function hash(r: Reading, body: Json, whole: JsonObject, mode: "jhash" | "symhash"): Node {
  const object = r.object(body, mode, whole), seed = r.optionalNumber(object, "seed", 0xffffffff);
  return {
    kind: "hash",
    mode,
    modulus: r.number(object, "mod", 0xffffffff),
    offset: r.optionalNumber(object, "offset", 0xffffffff) ?? 0,
    ...(mode === "jhash" ? { key: readExpression(r, member(object, "expr") ?? null, whole) } : {}),
    ...(seed === undefined ? {} : { seed }),
    span: r.span(whole),
  };
}

function fingerprint(r: Reading, body: Json, whole: JsonObject): Node {
  const object = r.object(body, "osf", whole), ttl = r.optionalText(object, "ttl");
  const key = r.text(object, "key");
  if (key !== "name" && key !== "version") return r.fail(object, `Unknown osf key '${key}'.`);
  if (ttl !== undefined && ttl !== "loose" && ttl !== "skip") {
    return r.fail(object, `Unknown osf ttl '${ttl}'.`);
  }
  const number = ttl === undefined ? 0 : ttl === "loose" ? 1 : 2;
  return { kind: "osf", ttl: number, version: key === "version", span: r.span(whole) };
}

function ipsec(r: Reading, body: Json, whole: JsonObject): Node {
  const object = r.object(body, "ipsec", whole), key = r.text(object, "key");
  const direction = r.text(object, "dir");
  if (direction !== "in" && direction !== "out") {
    return r.fail(object, `Unknown ipsec direction '${direction}'.`);
  }
  const version = key === "saddr" || key === "daddr" ? (r.text(object, "family") === "ip6" ? "6" : "4") : "";
  const known = ["reqid", "spi", "saddr", "daddr"].includes(key);
  if (!known) return r.fail(object, `Unknown ipsec key '${key}'.`);
  return {
    kind: "xfrm",
    direction,
    key: `${key}${version}` as XfrmKey,
    template: r.optionalNumber(object, "spnum", 255) ?? 0,
    span: r.span(whole),
  };
}
