import { SYNPROXY_MSS, SYNPROXY_SACK, SYNPROXY_TIMESTAMP, SYNPROXY_WSCALE } from "../parse/action.ts";
import type { StatementNode } from "../tree/tree.ts";
import { member, type Reading } from "./document.ts";
import type { Json, JsonObject } from "./json.ts";
import { readExpression, readMember } from "./read_expression.ts";

type Reader = (r: Reading, body: Json, whole: JsonObject, name: string) => StatementNode;

/** Statements that hand the packet, or a copy of it, to something else. */
export const ACTIONS: readonly [string, Reader][] = [
  ["queue", queue],
  ["dup", dup],
  ["fwd", fwd],
  ["tproxy", tproxy],
  ["synproxy", synproxy],
  ["flow", flow],
];

function queue(r: Reading, body: Json, whole: JsonObject): StatementNode {
  const span = r.span(whole);
  if (body === null) return { kind: "queue", simple: true, bypass: false, fanout: false, span };
  const object = r.object(body, "queue", whole),
    flags = known(r, object, "queue", ["bypass", "fanout"]),
    num = member(object, "num");
  const number = num === undefined ? undefined : readExpression(r, num, object);
  return {
    kind: "queue",
    ...(number === undefined ? {} : { number }),
    simple: number === undefined || number.kind === "symbol" || number.kind === "range",
    bypass: flags.includes("bypass"),
    fanout: flags.includes("fanout"),
    span,
  };
}

/** Flags, all of which must be among these. */
function known(r: Reading, object: JsonObject, what: string, flags: readonly string[]): string[] {
  const given = r.texts(object, "flags"), unknown = given.find((flag) => !flags.includes(flag));
  if (unknown !== undefined) {
    r.fail(object, `Invalid ${what} flag '${unknown}'.`, `flags are ${flags.join(", ")}`);
  }
  return given;
}

function family(r: Reading, object: JsonObject): { family?: "ip" | "ip6" } {
  const word = r.optionalText(object, "family");
  return word === "ip" || word === "ip6" ? { family: word } : {};
}

function dup(r: Reading, body: Json, whole: JsonObject): StatementNode {
  const object = r.object(body, "dup", whole), span = r.span(whole);
  const address = member(object, "addr"), device = member(object, "dev");
  const to = address ?? device ?? r.needed(object, "addr");
  return {
    kind: "dup",
    to: readExpression(r, to, object),
    ...(address === undefined || device === undefined ? {} : { device: readExpression(r, device, object) }),
    span,
  };
}

function fwd(r: Reading, body: Json, whole: JsonObject): StatementNode {
  const object = r.object(body, "fwd", whole), span = r.span(whole);
  const address = member(object, "addr"), device = readMember(r, object, "dev");
  if (address === undefined) return { kind: "fwd", to: device, span };
  return { kind: "fwd", ...family(r, object), to: readExpression(r, address, object), device, span };
}

function tproxy(r: Reading, body: Json, whole: JsonObject): StatementNode {
  const object = r.object(body, "tproxy", whole);
  const address = member(object, "addr"), port = member(object, "port");
  return {
    kind: "tproxy",
    ...family(r, object),
    ...(address === undefined ? {} : { address: readExpression(r, address, object) }),
    ...(port === undefined ? {} : { port: readExpression(r, port, object) }),
    span: r.span(whole),
  };
}

function synproxy(r: Reading, body: Json, whole: JsonObject, name: string): StatementNode {
  const span = r.span(whole);
  if (typeof body === "string") {
    return { kind: "object", type: name, name: { kind: "symbol", text: body, quoted: true, span }, span };
  }
  const object = body === null ? {} : r.object(body, "synproxy", whole);
  const words = known(r, object, "synproxy", ["timestamp", "sack-perm"]);
  const mss = r.optionalNumber(object, "mss", 65535), wscale = r.optionalNumber(object, "wscale", 14);
  const flags = (mss === undefined ? 0 : SYNPROXY_MSS) | (wscale === undefined ? 0 : SYNPROXY_WSCALE) |
    (words.includes("timestamp") ? SYNPROXY_TIMESTAMP : 0) |
    (words.includes("sack-perm") ? SYNPROXY_SACK : 0);
  return { kind: "synproxy", synproxy: { mss: mss ?? 0, wscale: wscale ?? 0, flags }, span };
}

function flow(r: Reading, body: Json, whole: JsonObject): StatementNode {
  const object = r.object(body, "flow", whole), op = r.optionalText(object, "op") ?? "add";
  if (op !== "add") r.fail(object, `Unknown flow offload statement op '${op}'.`);
  return { kind: "flow", flowtable: r.text(object, "flowtable").replace(/^@/, ""), span: r.span(whole) };
}
