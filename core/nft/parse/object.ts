import type { ObjectBody, ObjectType } from "../tree/command.ts";
import type { Cursor } from "../text/cursor.ts";
import { SYNPROXY_MSS, SYNPROXY_WSCALE, synproxySettings } from "./action.ts";
import { parsePriority } from "./hook.ts";
import { duration } from "./duration.ts";
import { comment } from "./element.ts";
import { parsePrimary, parseSet } from "./expression.ts";
import { parseCounter, parseLimit, parseQuota } from "./stateful.ts";
import { END, NEWLINE, NUMBER } from "../text/token.ts";

/** Words that begin the declaration of a stateful object. */
export const OBJECT_WORDS: readonly string[] = ["counter", "quota", "limit", "ct"];

export function objectType(c: Cursor): ObjectType {
  const word = c.take();
  if (word !== "ct") return word as ObjectType;
  const second = c.text();
  if (second !== "helper" && second !== "timeout" && second !== "expectation") {
    return c.unexpected("expected helper, timeout or expectation");
  }
  c.take();
  return `ct ${second}` as ObjectType;
}

export function parseObjectBody(c: Cursor, type: ObjectType): ObjectBody {
  const body: ObjectBody = {};
  c.deeper(() => {
    c.expect("{");
    for (;;) {
      c.skipSeparators();
      if (c.skip("}")) break;
      if (c.kind() === END) c.unexpected("expected '}'");
      if (c.skip("comment")) body.comment = comment(c);
      else if (!stateful(c, type, body)) setting(c, type, body);
    }
  });
  return body;
}

/** The short form behind the name: `add counter ip t c packets 1 bytes 2`. */
export function parseObjectInline(c: Cursor, type: ObjectType): ObjectBody | undefined {
  if (c.atLineEnd()) return undefined;
  const body: ObjectBody = {};
  if (!stateful(c, type, body)) c.unexpected("expected the settings of the object");
  if (c.skip("comment")) body.comment = comment(c);
  return body;
}

function stateful(c: Cursor, type: ObjectType, body: ObjectBody): boolean {
  if (type === "counter" && (c.is("packets") || c.is("bytes"))) body.counter = counterValues(c);
  else if (type === "quota") body.quota = parseQuota(c);
  else if (type === "limit") body.limit = parseLimit(c);
  else if (type === "secmark") body.secmark = c.string("a security context");
  else if (type === "synproxy") body.synproxy = synproxyLines(c);
  else return false;
  return true;
}

function counterValues(c: Cursor): { packets: number; bytes: number } {
  let packets = 0;
  let bytes = 0;
  while (c.is("packets") || c.is("bytes")) {
    if (c.skip("packets")) packets = c.number("a number of packets");
    else {
      c.expect("bytes");
      bytes = c.number("a number of bytes");
    }
  }
  return { packets, bytes };
}

/** `mss N; wscale N; timestamp sack-perm`: the first two belong together. */
function synproxyLines(c: Cursor): NonNullable<ObjectBody["synproxy"]> {
  const apart = () => {
    while (c.is(";") || c.kind() === NEWLINE) c.take();
  };
  c.expect("mss");
  const mss = c.number("a segment size", 0xffff);
  apart();
  c.expect("wscale");
  const wscale = c.number("a window scale", 255);
  if (!c.is("timestamp", 1) && !c.is("sack-perm", 1) && !c.is("timestamp") && !c.is("sack-perm")) {
    return { mss, wscale, flags: SYNPROXY_MSS | SYNPROXY_WSCALE };
  }
  apart();
  const { flags } = synproxySettings(c);
  return { mss, wscale, flags: flags | SYNPROXY_MSS | SYNPROXY_WSCALE };
}

/** One line of the body of an object that only holds settings. */
function setting(c: Cursor, type: ObjectType, body: ObjectBody): void {
  if (type === "flowtable") return flowtable(c, body);
  const connection = type === "ct helper" || type === "ct timeout" || type === "ct expectation";
  if (connection && c.skip("l3proto")) {
    if (!c.is("ip") && !c.is("ip6") && !c.is("inet")) c.unexpected("expected ip, ip6 or inet");
    body.family = c.take() as "ip" | "ip6" | "inet";
  } else if (type === "ct helper" && c.skip("type")) {
    const name = c.string("the name of a helper");
    c.expect("protocol");
    body.helper = { name, protocol: transport(c) };
  } else if ((type === "ct timeout" || type === "ct expectation") && c.skip("protocol")) {
    body.protocol = transport(c);
  } else if (type === "ct timeout" && c.skip("policy")) policy(c, body);
  else if (type === "ct expectation" && c.skip("dport")) body.port = c.number("a port", 0xffff);
  else if (type === "ct expectation" && c.skip("timeout")) body.timeout = duration(c);
  else if (type === "ct expectation" && c.skip("size")) body.size = c.number("a number of expectations", 255);
  else return c.unexpected(`expected the settings of a ${type}`);
}

function transport(c: Cursor): "tcp" | "udp" {
  if (!c.is("tcp") && !c.is("udp")) return c.unexpected("expected udp or tcp");
  return c.take() as "tcp" | "udp";
}

/** `= { established : 300, close : 10 }`, in seconds; since nft 1.0.9 with units too: `established : 5m`. */
function policy(c: Cursor, body: ObjectBody): void {
  body.policy ??= [];
  c.expect("=");
  c.expect("{");
  do {
    c.skipNewlines();
    const span = c.span();
    const state = c.string("the name of a state");
    c.expect(":");
    if (c.kind() !== NUMBER && !c.newest) c.unexpected("expecting number");
    const seconds = c.kind() === NUMBER
      ? c.number("a number of seconds", 0xffffffff)
      : Math.min(Number(duration(c) / 1000n), 0xffffffff);
    body.policy.push({ state, seconds, span });
    c.skipNewlines();
  } while (c.skip(","));
  c.expect("}");
}

function flowtable(c: Cursor, body: ObjectBody): void {
  const table = body.flowtable ??= { devices: [], flags: [], counter: false };
  if (c.skip("hook")) {
    const span = c.span();
    table.hook = { text: c.name("ingress"), span };
    c.expect("priority");
    table.priority = parsePriority(c);
  } else if (c.skip("devices")) {
    c.expect("=");
    table.devices.push(c.is("{") ? parseSet(c, "right") : parsePrimary(c, "right"));
  } else if (c.skip("counter")) table.counter = true;
  else if (c.skip("flags")) {
    do {
      if (!c.is("offload")) c.unexpected("expecting offload");
      table.flags.push(c.take());
    } while (c.skip(","));
  } else return c.unexpected("expected hook, devices, counter or flags");
}
export { parseCounter };
