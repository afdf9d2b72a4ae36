import type { Cursor } from "../text/cursor.ts";
import { parseExpression, parsePrimary, parseSpan } from "./expression.ts";
import { parseAddress } from "./nat.ts";
import { NUMBER } from "../text/token.ts";
import type { Node, StatementNode, SynproxyNode } from "../tree/tree.ts";

/** `queue [flags bypass,fanout] [to NUMBER|RANGE|MAP]`, and the older `queue num RANGE bypass,fanout`. */
export function parseQueue(c: Cursor): StatementNode {
  const start = c.at;
  c.expect("queue");
  const queue = { bypass: false, fanout: false };
  let number: Node | undefined;
  let span = c.since(start);
  let simple = true;
  if (c.skip("flags")) {
    flags(c, queue);
    if (!c.is("to") && !c.is("num")) c.unexpected("expected comma or to or num");
    simple = c.take() === "num";
    number = simple ? simpleNumber(c) : queueNumber(c);
    span = c.since(start);
  } else if (c.skip("to")) {
    simple = false;
    number = queueNumber(c);
    span = c.since(start);
  } else {
    while (c.is("num") || c.is("bypass") || c.is("fanout")) {
      if (c.skip("num")) number = simpleNumber(c);
      else flags(c, queue);
    }
  }
  return { kind: "queue", simple, ...queue, span, ...(number === undefined ? {} : { number }) };
}

function flags(c: Cursor, queue: { bypass: boolean; fanout: boolean }): void {
  do {
    if (!c.is("bypass") && !c.is("fanout")) c.unexpected("expected bypass or fanout");
    queue[c.take() as "bypass" | "fanout"] = true;
  } while (c.skip(","));
}

function simpleNumber(c: Cursor): Node {
  if (c.kind() !== NUMBER && !c.is("$")) return c.unexpected("expected number or '$'");
  return parseSpan(c, "right");
}

function queueNumber(c: Cursor): Node {
  if (c.kind() === NUMBER || c.is("$")) return simpleNumber(c);
  if (c.is("{")) return c.unexpected("expected a number, numgen, jhash, symhash or a map");
  const start = c.at;
  const found = parseExpression(c, "value");
  if (found.kind === "map" || found.kind === "numgen" || found.kind === "hash") return found;
  c.at = start + (c.at - start);
  return c.unexpected("expected . or map");
}

/** `dup to ADDRESS [device NAME]`. */
export function parseDup(c: Cursor): StatementNode {
  const start = c.at;
  c.expect("dup");
  c.expect("to");
  const to = parseExpression(c, "value");
  const device = c.skip("device") ? parseExpression(c, "value") : undefined;
  return { kind: "dup", to, span: c.since(start), ...(device === undefined ? {} : { device }) };
}

/** `fwd to DEVICE`, `fwd ip to ADDRESS device NAME`. */
export function parseFwd(c: Cursor): StatementNode {
  const start = c.at;
  c.expect("fwd");
  const family = c.is("ip") || c.is("ip6") ? (c.take() as "ip" | "ip6") : undefined;
  c.expect("to");
  const to = parseExpression(c, "value");
  if (family === undefined) return { kind: "fwd", to, span: c.since(start) };
  c.expect("device");
  const device = parseExpression(c, "value");
  return { kind: "fwd", family, to, device, span: c.since(start) };
}

/** `tproxy [ip|ip6] to ADDRESS[:PORT]` or `to :PORT`. */
export function parseTproxy(c: Cursor): StatementNode {
  const start = c.at;
  c.expect("tproxy");
  const family = (c.is("ip") || c.is("ip6")) && c.is("to", 1) ? (c.take() as "ip" | "ip6") : undefined;
  c.expect("to");
  const address = c.is(":") ? undefined : parseAddress(c);
  const port = c.skip(":") ? parseExpression(c, "value") : undefined;
  return {
    kind: "tproxy",
    span: c.since(start),
    ...(family === undefined ? {} : { family }),
    ...(address === undefined ? {} : { address }),
    ...(port === undefined ? {} : { port }),
  };
}

/** NF_SYNPROXY_OPT_*. */
export const SYNPROXY_MSS = 1, SYNPROXY_WSCALE = 2, SYNPROXY_SACK = 4, SYNPROXY_TIMESTAMP = 8;

/** `synproxy [mss N] [wscale N] [timestamp] [sack-perm]`. */
export function parseSynproxy(c: Cursor): StatementNode {
  const start = c.at;
  c.expect("synproxy");
  return { kind: "synproxy", synproxy: synproxySettings(c), span: c.since(start) };
}

export function synproxySettings(c: Cursor): SynproxyNode {
  let mss = 0, wscale = 0, bits = 0;
  for (;;) {
    if (c.skip("mss")) {
      mss = c.number("a segment size", 0xffff);
      bits |= SYNPROXY_MSS;
    } else if (c.skip("wscale")) {
      wscale = c.number("a window scale", 255);
      bits |= SYNPROXY_WSCALE;
    } else if (c.skip("timestamp")) bits |= SYNPROXY_TIMESTAMP;
    else if (c.skip("sack-perm")) bits |= SYNPROXY_SACK;
    else return { mss, wscale, flags: bits };
  }
}

/** `flow add @NAME`. */
export function parseFlow(c: Cursor): StatementNode {
  const start = c.at;
  c.expect("flow");
  if (!c.skip("add")) c.expect("offload");
  if (!c.is("@")) c.unexpected("expected @flowtable");
  const table = parsePrimary(c, "right");
  const flowtable = table.kind === "set reference" ? table.name : "";
  return { kind: "flow", flowtable, span: c.since(start) };
}
