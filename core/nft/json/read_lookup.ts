import type { SocketKey, XfrmKey } from "../../expr/expression.ts";
import type { Node } from "../tree/tree.ts";
import type { Reading } from "./document.ts";
import type { Json, JsonObject } from "./json.ts";

/** What the system is asked: routes, sockets, fingerprints, IPsec states, numbers. The route first. */
export function route(r: Reading, body: Json, whole: JsonObject): Node {
  const object = r.object(body, "rt", whole), family = r.optionalText(object, "family");
  const version = family === "ip" || family === "ip6" ? { family } as const : {};
  const key = r.text(object, "key");
  if (!["classid", "nexthop", "mtu", "ipsec"].includes(key)) {
    return r.fail(object, `Unknown rt key '${key}'.`);
  }
  return { kind: "rt", key, ...version, span: r.span(whole) };
}

export function fib(r: Reading, body: Json, whole: JsonObject): Node {
  const object = r.object(body, "fib", whole), span = r.span(whole);
  const flags = r.texts(object, "flags");
  const unknown = flags.find((flag) => !["saddr", "daddr", "mark", "iif", "oif"].includes(flag));
  if (unknown !== undefined) r.fail(object, `Invalid fib flag '${unknown}'.`);
  const result = r.text(object, "result");
  if (!["oif", "oifname", "type", "check"].includes(result)) {
    r.fail(object, `Invalid fib result '${result}'.`);
  }
  return { kind: "fib", flags, flagSpan: span, result, span };
}

export function numgen(r: Reading, body: Json, whole: JsonObject): Node {
  const object = r.object(body, "numgen", whole), mode = r.text(object, "mode");
  if (mode !== "inc" && mode !== "random") return r.fail(object, `Unknown numgen mode '${mode}'.`);
  return {
    kind: "numgen",
    mode,
    modulus: r.number(object, "mod", 0xffffffff),
    offset: r.optionalNumber(object, "offset", 0xffffffff) ?? 0,
    span: r.span(whole),
  };
}

const SOCKET_KEYS: readonly string[] = ["transparent", "mark", "wildcard"] satisfies SocketKey[];

export function socket(r: Reading, body: Json, whole: JsonObject): Node {
  const object = r.object(body, "socket", whole), key = r.text(object, "key");
  if (!SOCKET_KEYS.includes(key)) return r.fail(object, "Invalid socket key value.");
  return { kind: "socket", key: key as SocketKey, span: r.span(whole) };
}

export function fingerprint(r: Reading, body: Json, whole: JsonObject): Node {
  const object = r.object(body, "osf", whole), ttl = r.optionalText(object, "ttl");
  const key = r.text(object, "key");
  if (key !== "name" && key !== "version") return r.fail(object, "Invalid osf key value.");
  if (ttl !== undefined && ttl !== "loose" && ttl !== "skip") {
    return r.fail(object, `Invalid osf ttl option '${ttl}'.`);
  }
  const number = ttl === undefined ? 0 : ttl === "loose" ? 1 : 2;
  return { kind: "osf", ttl: number, version: key === "version", span: r.span(whole) };
}

export function ipsec(r: Reading, body: Json, whole: JsonObject): Node {
  const object = r.object(body, "ipsec", whole), key = r.text(object, "key");
  const direction = r.text(object, "dir");
  if (direction !== "in" && direction !== "out") {
    return r.fail(object, `Invalid xfrm direction '${direction}'.`);
  }
  const version = key === "saddr" || key === "daddr" ? (r.text(object, "family") === "ip6" ? "6" : "4") : "";
  const known = ["reqid", "spi", "saddr", "daddr"].includes(key);
  if (!known) return r.fail(object, `Unknown xfrm key '${key}'.`);
  return {
    kind: "xfrm",
    direction,
    key: `${key}${version}` as XfrmKey,
    template: r.optionalNumber(object, "spnum", 255) ?? 0,
    span: r.span(whole),
  };
}
