import { CT_KEYS, META_KEYS } from "../keys.ts";
import { EXTENSIONS } from "../protocol/extension.ts";
import { OPTION_LISTS } from "../protocol/option_list.ts";
import { TUNNELS } from "../protocol/tunnel.ts";
import { PROTOCOLS } from "../protocol/registry.ts";
import type { Node } from "../tree/tree.ts";
import { member, type Reading } from "./document.ts";
import type { Json, JsonObject } from "./json.ts";

const BASES: ReadonlyMap<string, "link" | "network" | "transport" | "inner"> = new Map([
  ["ll", "link"],
  ["nh", "network"],
  ["th", "transport"],
  ["ih", "inner"],
]);

/** What packets carry, and what is known of them and their connections: a header's field, or bits of it. */
export function payload(r: Reading, body: Json, whole: JsonObject): Node {
  const object = r.object(body, "payload", whole), span = r.span(whole);
  if (member(object, "base") !== undefined) {
    const base = BASES.get(r.text(object, "base"));
    if (base === undefined) return r.fail(object, "the base of a payload is ll, nh, th or ih");
    return {
      kind: "raw payload",
      base,
      offset: r.number(object, "offset", 0xffff),
      bits: r.number(object, "len", 0xffff),
      span,
    };
  }
  const protocol = r.text(object, "protocol"), field = r.text(object, "field");
  const name = r.optionalText(object, "tunnel") ?? (TUNNELS.has(protocol) ? protocol : undefined);
  if (name !== undefined) {
    if (!TUNNELS.has(name)) r.fail(object, `Unknown tunnel '${name}'.`, [...TUNNELS.keys()].join(", "));
    const row = protocol === name ? TUNNELS.get(name)!.row : PROTOCOLS.get(protocol);
    if (!row?.fields.some((known) => known.name === field)) {
      r.fail(object, `Unknown ${protocol} field '${field}'.`);
    }
    return {
      kind: "tunnel",
      tunnel: name,
      inner: { kind: "payload", protocol, field, fieldSpan: span, span },
      span,
    };
  }
  const row = PROTOCOLS.get(protocol);
  if (row === undefined) {
    r.fail(object, `Unknown payload protocol '${protocol}'.`, [...PROTOCOLS.keys()].join(", "));
  }
  if (!row.fields.some((known) => known.name === field)) {
    const names = row.fields.map((known) => known.name).join(", ");
    r.fail(object, `Unknown ${protocol} field '${field}'.`, `fields of ${protocol}: ${names}`);
  }
  return { kind: "payload", protocol, field, fieldSpan: span, span };
}

export function extension(r: Reading, body: Json, whole: JsonObject): Node {
  const object = r.object(body, "exthdr", whole), span = r.span(whole);
  const header = r.text(object, "name"), row = EXTENSIONS.get(header);
  if (row === undefined) return r.fail(object, `Invalid exthdr protocol '${header}'.`);
  const name = r.optionalText(object, "field");
  if (name === undefined) return { kind: "extension", header, span };
  // `sid[2]`, or the first member's name and how many bits further on.
  const [, plain = name, index] = /^(.*)\[(\d{1,3})\]$/.exec(name) ?? [];
  const field = row.fields.find((known) => known.name === plain);
  if (field === undefined || (index !== undefined && field.indexed !== true)) {
    return r.fail(object, `Unknown ${header} field ${name}.`);
  }
  const offset = r.optionalNumber(object, "offset", 0xffff) ?? 0;
  return {
    kind: "extension",
    header,
    field: plain,
    ...(field.indexed === true ? { index: Number(index ?? offset / field.bits + 1) } : {}),
    span,
  };
}

export function tcpOption(r: Reading, body: Json, whole: JsonObject): Node {
  const object = r.object(body, "tcp option", whole), span = r.span(whole);
  const type = r.optionalNumber(object, "base", 255);
  if (type === undefined) return listed(r, body, whole, "tcp");
  const raw = { type, offset: r.number(object, "offset", 0xffff), bits: r.number(object, "len", 0xffff) };
  // The first byte, or nothing of it: whether it is there, or all of it (`reset`).
  if (raw.offset === 0 && (raw.bits === 8 || raw.bits === 0)) {
    return { kind: "option", option: `${type}`, span };
  }
  return { kind: "option", option: `${type}`, raw, span };
}

export function listed(r: Reading, body: Json, whole: JsonObject, of: "tcp" | "ip" | "sctp"): Node {
  const { options, words } = OPTION_LISTS[of];
  const object = r.object(body, words, whole), span = r.span(whole);
  const option = r.text(object, "name"), row = options.get(option);
  if (row === undefined) return r.fail(object, `Unknown ${words} name '${option}'.`);
  const field = r.optionalText(object, "field");
  if (field !== undefined && !row.fields.some((known) => known.name === field)) {
    return r.fail(object, `Unknown ${words} field '${field}'.`);
  }
  return {
    kind: "option",
    ...(of === "tcp" ? {} : { of }),
    option,
    ...(field === undefined ? {} : { field, fieldSpan: span }),
    span,
  };
}

export function meta(r: Reading, body: Json, whole: JsonObject): Node {
  const object = r.object(body, "meta", whole), key = r.text(object, "key"), row = META_KEYS.get(key);
  if (row === undefined) return r.fail(object, `Unknown meta key '${key}'.`);
  return { kind: "meta", key: row.name, span: r.span(whole) };
}

export function ct(r: Reading, body: Json, whole: JsonObject): Node {
  const object = r.object(body, "ct", whole), given = r.text(object, "key");
  const version = /^(ip6?) (.+)$/.exec(given);
  const key = version?.[2] ?? given, family = version?.[1] ?? r.optionalText(object, "family");
  if (!CT_KEYS.has(key)) return r.fail(object, `Unknown ct key '${given}'.`);
  const direction = r.optionalText(object, "dir");
  if (direction !== undefined && direction !== "original" && direction !== "reply") {
    return r.fail(object, `Invalid direction '${direction}'.`);
  }
  return {
    kind: "ct",
    key,
    ...(direction === undefined ? {} : { direction }),
    ...(family === "ip" || family === "ip6" ? { family } : {}),
    span: r.span(whole),
  };
}
