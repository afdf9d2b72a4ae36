import type { NatNode, Node, StatementNode } from "../tree/tree.ts";
import { plainKeys } from "./rows.ts";
import type { Match, Studied } from "./study.ts";
import { isLiteralVmap, mayJoin, written } from "./tail.ts";

/** In what the statements of two rules may differ and the rules still be one. */
export type Kind = "verdict" | "nat" | "value" | "same";

/** A rule that may be merged with others of its shape. */
export interface Candidate {
  readonly studied: Studied;
  /** Equal for rules that ask the same fields, and do the same but for what `kind` says. */
  readonly shape: string;
  readonly kind: Kind;
  /** Matches by their field. */
  readonly matches: ReadonlyMap<string, Match>;
  /** What the rule does with a packet: the verdict, what NAT translates to, the value set; else all of its tail. */
  readonly does: string;
  /** A verdict map the rule ends with: its one field, and each key with its verdict. */
  readonly map?: { readonly field: string; readonly key: Node; readonly elements: readonly MapElement[] };
}

export interface MapElement {
  readonly key: Node;
  readonly verdict: string;
}

/** The rule as a candidate; undefined for one that stays alone. */
export function candidateOf(studied: Studied): Candidate | undefined {
  if (!mayJoin(studied)) return undefined;
  const matches = new Map(studied.matches.map((match) => [written(match.left.span), match]));
  if (matches.size !== studied.matches.length) return undefined;
  const { tail } = studied, [first] = tail, { comment } = studied.rule;
  const told = comment === undefined ? "" : ` comment ${JSON.stringify(comment)}`;
  const shape = (kind: Kind, fields: Iterable<string>, rest: string) =>
    `${kind} ${[...fields].sort().join(" . ")} ${rest}${told}`;
  const made = (kind: Kind, rest: string, does: string): Candidate => ({
    studied,
    kind,
    matches,
    does,
    shape: shape(kind, matches.keys(), rest),
  });
  if (tail.length === 1 && first!.kind === "verdict") return made("verdict", "", written(first!.span));
  if (tail.length === 1 && isLiteralVmap(first)) {
    const map = mapOf(first);
    if (map === undefined || matches.has(map.field)) return undefined;
    return {
      studied,
      kind: "verdict",
      matches,
      map,
      does: "",
      shape: shape("verdict", [...matches.keys(), map.field], ""),
    };
  }
  if (tail.some(isLiteralVmap)) return undefined;
  if (tail.length === 1 && first!.kind === "nat") {
    const to = natTarget(first.nat);
    if (to !== undefined) return made("nat", natShape(first.nat), to);
  }
  if (first?.kind === "set value" && first.value.kind === "symbol") {
    return made(
      "value",
      `${written(first.target.span)} ${tailText(tail.slice(1))}`,
      written(first.value.span),
    );
  }
  return made("same", tailText(tail), "");
}

/** Statements as text, without what counters begin with. */
export const tailText = (tail: readonly StatementNode[]): string =>
  tail.map((statement) => statement.kind === "counter" ? "counter" : written(statement.span)).join(" ");

function mapOf(statement: Extract<StatementNode, { kind: "verdict map" }>): Candidate["map"] {
  const { map } = statement;
  if (map.kind !== "map" || map.mapping.kind !== "set") return undefined;
  const keys = plainKeys(map.mapping);
  if (keys === undefined) return undefined;
  const elements = map.mapping.elements.map(({ data }, i) => ({
    key: keys[i]!,
    verdict: data === undefined ? "" : written(data.span),
  }));
  return { field: written(map.key.span), key: map.key, elements };
}

const natShape = ({ type, family, spread, address, port, flags }: NatNode): string =>
  `${type} ${family ?? ""} ${spread ?? ""} ${address === undefined ? "" : "address"} ${
    port === undefined ? "" : "port"
  } ${flags}`;

/** What a map would hold: a single address, a port, or both; undefined for anything else. */
function natTarget({ address, port, spread }: NatNode): string | undefined {
  if (spread !== undefined || (address === undefined && port === undefined)) return undefined;
  const parts: string[] = [];
  for (const part of [address, port]) {
    if (part === undefined) continue;
    if (part.kind !== "symbol") return undefined;
    parts.push(part.text);
  }
  return parts.join(" . ");
}
