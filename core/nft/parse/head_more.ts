import type { SocketKey, XfrmKey } from "../../expr/expression.ts";
import type { Cursor } from "../text/cursor.ts";
import { refuse } from "../text/diagnostic.ts";
import { OPTION_LISTS } from "../protocol/option_list.ts";
import type { Node } from "../tree/tree.ts";

const SOCKET_KEYS: readonly string[] = ["transparent", "mark", "wildcard"];

/** `socket transparent`; behind `cgroupv2 level N` only a path of this machine can stand, which no packet here has. */
export function socket(c: Cursor, start: number): Node {
  if (c.is("cgroupv2")) {
    c.take();
    c.expect("level");
    c.number("a level", 255);
    const at = c.span();
    c.string("a path");
    refuse(at, "cgroupv2 path fails: No such file or directory", [], ["a router has no control groups"]);
  }
  if (!SOCKET_KEYS.includes(c.text())) return c.unexpected(`keys of socket: ${SOCKET_KEYS.join(", ")}`);
  return { kind: "socket", key: c.take() as SocketKey, span: c.since(start) };
}

/** NF_OSF_TTL_*. */
const TTL_LOOSE = 1, TTL_SKIP = 2;

/** `osf [ttl loose|skip] name|version`. */
export function fingerprint(c: Cursor, start: number): Node {
  let ttl = 0;
  if (c.skip("ttl")) {
    const at = c.span();
    const word = c.string("loose or skip");
    if (word !== "loose" && word !== "skip") {
      refuse(at, "invalid ttl option", [], ["expected loose or skip"]);
    }
    ttl = word === "loose" ? TTL_LOOSE : TTL_SKIP;
  }
  if (!c.is("name") && !c.is("version")) return c.unexpected("expected name or version");
  return { kind: "osf", ttl, version: c.take() === "version", span: c.since(start) };
}

/** `ipsec in|out [spnum N] reqid|spi|ip saddr|...`. */
export function ipsec(c: Cursor, start: number): Node {
  const direction = c.take() as "in" | "out";
  let template = 0;
  if (c.skip("spnum")) {
    const at = c.at - 1;
    template = c.number("the number of a transform");
    if (template > 255 && !c.atLineEnd()) refuse(c.since(at), "value too large");
  }
  return { kind: "xfrm", direction, key: xfrmKey(c), template, span: c.since(start) };
}

function xfrmKey(c: Cursor): XfrmKey {
  if (c.is("reqid") || c.is("spi")) return c.take() as XfrmKey;
  if (!c.is("ip") && !c.is("ip6")) return c.unexpected("expected ip or ip6 or spi or reqid");
  const version = c.take() === "ip" ? "4" : "6";
  if (!c.is("saddr") && !c.is("daddr")) return c.unexpected("expected saddr or daddr");
  return `${c.take()}${version}` as XfrmKey;
}

/** `ip option NAME [FIELD]`, `sctp chunk NAME [FIELD]`. */
export function listOption(c: Cursor, start: number, of: "ip" | "sctp"): Node {
  c.take();
  // nft places a chunk by its name alone.
  if (of === "sctp") start = c.at;
  const { options, words } = OPTION_LISTS[of];
  const option = c.isWord() ? options.get(c.text()) : undefined;
  if (option === undefined) return c.unexpected(`known behind ${words}: ${[...options.keys()].join(", ")}`);
  c.take();
  const field = c.isWord() ? option.fields.find((known) => known.name === c.text()) : undefined;
  if (field === undefined) return { kind: "option", of, option: option.name, span: c.since(start) };
  const at = c.at;
  c.take();
  return {
    kind: "option",
    of,
    option: option.name,
    field: field.name,
    fieldSpan: c.since(at),
    span: c.since(start),
  };
}
