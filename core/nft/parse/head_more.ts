import type { SocketKey, XfrmKey } from "../../expr/expression.ts";
import type { Cursor } from "../text/cursor.ts";
import { refuse } from "../text/diagnostic.ts";
import { OPTION_LISTS } from "../protocol/option_list.ts";
import type { Node } from "../tree/tree.ts";

export const SOCKET_KEYS: readonly SocketKey[] = ["transparent", "mark", "wildcard"];

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
  const key = SOCKET_KEYS.find((known) => known === c.text());
  if (key === undefined) return c.unexpected(`keys of socket: ${SOCKET_KEYS.join(", ")}`);
  c.take();
  return { kind: "socket", key, span: c.since(start) };
}

/** NF_OSF_TTL_*. */
export const OSF_TTL: Readonly<Record<string, number>> = { loose: 1, skip: 2 };

/** `osf [ttl loose|skip] name|version`. */
export function fingerprint(c: Cursor, start: number): Node {
  let ttl = 0;
  if (c.skip("ttl")) {
    const at = c.span();
    const word = c.string("loose or skip");
    const known = Object.hasOwn(OSF_TTL, word) ? OSF_TTL[word] : undefined;
    ttl = known ?? refuse(at, "invalid ttl option", [], ["expected loose or skip"]);
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

/** What `ipsec` reads of a state, as written. */
export const XFRM_KEYS: Readonly<Record<string, XfrmKey>> = {
  "reqid": "reqid",
  "spi": "spi",
  "ip saddr": "saddr4",
  "ip daddr": "daddr4",
  "ip6 saddr": "saddr6",
  "ip6 daddr": "daddr6",
};

function xfrmKey(c: Cursor): XfrmKey {
  if (c.is("reqid") || c.is("spi")) return c.take() as XfrmKey;
  if (!c.is("ip") && !c.is("ip6")) return c.unexpected("expected ip or ip6 or spi or reqid");
  const family = c.take();
  if (!c.is("saddr") && !c.is("daddr")) return c.unexpected("expected saddr or daddr");
  return XFRM_KEYS[`${family} ${c.take()}`]!;
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
