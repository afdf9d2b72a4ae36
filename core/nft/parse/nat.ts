import type { Cursor } from "../text/cursor.ts";
import { parseExpression } from "./expression.ts";
import { NUMBER } from "../text/token.ts";
import type { NatNode, Node, StatementNode } from "../tree/tree.ts";

/** NF_NAT_RANGE_* bits of the flag words. */
export const NAT_FLAGS: readonly (readonly [name: string, bit: number])[] = [
  ["random", 4],
  ["fully-random", 16],
  ["persistent", 8],
];

/** `snat|dnat [ip|ip6] [prefix|interval] to ADDRESS[:PORT] [flags]`, `masquerade|redirect [to :PORT] [flags]`. */
export function parseNat(c: Cursor): StatementNode {
  const start = c.at;
  const type = c.take() as NatNode["type"];
  const nat: NatNode = { type, typeSpan: c.since(start), flags: 0 };
  if (type === "snat" || type === "dnat") translation(c, nat);
  else if (c.skip("to")) {
    // redirect accepts `to PORT` as well as `to :PORT`
    if (!c.skip(":") && type === "masquerade") c.unexpected("expected ':'");
    port(c, nat);
  }
  if (isFlag(c)) {
    do nat.flags = flagList(c); // nft keeps the last list
     while ((type === "snat" || type === "dnat") && isFlag(c));
  }
  return { kind: "nat", nat, span: c.since(start) };
}

const isFlag = (c: Cursor): boolean => NAT_FLAGS.some(([name]) => c.is(name));

function flagList(c: Cursor): number {
  let flags = 0;
  do {
    const found = NAT_FLAGS.find(([name]) => c.is(name));
    if (found === undefined) c.unexpected(`expected ${NAT_FLAGS.map(([name]) => name).join(", ")}`);
    c.take();
    flags |= found[1];
  } while (c.skip(","));
  return flags;
}

/** What may follow the family; else `ip` begins the address: `snat ip saddr map ...`. */
const FOLLOW = ["to", "prefix", "interval", "addr"];

function translation(c: Cursor, nat: NatNode): void {
  if ((c.is("ip") || c.is("ip6")) && FOLLOW.some((word) => c.is(word, 1))) {
    nat.family = c.take() as "ip" | "ip6";
  }
  if (c.is("prefix") || c.is("interval")) nat.spread = c.take() as "prefix" | "interval";
  if (nat.family !== undefined && c.is("addr") && c.is(".", 1)) {
    c.take();
    c.take();
    c.expect("port");
  }
  c.skip("to");
  if (c.is(":") && nat.family !== undefined) c.unexpected("an address is expected behind the family");
  if (c.skip(":")) return port(c, nat);
  nat.address = parseAddress(c);
  if (c.skip(":")) port(c, nat);
}

function port(c: Cursor, nat: NatNode): void {
  const start = c.at;
  nat.port = parseExpression(c, "value");
  nat.portSpan = c.since(start);
}

/** An address, a range of them, or a map; an IPv6 address before a port stands in brackets. */
export function parseAddress(c: Cursor): Node {
  if (!c.is("[")) return parseExpression(c, "value");
  const from = bracketed(c);
  if (c.is("/") && c.kind(1) === NUMBER) {
    c.take();
    const length = c.number("a prefix length", 128);
    return { kind: "prefix", base: from, length, span: from.span };
  }
  if (!c.skip("-")) return from;
  const to = bracketed(c);
  return { kind: "range", from, to, span: { ...from.span, end: to.span.end } };
}

function bracketed(c: Cursor): Node {
  const start = c.at;
  c.expect("[");
  const inner = parseExpression(c, "value");
  c.expect("]");
  return { ...inner, span: c.since(start) };
}
