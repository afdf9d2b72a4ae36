import type { Cursor } from "../text/cursor.ts";
import { duration } from "./duration.ts";
import { refuse } from "../text/diagnostic.ts";
import { NUMBER, QUOTED, WORD } from "../text/token.ts";
import type { LimitNode, Node, StatementNode } from "../tree/tree.ts";

/** `counter [packets N bytes N]`. */
export function parseCounter(c: Cursor): { packets: number; bytes: number } {
  c.expect("counter");
  let packets = 0;
  let bytes = 0;
  for (;;) {
    if (c.skip("packets")) packets = c.number("a number of packets");
    else if (c.skip("bytes")) bytes = c.number("a number of bytes");
    else return { packets, bytes };
  }
}

/** `counter`, `limit`, `quota`, `ct count`, or a reference to a named one. */
export function parseStateful(c: Cursor): StatementNode {
  const start = c.at;
  if (c.is("ct")) {
    c.take();
    c.expect("count");
    const inverted = c.skip("over");
    const count = c.number("a number of connections", 0xffffffff);
    return { kind: "connlimit", count, inverted, span: c.since(start) };
  }
  if (c.is("last")) return parseLast(c);
  const word = c.text();
  if (c.is("name", 1)) {
    c.take();
    c.take();
    return { kind: "object", type: word, name: objectName(c), span: c.since(start) };
  }
  if (word === "counter") return { kind: "counter", ...parseCounter(c), span: c.since(start) };
  if (word === "quota") {
    c.take();
    const quota = parseQuota(c);
    return { kind: "quota", ...quota, span: c.since(start) };
  }
  c.take();
  return { kind: "limit", limit: parseLimit(c), span: c.since(start) };
}

/** `last [used never | used TIME]`. */
function parseLast(c: Cursor): StatementNode {
  const start = c.at;
  c.expect("last");
  if (!c.skip("used") || c.skip("never")) return { kind: "last", span: c.since(start) };
  const used = Number(duration(c));
  return { kind: "last", used, span: c.since(start) };
}

/** Whether a statement of elements begins here, `counter` apart. */
export const startsStateful = (c: Cursor): boolean =>
  c.is("limit") || c.is("quota") || (c.is("ct") && c.is("count", 1)) || (c.newest && c.is("last"));

/** The name of a stateful object, or a map from keys to names. */
export function objectName(c: Cursor): Node {
  const start = c.at;
  if (c.kind() !== QUOTED && c.kind() !== WORD) c.unexpected("expected a name");
  const text = c.string("a name");
  return { kind: "symbol", text, quoted: true, span: c.since(start) };
}

const UNITS: Readonly<Record<string, number>> = {
  second: 1,
  minute: 60,
  hour: 3600,
  day: 86400,
  week: 604800,
};
const SIZES: Readonly<Record<string, number>> = { bytes: 1, kbytes: 1024, mbytes: 1024 * 1024 };

/** What follows `limit`: `rate [over] N[/ second] [burst N packets]`. */
export function parseLimit(c: Cursor): LimitNode {
  c.expect("rate");
  const inverted = c.skip("over");
  const start = c.at;
  const rate = c.number("a rate");
  let size = 0;
  if (c.isWord() && !c.is("packets")) {
    const unit = c.take();
    const sizeAt = c.since(start);
    const found = sizeOf(unit.split("/")[0]!);
    if (found === undefined) refuse(sizeAt, "Wrong rate format", [], ["units are bytes, kbytes, mbytes"]);
    size = found;
    if (unit.includes("/")) {
      return finish(c, { rate, size, inverted }, unit.slice(unit.indexOf("/") + 1), sizeAt);
    }
  }
  c.expect("/");
  const at = c.span();
  const unit = c.isWord() || c.kind() === NUMBER
    ? c.take()
    : c.unexpected("expected second, minute, hour, day or week");
  return finish(c, { rate, size, inverted }, unit, at);
}

function finish(
  c: Cursor,
  found: { rate: number; size: number; inverted: boolean },
  unitWord: string,
  at: ReturnType<Cursor["span"]>,
): LimitNode {
  const unit = Object.hasOwn(UNITS, unitWord) ? UNITS[unitWord] : undefined;
  if (unit === undefined) {
    refuse(at, "syntax error, unexpected string", [], ["expected second, minute, hour, day or week"]);
  }
  const type = found.size === 0 ? "packets" : "bytes";
  let burst = type === "packets" ? 5 : 0;
  if (c.skip("burst")) {
    burst = c.number("a number");
    const burstAt = c.span();
    const word = c.isWord() ? c.text() : "";
    if (word === "packets" && type === "packets") c.take();
    else if (type === "bytes" && sizeOf(word) !== undefined) burst *= sizeOf(c.take())!;
    else if (word === "packets" || sizeOf(word) !== undefined) {
      refuse(burstAt, "Wrong burst format", [], [`this limit counts ${type}`]);
    } else if (type === "bytes") c.unexpected("expected bytes, kbytes or mbytes");
  }
  const rate = found.rate * (found.size || 1);
  if (rate === 0) refuse(at, "limit rate must be greater than zero");
  return { rate, unit, burst, type, inverted: found.inverted };
}

const sizeOf = (word: string): number | undefined => (Object.hasOwn(SIZES, word) ? SIZES[word] : undefined);

/** `[over|until] N mbytes [used N bytes]`. */
export function parseQuota(c: Cursor): { inverted: boolean; bytes: number; used: number } {
  const start = c.at - 1;
  const inverted = c.skip("over");
  if (!inverted) c.skip("until");
  const bytes = size(c, start);
  const used = c.skip("used") ? size(c, start) : 0;
  return { inverted, bytes, used };
}

function size(c: Cursor, start: number): number {
  const amount = c.number("a number of bytes");
  const unit = c.isWord() ? sizeOf(c.take()) : undefined;
  if (unit === undefined) {
    refuse(c.since(start), "Wrong rate format", [], ["units are bytes, kbytes, mbytes"]);
  }
  return amount * unit;
}
