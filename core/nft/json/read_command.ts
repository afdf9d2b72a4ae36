import type { Family } from "../../ruleset/ruleset.ts";
import type {
  ChainBody,
  Command,
  Name,
  ObjectBody,
  ObjectType,
  Position,
  TableRef,
  Verb,
} from "../tree/command.ts";
import type { Node } from "../tree/tree.ts";
import { member, type Reading } from "./document.ts";
import type { Json, JsonObject } from "./json.ts";
import { readSet } from "./read_expression.ts";
import { readSetBody } from "./read_set.ts";
import { readSettings } from "./read_settings.ts";
import { readRuleText } from "./read_rule_text.ts";
import { counts, readLimit } from "./read_stateful.ts";
import { readStatement } from "./read_statement.ts";

const VERBS: readonly string[] = [
  "add",
  "create",
  "insert",
  "replace",
  "delete",
  "flush",
  "reset",
  "get",
  "destroy",
];
const FAMILIES: readonly string[] = ["ip", "ip6", "inet", "arp", "bridge", "netdev"];
const OBJECTS: readonly string[] = [
  "counter",
  "quota",
  "limit",
  "ct helper",
  "ct timeout",
  "ct expectation",
  "flowtable",
  "synproxy",
  "secmark",
];

/** A member of `nftables`: a command, or an object as listed, which is added. Undefined for what is only information. */
export function readCommand(r: Reading, value: Json, around: Json): Command | undefined {
  const [name, body] = r.single(value, "command", around);
  const whole = value as JsonObject;
  if (name === "metainfo") return metainfo(r, body, whole);
  if (name === "list") return readList(r, body, whole);
  if (name === "rename") return readRename(r, body, whole);
  if (VERBS.includes(name)) return readObject(r, name as Verb, body, true);
  return readObject(r, "add", value, false);
}

const SCHEMA_VERSION = 1;

/** A newer schema is not read by halves. */
function metainfo(r: Reading, body: Json, whole: JsonObject): undefined {
  const version = r.optionalNumber(r.object(body, "metainfo", whole), "json_schema_version") ??
    SCHEMA_VERSION;
  if (version > SCHEMA_VERSION) {
    r.fail(
      body,
      `Schema version ${version} not supported, maximum supported version is ${SCHEMA_VERSION}`,
    );
  }
  return undefined;
}

function readObject(r: Reading, verb: Verb, value: Json, explicit: boolean): Command {
  const [kind, body] = r.single(value, "object");
  const whole = value as JsonObject, span = r.span(whole);
  if (kind === "ruleset" && verb === "flush") return { kind: "ruleset", verb, ...familyOf(r, body), span };
  if ((kind === "counters" || kind === "quotas" || kind === "rules") && verb === "reset") {
    return { kind: "reset all", what: kind, ...resetPlace(r, body, kind), span };
  }
  if (!known(verb, kind)) {
    const command = verb === "create" || verb === "delete" || verb === "destroy" ? "add" : verb;
    if (verb === "insert" || verb === "replace") return r.fail(value, "Object item not found: rule");
    return r.fail(value, `Unknown object passed to ${command} command.`);
  }
  const object = r.object(body, kind, whole);
  if (kind === "table") {
    return {
      kind: "table",
      verb,
      table: readTable(r, object, "name", explicit),
      ...tableBody(r, object, verb),
      span,
    };
  }
  const table = readTable(r, object, "table", false);
  switch (kind) {
    case "chain": {
      const chain = nameOf(r, object, "name", verb === "delete");
      return {
        kind: "chain",
        verb,
        table,
        chain,
        ...(makes(verb) ? { body: chainBody(r, object) } : {}),
        span,
      };
    }
    case "rule":
      return readRule(r, verb, object, table, explicit);
    case "set":
    case "map":
    case "meter": {
      const map = kind === "map", set = nameOf(r, object, "name", verb === "delete");
      return {
        kind: "set",
        verb,
        table,
        set,
        map,
        ...(makes(verb) ? { body: readSetBody(r, object, map) } : {}),
        span,
      };
    }
    case "element": {
      const elements: Node = readSet(r, r.needed(object, "elem"), object);
      return { kind: "element", verb, table, set: nameOf(r, object, "name"), elements, span };
    }
  }
  const type = kind as ObjectType;
  const named = nameOf(r, object, "name", false);
  return {
    kind: "object",
    verb,
    type,
    table,
    object: named,
    ...(makes(verb) ? { body: objectBody(r, type, object) } : {}),
    span,
  };
}

