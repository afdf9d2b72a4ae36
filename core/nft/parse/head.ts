import type { Cursor } from "../text/cursor.ts";
import { numberValue } from "../text/cursor.ts";
import { refuse } from "../text/diagnostic.ts";
import { EXTENSIONS } from "../protocol/extension.ts";
import type { Protocol } from "../protocol/protocol.ts";
import { PROTOCOLS } from "../protocol/registry.ts";
import { TUNNELS } from "../protocol/tunnel.ts";
import { TCP_OPTIONS } from "../protocol/tcp_option.ts";
import { CT_KEYS, META_KEYS, UNQUALIFIED_META } from "../keys.ts";
import type { ExpressionReader } from "./side.ts";
import { fingerprint, ipsec, listOption, socket } from "./head_more.ts";
import { NUMBER } from "../text/token.ts";
import type { Node } from "../tree/tree.ts";
import { OPERATOR_WORDS, RESERVED } from "../text/words.ts";

/** Words that begin an expression about the packet, its flow or its way. */
export const HEAD_WORDS: ReadonlySet<string> = new Set([
  ...PROTOCOLS.keys(),
  ...EXTENSIONS.keys(),
  ...UNQUALIFIED_META,
  "meta",
  "ct",
  "rt",
  "fib",
  "exthdr",
  "numgen",
  "jhash",
  "symhash",
  "socket",
  "osf",
]);

/** What a packet carries or what is known of it: `tcp dport`, `meta mark`, `jhash EXPRESSION mod N`. */
export function parseHead(c: Cursor, expression: ExpressionReader): Node {
  const start = c.at;
  if (c.is("@")) return rawPayload(c);
  const word = c.take();
  if (word === "meta") return metaKey(c, start);
  if (word === "ipsec" && (c.is("in") || c.is("out"))) return ipsec(c, start);
  if (word === "osf") return fingerprint(c, start);
  if (UNQUALIFIED_META.has(word)) {
    return { kind: "meta", key: META_KEYS.get(word)!.name, span: c.since(start) };
  }
  if (word === "ct") return ctKey(c, start);
  if (word === "fib") return fib(c, start);
  if (word === "numgen") return numgen(c, start);
  if (word === "jhash" || word === "symhash") return hash(c, start, word, expression);
  if (word === "socket") return socket(c, start);
  if (word === "exthdr") {
    const header = c.name("the name of an extension header");
    if (
      !EXTENSIONS.has(header) || header.startsWith("srh") || header.startsWith("rt0") ||
      header.startsWith("rt2")
    ) refuse(c.since(c.at - 1), "syntax error, unexpected string");
    return { kind: "extension", header, span: c.since(start) };
  }
  if (word === "rt" && ["classid", "nexthop", "mtu", "ipsec", "ip", "ip6"].includes(c.text())) {
    return route(c, start);
  }
  if (word === "tcp" && c.is("option")) return tcpOption(c, start);
  if (word === "ip" && c.is("option")) return listOption(c, start, "ip");
  if (word === "sctp" && c.is("chunk")) return listOption(c, start, "sctp");
  const extension = EXTENSIONS.get(word);
  if (extension !== undefined) return extensionField(c, start, word);
  return payload(c, start, word);
}

/** Whether a tunnel's field stands here: `vxlan vni`, `gre ip saddr`. */
export function startsTunnel(c: Cursor): boolean {
  const tunnel = c.newest && c.isWord() ? TUNNELS.get(c.text()) : undefined;
  if (tunnel === undefined) return false;
  const word = c.text(1);
  return c.isWord(1) &&
    (PROTOCOLS.has(word) && word !== "th" || tunnel.row.fields.some((field) => field.name === word));
}

export function parseTunnel(c: Cursor): Node {
  const start = c.at, { name: tunnel, row } = TUNNELS.get(c.take())!;
  const at = c.at, word = c.text();
  if (row.fields.some((field) => field.name === word)) return ownField(c, start, tunnel, at);
  c.take();
  const inner = payload(c, at, word);
  return { kind: "tunnel", tunnel, inner, span: c.since(start) };
}

