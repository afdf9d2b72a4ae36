import { LOG_FLAGS } from "../parse/log.ts";
import { ALL_LOG_FLAGS } from "../parse/log.ts";
import { NAT_FLAGS } from "../parse/nat.ts";
import type { ElementNode, LogNode, NatNode, Node, RelationOp, StatementNode } from "../tree/tree.ts";
import { isObject, member, type Reading } from "./document.ts";
import type { Json, JsonObject } from "./json.ts";
import { ACTIONS } from "./read_action.ts";
import { readElement } from "./read_element.ts";
import {
  flagsJoined,
  isVerdict,
  readExpression,
  readMap,
  readMember,
  readVerdict,
} from "./read_expression.ts";
import { readStateful } from "./read_stateful.ts";

type Reader = (r: Reading, body: Json, whole: JsonObject, name: string) => StatementNode;

/** Statements by the name of their only member. To add one: a line here. */
const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ["match", match],
  ["mangle", mangle],
  ["vmap", (r, body, whole) => ({ kind: "verdict map", map: readMap(r, body, whole), span: r.span(whole) })],
  ["counter", stateful],
  ["quota", stateful],
  ["limit", stateful],
  ["last", stateful],
  ["ct count", readStateful],
  ["log", log],
  ["reject", reject],
  ...(["snat", "dnat", "masquerade", "redirect"] as const).map((type): [string, Reader] => [
    type,
    (r, body, whole) => nat(r, body, whole, type),
  ]),
  ["set", update],
  ["map", update],
  ["meter", meter],
  ["reset", (r, body, whole) => ({
    kind: "reset option",
    option: readExpression(r, body, whole),
    span: r.span(whole),
  })],
  ["notrack", (r, _body, whole) => ({ kind: "notrack", span: r.span(whole) })],
  ...ACTIONS,
  ["ct helper", reference],
  ["ct timeout", reference],
  ["ct expectation", reference],
]);

/** One statement of a rule's `expr`. */
export function readStatement(r: Reading, value: Json, around?: Json): StatementNode {
  const [name, body] = r.single(value, "statement", around);
  const whole = value as JsonObject;
  if (isVerdict(name)) {
    return { kind: "verdict", verdict: readVerdict(r, name, body, whole), span: r.span(whole) };
  }
  const reader = READERS.get(name);
  if (reader === undefined) {
    return r.fail(value, `Unknown statement object '${name}'.`, `known: ${[...READERS.keys()].join(", ")}`);
  }
  return reader(r, body, whole, name);
}

const RELATIONS: ReadonlyMap<string, RelationOp> = new Map<string, RelationOp>([
  ["==", "=="],
  ["!=", "!="],
  ["<", "<"],
  [">", ">"],
  ["<=", "<="],
  [">=", ">="],
  ["in", "implicit"],
  ["!", "!"],
]);

function match(r: Reading, body: Json, whole: JsonObject): StatementNode {
  const object = r.object(body, "match", whole);
  const left = readMember(r, object, "left");
  const given = asked(
    left,
    readMember(r, object, "right"),
    member(object, "right"),
  );
  const written = r.optionalText(object, "op") ?? "in";
  const op = RELATIONS.get(written);
  if (op === undefined) return r.fail(object, `Unknown relational op '${written}'.`);
  // `==` with several flags compares with all of them at once.
  const exact = given.kind === "list" && (op === "==" || op === "!=");
  const right = exact ? flagsJoined(given) : given;
  const plain = op === "==" && !exact && left.kind !== "binary";
  return {
    kind: "match",
    left,
    op: plain ? settled(right, op) : op,
    opSpan: r.span(object),
    right,
    span: r.span(whole),
  };
}

/** `fib ... exists` is a truth value. */
const asked = (left: Node, right: Node, value: Json | undefined): Node =>
  left.kind === "fib" && typeof value === "boolean" && right.kind === "symbol"
    ? { ...right, text: value ? "exists" : "missing" }
    : right;

/** Text leaves `==` out before a set; so does its tree. */
const settled = (right: Node, op: RelationOp): RelationOp =>
  right.kind === "set" || right.kind === "set reference" ? "implicit" : op;

function mangle(r: Reading, body: Json, whole: JsonObject): StatementNode {
  const object = r.object(body, "mangle", whole);
  return {
    kind: "set value",
    target: readMember(r, object, "key"),
    value: readMember(r, object, "value"),
    span: r.span(whole),
  };
}

/** `{ "counter": "name" }`: a declared object, or a map to them. */
function reference(r: Reading, body: Json, whole: JsonObject, type: string): StatementNode {
  const name: Node = typeof body === "string"
    ? { kind: "symbol", text: body, quoted: true, span: r.span(whole) }
    : readExpression(r, body, whole);
  return { kind: "object", type, name, span: r.span(whole) };
}

const refers = (body: Json): boolean =>
  typeof body === "string" || (isObject(body) && member(body, "map") !== undefined);

/** A state of the rule's own, or a declared object that has it. */
function stateful(r: Reading, body: Json, whole: JsonObject, name: string): StatementNode {
  return refers(body) ? reference(r, body, whole, name) : readStateful(r, body, whole, name);
}

