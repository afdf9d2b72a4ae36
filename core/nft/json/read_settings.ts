import type { ObjectBody, ObjectType } from "../tree/command.ts";
import { SYNPROXY_MSS, SYNPROXY_SACK, SYNPROXY_TIMESTAMP, SYNPROXY_WSCALE } from "../parse/action.ts";
import type { Node } from "../tree/tree.ts";
import { isObject, member, type Reading } from "./document.ts";
import type { JsonObject } from "./json.ts";

/** Objects that hold settings others use by name: helpers, timeouts, expectations, flowtables ... */
export function readSettings(r: Reading, type: ObjectType, object: JsonObject, body: ObjectBody): void {
  const span = r.span(object);
  if (type.startsWith("ct ")) connection(r, type, object, body);
  else if (type === "synproxy") {
    const words = r.texts(object, "flags");
    const mss = r.optionalNumber(object, "mss", 65535), wscale = r.optionalNumber(object, "wscale", 14);
    const flags = (mss === undefined ? 0 : SYNPROXY_MSS) | (wscale === undefined ? 0 : SYNPROXY_WSCALE) |
      (words.includes("timestamp") ? SYNPROXY_TIMESTAMP : 0) |
      (words.includes("sack-perm") ? SYNPROXY_SACK : 0);
    body.synproxy = { mss: mss ?? 0, wscale: wscale ?? 0, flags };
  } else if (type === "secmark") body.secmark = r.text(object, "context");
  else if (type === "flowtable") {
    const offset = member(object, "prio");
    const hook = r.optionalText(object, "hook");
    body.flowtable = {
      ...(hook === undefined ? {} : { hook: { text: hook, span } }),
      ...(typeof offset === "number" ? { priority: { offset, span } } : {}),
      devices: r.texts(object, "dev").map((text): Node => ({ kind: "symbol", text, quoted: true, span })),
      flags: [],
      counter: false,
    };
  }
}

function connection(r: Reading, type: ObjectType, object: JsonObject, body: ObjectBody): void {
  const protocol = r.text(object, "protocol"), family = r.optionalText(object, "l3proto");
  if (protocol !== "tcp" && protocol !== "udp") {
    r.fail(object, `Invalid ${type} protocol '${protocol}'.`, "tcp or udp");
  }
  if (family === "ip" || family === "ip6" || family === "inet") body.family = family;
  if (type === "ct helper") {
    body.helper = { name: r.text(object, "type"), protocol };
    return;
  }
  body.protocol = protocol;
  if (type === "ct expectation") {
    body.port = r.number(object, "dport", 65535);
    body.timeout = BigInt(r.number(object, "timeout"));
    body.size = r.number(object, "size", 255);
    return;
  }
  const policy = member(object, "policy");
  if (!isObject(policy)) return;
  const span = r.span(policy);
  body.policy = Object.keys(policy).map((state) => ({
    state,
    seconds: r.number(policy, state, 0xffffffff),
    span,
  }));
}