function ownField(c: Cursor, start: number, tunnel: string, at: number): Node {
  const field = c.take(), span = c.since(start);
  return {
    kind: "tunnel",
    tunnel,
    inner: { kind: "payload", protocol: tunnel, field, fieldSpan: c.since(at), span },
    span,
  };
}

function payload(c: Cursor, start: number, word: string): Extract<Node, { kind: "payload" }> {
  const protocol = PROTOCOLS.get(word)!;
  const at = c.at;
  const names = fieldNames(protocol, c.newest);
  const first = c.isWord() ? c.text() : "";
  let name = names.find((known) => known === first);
  if (name === undefined && c.isWord(1)) name = names.find((known) => known === `${first} ${c.text(1)}`);
  if (name === undefined) c.unexpected(`fields of ${word}: ${names.join(", ")}`);
  for (const _part of name.split(" ")) c.take();
  const field = protocol.fields.find((known) => known.written === name)?.name ?? name;
  return { kind: "payload", protocol: word, field, fieldSpan: c.since(at), span: c.since(start) };
}

const namesOf = [new Map<Protocol, readonly string[]>(), new Map<Protocol, readonly string[]>()] as const;

function fieldNames(protocol: Protocol, newest: boolean): readonly string[] {
  const known = namesOf[newest ? 1 : 0];
  let names = known.get(protocol);
  if (names === undefined) {
    known.set(
      protocol,
      names = protocol.fields.filter((field) => newest || !field.newest).flatMap((field) =>
        field.written === undefined ? [field.name] : [field.written, field.name]
      ),
    );
  }
  return names;
}

const RAW_BASES: Readonly<Record<string, "link" | "network" | "transport" | "inner">> = {
  ll: "link",
  nh: "network",
  th: "transport",
  ih: "inner",
};

/** `@nh,OFFSET,LENGTH`, both in bits. */
function rawPayload(c: Cursor): Node {
  const start = c.at;
  c.take();
  const base = Object.hasOwn(RAW_BASES, c.text()) ? RAW_BASES[c.text()] : undefined;
  if (base === undefined) return c.unexpected("expected ll, nh, th or ih");
  c.take();
  c.expect(",");
  const offset = c.number("an offset in bits", 0xffff);
  c.expect(",");
  const bits = c.number("a length in bits", 0xffff);
  return { kind: "raw payload", base, offset, bits, span: c.since(start) };
}

function metaKey(c: Cursor, start: number): Node {
  const key = c.isWord() ? META_KEYS.get(c.text()) : undefined;
  if (key === undefined || (key.newest && !c.newest)) {
    if (!c.isWord() || RESERVED.has(c.text()) || OPERATOR_WORDS.has(c.text())) {
      return c.unexpected(`keys of meta: ${metaKeys(c)}`);
    }
    const word = c.take();
    return refuse(c.since(start), `syntax error, unexpected ${word}, known keys are ${metaKeys(c)}`);
  }
  c.take();
  return { kind: "meta", key: key.name, span: c.since(start) };
}

const metaKeys = ({ newest }: Cursor): string =>
  [...new Set([...META_KEYS.values()].filter((row) => newest || !row.newest).map((row) => row.name))].join(
    ", ",
  );

function ctKey(c: Cursor, start: number): Node {
  const direction = c.is("original") || c.is("reply") ? (c.take() as "original" | "reply") : undefined;
  let family: "ip" | "ip6" | undefined;
  if (direction !== undefined && (c.is("ip") || c.is("ip6"))) family = c.take() as "ip" | "ip6";
  const row = c.isWord() ? CT_KEYS.get(c.text()) : undefined;
  const addressed = row !== undefined && (row.name === "saddr" || row.name === "daddr");
  const fits = row !== undefined && (direction === undefined || row.directed) &&
    (family === undefined || addressed) &&
    !(direction === undefined && addressed);
  if (!fits) return c.unexpected(`keys of ct: ${[...CT_KEYS.keys()].join(", ")}`);
  c.take();
  return {
    kind: "ct",
    key: row.name,
    ...(direction === undefined ? {} : { direction }),
    ...(family === undefined ? {} : { family }),
    span: c.since(start),
  };
}

function route(c: Cursor, start: number): Node {
  const family = c.is("ip") || c.is("ip6") ? (c.take() as "ip" | "ip6") : undefined;
  const key = c.name("classid, nexthop, mtu or ipsec");
  return { kind: "rt", key, ...(family === undefined ? {} : { family }), span: c.since(start) };
}