function log(r: Reading, body: Json, whole: JsonObject): StatementNode {
  const span = r.span(whole);
  if (body === null) return { kind: "log", log: {}, span };
  const object = r.object(body, "log", whole), result: LogNode = {};
  const prefix = r.optionalText(object, "prefix"), level = r.optionalText(object, "level");
  const group = r.optionalNumber(object, "group", 65535);
  const snaplen = r.optionalNumber(object, "snaplen", 0xffffffff);
  const threshold = r.optionalNumber(object, "queue-threshold", 65535);
  if (prefix !== undefined) Object.assign(result, { prefix, prefixSpan: span });
  if (level !== undefined) Object.assign(result, { level, levelSpan: span });
  if (group !== undefined) result.group = group;
  if (snaplen !== undefined) result.snaplen = snaplen;
  if (threshold !== undefined) result.threshold = threshold;
  const flags = r.texts(object, "flags");
  if (flags.length > 0) {
    result.flags = bitsOf(r, object, flags, [...LOG_FLAGS, ["all", ALL_LOG_FLAGS]], "log");
  }
  return { kind: "log", log: result, span };
}

function bitsOf(
  r: Reading,
  object: JsonObject,
  words: readonly string[],
  known: readonly (readonly [string, number])[],
  what: string,
): number {
  let bits = 0;
  for (const word of words) {
    const row = known.find(([name]) => name === word);
    if (row === undefined) {
      r.fail(
        object,
        `Unknown ${what} flag '${word}'.`,
        `known: ${known.map(([name]) => name).join(", ")}`,
      );
    }
    bits |= row[1];
  }
  return bits;
}

function reject(r: Reading, body: Json, whole: JsonObject): StatementNode {
  const span = r.span(whole);
  if (body === null) return { kind: "reject", span };
  const object = r.object(body, "reject", whole), how = r.optionalText(object, "type");
  if (how === undefined) return { kind: "reject", span };
  if (how !== "tcp reset" && how !== "icmp" && how !== "icmpv6" && how !== "icmpx") {
    return r.fail(object, `Unknown reject type '${how}'.`);
  }
  const code = member(object, "expr");
  return {
    kind: "reject",
    how,
    ...(code === undefined ? {} : { code: readExpression(r, code, object) }),
    span,
  };
}

function nat(r: Reading, body: Json, whole: JsonObject, type: NatNode["type"]): StatementNode {
  const span = r.span(whole);
  const result: NatNode = { type, typeSpan: span, flags: 0 };
  if (body === null) return { kind: "nat", nat: result, span };
  const object = r.object(body, type, whole);
  const family = r.optionalText(object, "family"), spread = r.texts(object, "type_flags");
  if (family === "ip" || family === "ip6") result.family = family;
  const address = member(object, "addr"), port = member(object, "port");
  if (address !== undefined) result.address = readExpression(r, address, object);
  if (port !== undefined) {
    result.port = readExpression(r, port, object);
    result.portSpan = span;
  }
  if (spread.includes("prefix")) result.spread = "prefix";
  if (spread.includes("interval")) result.spread = "interval";
  const flags = r.texts(object, "flags").filter((flag) => flag !== "netmap");
  result.flags = bitsOf(r, object, flags, NAT_FLAGS, "nat");
  return { kind: "nat", nat: result, span };
}

/** `{ "set": { "op", "elem", "set" } }`, `{ "map": { "op", "elem", "data", "map" } }`. */
function update(r: Reading, body: Json, whole: JsonObject, kind: string): StatementNode {
  const object = r.object(body, kind, whole), op = r.text(object, "op"), name = r.text(object, kind);
  if (op !== "add" && op !== "update" && op !== "delete") {
    return r.fail(object, `Unknown set statement op '${op}'.`);
  }
  const element = doing(r, readElement(r, member(object, "elem") ?? null, object), object);
  const span = r.span(whole);
  if (!name.startsWith("@")) r.fail(object, "Illegal set reference in set statement.", `write "@${name}"`);
  const set: Node = { kind: "set reference", name: name.slice(1), span };
  const data = member(object, "data");
  const value = data === undefined ? undefined : readExpression(r, data, object);
  return {
    kind: "set update",
    op,
    set,
    element: value === undefined ? element : { ...element, data: value },
    span,
  };
}

/** What an element is to do: `"stmt": [ { "counter": null }, ... ]`, or the one statement of a meter. */
function doing(r: Reading, element: ElementNode, object: JsonObject): ElementNode {
  const given = member(object, "stmt");
  if (given === undefined) return element;
  const nodes = (Array.isArray(given) ? given as Json[] : [given]).map((each) => readStatement(r, each));
  return { ...element, statements: [...(element.statements ?? []), ...nodes] };
}

/** `{ "meter": { "key", "stmt", "size", "name" } }`. */
function meter(r: Reading, body: Json, whole: JsonObject): StatementNode {
  const object = r.object(body, "meter", whole), size = r.optionalNumber(object, "size", 0xffffffff);
  return {
    kind: "meter",
    name: r.text(object, "name"),
    ...(size === undefined ? {} : { size }),
    element: doing(r, readElement(r, member(object, "key") ?? null, object), object),
    span: r.span(whole),
  };
}
