import type { SetBody, TypeSpec } from "../tree/command.ts";
import { member, type Reading } from "./document.ts";
import type { Json, JsonObject } from "./json.ts";
import { readExpression, readSet } from "./read_expression.ts";

const FLAGS = ["constant", "interval", "timeout", "dynamic"];
const OBJECTS = ["counter", "quota", "limit", "secmark", "synproxy"];

/** The declaration of a set or map. */
export function readSetBody(r: Reading, object: JsonObject, map: boolean): SetBody {
  const span = r.span(object);
  const body: SetBody = { flags: [], autoMerge: r.flag(object, "auto-merge"), counter: false, span };
  const type = member(object, "type");
  if (type === undefined) r.fail(object, "Invalid set type.", '"type" names the datatype of its elements');
  body.key = readType(r, type, object);
  const data = map ? member(object, "map") : undefined;
  if (data !== undefined) {
    body.data = typeof data === "string" && OBJECTS.includes(data)
      ? { object: data }
      : readType(r, data, object);
  }
  for (const name of r.texts(object, "flags")) {
    if (!FLAGS.includes(name)) {
      const message = `Invalid set flag at index ${body.flags.length}.`;
      r.fail(object, message, `"${name}": flags are ${FLAGS.join(", ")}`);
    }
    body.flags.push({ name, span });
  }
  const timeout = r.optionalNumber(object, "timeout"), interval = r.optionalNumber(object, "gc-interval");
  if (timeout !== undefined) body.timeout = BigInt(timeout) * 1000n;
  if (interval !== undefined) body.gcInterval = BigInt(interval) * 1000n;
  const size = r.optionalNumber(object, "size", 0xffffffff), comment = r.optionalText(object, "comment");
  if (size !== undefined) body.size = size;
  if (comment !== undefined) body.comment = comment;
  const policy = r.optionalText(object, "policy");
  if (policy === "performance" || policy === "memory") body.policy = policy;
  else if (policy !== undefined) r.fail(object, `Unknown set policy '${policy}'.`);
  const state = member(object, "stmt");
  body.counter = Array.isArray(state) &&
    state.some((each: Json) => each !== null && typeof each === "object" && "counter" in each);
  const elements = member(object, "elem");
  if (elements !== undefined) body.elements = readSet(r, elements, object);
  return body;
}

/** `"ipv4_addr"`, `["ipv4_addr", "inet_service"]`, or `{ "typeof": expression }`. */
function readType(r: Reading, type: Json, around: JsonObject): TypeSpec {
  const span = r.span(type, around);
  if (typeof type === "string") {
    return { kind: "names", names: type.split(/\s*\.\s*/).map((text) => ({ text, span })), span };
  }
  if (Array.isArray(type)) {
    const names = type.map((each: Json) =>
      typeof each === "string" ? { text: each, span } : r.fail(around, "types are named by text")
    );
    return { kind: "names", names, span };
  }
  const [name, body] = r.single(type, "type");
  const node = readExpression(r, name === "typeof" ? body : type, around);
  return { kind: "typeof", node, span };
}