/** What a route lookup may be asked with. */
export const FIB_FLAGS: readonly string[] = ["saddr", "daddr", "mark", "iif", "oif"];

function fib(c: Cursor, start: number): Node {
  const flags: string[] = [];
  const at = c.at;
  do {
    if (!FIB_FLAGS.includes(c.text())) return c.unexpected(`expected ${FIB_FLAGS.join(", ")}`);
    flags.push(c.take());
  } while (c.skip("."));
  const flagSpan = c.since(at);
  const check = c.newest && c.is("check");
  if (!check && !["oif", "oifname", "type"].includes(c.text())) {
    return c.unexpected(`expected oif, oifname${c.newest ? ", check" : ""} or type`);
  }
  const result = c.take();
  return { kind: "fib", flags, flagSpan, result, span: c.since(start) };
}

function numgen(c: Cursor, start: number): Node {
  if (!c.is("inc") && !c.is("random")) return c.unexpected("expected inc or random");
  const mode = c.take() as "inc" | "random";
  c.expect("mod");
  const modulus = c.number("a modulus", 0xffffffff);
  const offset = c.skip("offset") ? c.number("an offset", 0xffffffff) : 0;
  return { kind: "numgen", mode, modulus, offset, span: c.since(start) };
}

function hash(c: Cursor, start: number, mode: "jhash" | "symhash", expression: ExpressionReader): Node {
  const key = mode === "jhash" ? expression(c, "left") : undefined;
  c.expect("mod");
  const modulus = c.number("a modulus", 0xffffffff);
  const seed = c.skip("seed") ? c.number("a seed", 0xffffffff) : undefined;
  const offset = c.skip("offset") ? c.number("an offset", 0xffffffff) : 0;
  return {
    kind: "hash",
    mode,
    modulus,
    offset,
    ...(key === undefined ? {} : { key }),
    ...(seed === undefined ? {} : { seed }),
    span: c.since(start),
  };
}

/** `tcp option NAME [FIELD]` and `tcp option @TYPE,OFFSET,LENGTH`. */
function tcpOption(c: Cursor, start: number): Node {
  c.take();
  if (c.is("@")) {
    c.take();
    const type = c.number("an option number", 255);
    c.expect(",");
    const offset = c.number("an offset in bits", 0xffff);
    c.expect(",");
    const bits = c.number("a length in bits", 0xffff);
    return { kind: "option", option: `${type}`, raw: { type, offset, bits }, span: c.since(start) };
  }
  if (c.kind() === NUMBER) {
    if (numberValue(c.text()) > 255) refuse(c.span(), "value too large");
    return { kind: "option", option: c.take(), span: c.since(start) };
  }
  const option = TCP_OPTIONS.get(c.text());
  if (option === undefined) return c.unexpected(`options: ${[...TCP_OPTIONS.keys()].join(", ")}`);
  const name = c.take();
  const field = c.isWord()
    ? option.fields.find((known) => known.name === c.text() && known.name !== "kind")
    : undefined;
  if (field === undefined) {
    if (["left", "right", "size", "count", "length", "window"].includes(c.text())) {
      refuse(c.span(), `syntax error, unexpected ${c.text()}`, [], [`${name} has no such field`]);
    }
    return { kind: "option", option: name, span: c.since(start) };
  }
  const at = c.at;
  c.take();
  return { kind: "option", option: name, field: field.name, fieldSpan: c.since(at), span: c.since(start) };
}

function extensionField(c: Cursor, start: number, word: string): Node {
  const header = EXTENSIONS.get(word)!;
  const field = c.isWord() ? header.fields.find((known) => known.name === c.text()) : undefined;
  if (field === undefined) {
    return c.unexpected(`fields of ${word}: ${header.fields.map((f) => f.name).join(", ")}`);
  }
  c.take();
  let index: number | undefined;
  if (field.indexed === true) {
    c.expect("[");
    index = c.number("an index", 255);
    c.expect("]");
  }
  return {
    kind: "extension",
    header: word,
    field: field.name,
    ...(index === undefined ? {} : { index }),
    span: c.since(start),
  };
}
