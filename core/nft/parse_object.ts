import type { ObjectBody, ObjectType } from "./command.ts";
import type { Cursor } from "./cursor.ts";
import { comment } from "./parse_element.ts";
import { parseCounter, parseLimit, parseQuota } from "./parse_stateful.ts";
import { END, NEWLINE } from "./token.ts";

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
  const body: ObjectBody = { settings: new Map() };
  c.deeper(() => {
    c.expect("{");
    for (;;) {
      c.skipSeparators();
      if (c.skip("}")) break;
      if (c.kind() === END) c.unexpected("expected '}'");
      if (c.skip("comment")) body.comment = comment(c);
      else if (!stateful(c, type, body)) setting(c, body);
    }
  });
  return body;
}

/** The short form behind the name: `add counter ip t c packets 1 bytes 2`. */
export function parseObjectInline(c: Cursor, type: ObjectType): ObjectBody | undefined {
  if (c.atLineEnd()) return undefined;
  const body: ObjectBody = { settings: new Map() };
  if (!stateful(c, type, body)) c.unexpected("expected the settings of the object");
  if (c.skip("comment")) body.comment = comment(c);
  return body;
}

function stateful(c: Cursor, type: ObjectType, body: ObjectBody): boolean {
  if (type === "counter" && (c.is("packets") || c.is("bytes"))) body.counter = counterValues(c);
  else if (type === "quota") body.quota = parseQuota(c);
  else if (type === "limit") body.limit = parseLimit(c);
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

/** One line of a body kept as its words: `type "sip" protocol udp`. */
function setting(c: Cursor, body: ObjectBody): void {
  const key = c.take();
  const words: string[] = [];
  let depth = 0;
  while (c.kind() !== END) {
    if (c.is("{")) depth++;
    if (depth === 0 && (c.kind() === NEWLINE || c.is(";") || c.is("}"))) break;
    if (c.is("}")) depth--;
    words.push(c.take());
  }
  body.settings.set(key, words.filter((word) => word !== "\n").join(" "));
}
export { parseCounter };