/** What a command may be about. */
function known(verb: Verb, kind: string): boolean {
  if (verb === "insert" || verb === "replace") return kind === "rule";
  if (verb === "flush") return ["table", "chain", "set", "map", "meter"].includes(kind);
  if (verb === "get") return kind === "element";
  if (verb === "reset") return ["counter", "quota", "rule", "set", "map", "element"].includes(kind);
  return ["table", "chain", "rule", "set", "map", "element", ...OBJECTS].includes(kind);
}

const makes = (verb: Verb): boolean => verb === "add" || verb === "create";

function familyOf(r: Reading, body: Json): { family?: Family } {
  if (typeof body !== "object" || body === null || Array.isArray(body)) return {};
  const family = r.optionalText(body as JsonObject, "family");
  return family === undefined ? {} : { family: knownFamily(r, body as JsonObject, family) };
}

/** A family, a table, or one of its chains where rules are meant. */
function resetPlace(
  r: Reading,
  body: Json,
  kind: string,
): { family?: Family; table?: TableRef; chain?: Name } {
  if (typeof body !== "object" || body === null || Array.isArray(body)) return {};
  const object = body as JsonObject;
  if (member(object, "table") === undefined) return familyOf(r, body);
  const chain = kind === "rules" && member(object, "chain") !== undefined
    ? nameOf(r, object, "chain")
    : undefined;
  return { table: readTable(r, object, "table", false), ...(chain === undefined ? {} : { chain }) };
}

function knownFamily(r: Reading, object: JsonObject, family: string): Family {
  if (!FAMILIES.includes(family)) return r.fail(object, `Unknown family '${family}'.`);
  return family as Family;
}

export function readTable(r: Reading, object: JsonObject, key: string, byHandle: boolean): TableRef {
  const family = knownFamily(r, object, r.optionalText(object, "family") ?? "ip"), span = r.span(object);
  const handle = byHandle && member(object, key) === undefined ? r.number(object, "handle") : undefined;
  if (handle !== undefined) return { family, name: "", handle, span };
  return { family, name: r.text(object, key), span };
}

function nameOf(r: Reading, object: JsonObject, key: string, byHandle = false): Name {
  if (byHandle && member(object, key) === undefined) {
    return { text: `\0${r.number(object, "handle")}`, span: r.span(object) };
  }
  return { text: r.text(object, key), span: r.span(object) };
}

function tableBody(r: Reading, object: JsonObject, verb: Verb) {
  if (!makes(verb)) return {};
  const comment = r.optionalText(object, "comment"), span = r.span(object);
  const flags = r.texts(object, "flags").map((text): Name => ({ text, span }));
  return {
    body: { flags, commands: [], ...(comment === undefined ? {} : { comment }) },
  };
}

function chainBody(r: Reading, object: JsonObject): ChainBody {
  const span = r.span(object), body: ChainBody = { rules: [] };
  const comment = r.optionalText(object, "comment"), policy = r.optionalText(object, "policy");
  if (comment !== undefined) body.comment = comment;
  if (policy !== undefined && policy !== "accept" && policy !== "drop") {
    r.fail(object, `Unknown policy '${policy}'.`, "accept or drop");
  }
  if (policy !== undefined) body.policy = { value: symbol(policy, span), span };
  if (member(object, "hook") === undefined && member(object, "type") === undefined) return body;
  const type = r.text(object, "type"), hook = r.text(object, "hook"), offset = member(object, "prio");
  if (!["filter", "nat", "route"].includes(type)) r.fail(object, `Invalid chain type '${type}'.`);
  if (!HOOKS.includes(hook)) r.fail(object, `Invalid chain hook '${hook}'.`);
  if (offset !== undefined && (typeof offset !== "number" || !Number.isInteger(offset))) {
    return r.fail(object, '"prio" is a whole number');
  }
  body.hook = {
    type: { text: type, span },
    hook: { text: hook, span },
    devices: r.texts(object, "dev").map((device) => symbol(device, span)),
    priority: { offset: offset ?? 0, span },
    span,
  };
  return body;
}

const HOOKS: readonly string[] = [
  "prerouting",
  "input",
  "forward",
  "postrouting",
  "output",
  "ingress",
  "egress",
];

const symbol = (text: string, span: Node["span"]): Node => ({ kind: "symbol", text, quoted: false, span });

function readRule(r: Reading, verb: Verb, object: JsonObject, table: TableRef, explicit: boolean): Command {
  const chain = nameOf(r, object, "chain"), span = r.span(object);
  const position = positionOf(r, object, explicit && verb !== "add" && verb !== "create");
  if (verb === "delete" || verb === "destroy" || verb === "reset") {
    r.needed(object, "handle");
    return { kind: "rule", verb, table, chain, ...(position === undefined ? {} : { position }), span };
  }
  const text = member(object, "text");
  if (typeof text === "string") {
    const rule = readRuleText(text, chain.text);
    return { kind: "rule", verb, table, chain, rule, ...(position === undefined ? {} : { position }), span };
  }
  const expr = r.needed(object, "expr");
  if (!Array.isArray(expr)) return r.fail(expr, 'Value of property "expr" must be an array.');
  const comment = r.optionalText(object, "comment");
  const rule = {
    statements: expr.map((each: Json) => readStatement(r, each, expr)),
    ...(comment === undefined ? {} : { comment }),
    span,
  };
  return { kind: "rule", verb, table, chain, rule, ...(position === undefined ? {} : { position }), span };
}

/** The handle of a listed rule says nothing of where an added one goes; that of other commands does. */
function positionOf(r: Reading, object: JsonObject, explicit: boolean): Position | undefined {
  const span = r.span(object);
  const index = r.optionalNumber(object, "index"), handle = r.optionalNumber(object, "handle");
  if (index !== undefined) return { kind: "index", value: index, span };
  return handle === undefined || !explicit ? undefined : { kind: "handle", value: handle, span };
}

function objectBody(r: Reading, type: ObjectType, object: JsonObject): ObjectBody {
  const body: ObjectBody = {};
  const comment = r.optionalText(object, "comment");
  if (comment !== undefined) body.comment = comment;
  if (type === "counter") body.counter = counts(r, object);
  else if (type === "quota") {
    body.quota = {
      inverted: r.flag(object, "inv"),
      bytes: r.number(object, "bytes"),
      used: r.optionalNumber(object, "used") ?? 0,
    };
  } else if (type === "limit") body.limit = readLimit(r, object);
  else readSettings(r, type, object, body);
  return body;
}

function readRename(r: Reading, body: Json, whole: JsonObject): Command {
  const object = r.object(r.needed(r.object(body, "rename", whole), "chain"), "chain", body);
  return {
    kind: "rename",
    table: readTable(r, object, "table", false),
    chain: nameOf(r, object, "name"),
    to: nameOf(r, object, "newname"),
    span: r.span(whole),
  };
}

/** `{ "list": { "ruleset": null } }`, `{ "list": { "chain": { "family", "table", "name" } } }`. */
function readList(r: Reading, body: Json, whole: JsonObject): Command {
  const [what, given] = r.single(body, "list");
  const one = what.replace(/s$/, "");
  if (what !== "ruleset" && what !== "meters" && !known("add", one) && what !== "meter") {
    return r.fail(body, "Unknown object passed to list command.");
  }
  if (given === null && what === one && what !== "ruleset") r.object(given, what, body);
  const span = r.span(whole);
  if (given === null) return { kind: "list", what, span };
  const object = r.object(given, what, body);
  if (what === "table") return { kind: "list", what, table: readTable(r, object, "name", false), span };
  const table = member(object, "table") === undefined ? undefined : readTable(r, object, "table", false);
  return {
    kind: "list",
    what,
    ...(table === undefined ? familyOf(r, object) : { table }),
    ...(member(object, "name") === undefined ? {} : { name: nameOf(r, object, "name") }),
    span,
  };
}
