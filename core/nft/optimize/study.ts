import type { Chain, Rule, Table } from "../../ruleset/ruleset.ts";
import type { CheckContext } from "../check/context.ts";
import { ProtocolContext } from "../check/protocol_context.ts";
import { checkInto, checkRule } from "../check/rule.ts";
import { linearizeRule } from "../linearize/linearize.ts";
import { parseRule } from "../parse/rule.ts";
import { printRule } from "../print/rule.ts";
import { Cursor } from "../text/cursor.ts";
import { Refusal } from "../text/diagnostic.ts";
import type { Span } from "../text/source.ts";
import type { RuleNode, StatementNode } from "../tree/tree.ts";
import type { SetLiteral, Statement } from "../tree/typed.ts";
import type { TypeContext } from "../types.ts";
import { addMatchReads, both, type Condition, conditionOf, EVERYTHING } from "./condition.ts";
import type { Effects } from "./effects.ts";
import { addReads } from "./subject.ts";
import { sameCode } from "./same_code.ts";

export type Match = Extract<StatementNode, { kind: "match" }>;

/** Where a rule is looked at: its table and chain as they will be. */
export interface Place {
  readonly table: Table;
  readonly chain: Chain;
  readonly types: TypeContext;
  readonly effects: Effects;
}

/**
 * A rule and what is known of it.
 *
 * Overview  every rule is looked at as it lists: variables, synonyms, other spellings and JSON are gone, so that what
 *           is the same reads the same. Where the listing read back is other code nothing is known of the rule, and it
 *           is left alone.
 */
export interface Studied {
  readonly rule: Rule;
  /** As written; absent for a rule that was there before. */
  readonly node?: RuleNode;
  readonly span: Span;
  /** As listed. */
  readonly text: string;
  /** The matches it begins with: quiet, so their order is free. */
  readonly matches: readonly Match[];
  /** What each of them asks. */
  readonly asked: readonly Condition[];
  /** What follows them. */
  readonly tail: readonly StatementNode[];
  /** The checked tail. */
  readonly typedTail: readonly Statement[];
  /** What those matches ask; boxes of everything where nothing is known. */
  readonly condition: Condition;
  readonly reads: ReadonlySet<string>;
  readonly writes: ReadonlySet<string>;
  readonly known: boolean;
}

export function studyRule(rule: Rule, node: RuleNode | undefined, place: Place): Studied {
  const { table, types, effects } = place;
  const text = printRule(rule, table, {
    types,
    stateless: false,
    handles: false,
    terse: false,
    numericPriority: false,
  });
  const span = node?.span ?? { source: { name: "", text }, start: 0, end: text.length };
  const writes = effects.of(rule.expressions);
  const unknown: Studied = {
    rule,
    ...(node === undefined ? {} : { node }),
    span,
    text,
    matches: [],
    asked: [],
    tail: [],
    typedTail: [],
    condition: { ...EVERYTHING, exact: false },
    reads: new Set(["*"]),
    writes,
    known: false,
  };
  try {
    const listed = parseRule(new Cursor({ name: "", text }));
    if (!readsBack(rule, listed, place)) return unknown;
    return { ...unknown, ...partsOf(listed, place) };
  } catch (error) {
    if (error instanceof Refusal) return unknown;
    throw error;
  }
}

function readsBack(rule: Rule, listed: RuleNode, { table, types, chain }: Place): boolean {
  const literals = new Map<string, SetLiteral>();
  const statements = checkRule(listed, table.family, table, types, chain.base?.hook);
  const again = linearizeRule(statements, (literal) => {
    const name = `\0${literals.size}`;
    literals.set(name, literal);
    return name;
  });
  return sameCode(rule.expressions, again, table, literals);
}

type Parts = Pick<Studied, "matches" | "asked" | "tail" | "typedTail" | "condition" | "reads" | "known">;

function partsOf(listed: RuleNode, { table, types, chain }: Place): Parts {
  const context: CheckContext = {
    family: table.family,
    types,
    table,
    protocols: new ProtocolContext(table.family, types.newest),
    statements: [],
    ...(chain.base === undefined ? {} : { hook: chain.base.hook }),
  };
  const starts: number[] = [];
  checkInto(context, listed, () => starts.push(context.statements.length));
  const reads = new Set<string>(), matches: Match[] = [], each: Condition[] = [];
  let condition = EVERYTHING, split = 0;
  for (const node of listed.statements) {
    const asked = conditionAsked(node, context.statements.slice(starts[split], starts[split + 1]), table);
    if (asked === undefined) break;
    condition = both(condition, asked);
    matches.push(node as Match);
    each.push(asked);
    split++;
  }
  for (const statement of context.statements) if (statement.kind === "match") addMatchReads(statement, reads);
  const typedTail = context.statements.slice(starts[split] ?? context.statements.length);
  for (const statement of typedTail) if (statement.kind === "verdict map") addReads(statement.key, reads);
  const tail = listed.statements.slice(split);
  return { matches, asked: each, tail, typedTail, condition, reads, known: true };
}

/** What a match and the matches written for it ask together. */
function conditionAsked(
  node: StatementNode,
  typed: readonly Statement[],
  table: Table,
): Condition | undefined {
  if (node.kind !== "match") return undefined;
  let condition = EVERYTHING;
  const { source, start, end } = node.span;
  for (const statement of typed) {
    if (statement.kind !== "match") return undefined;
    const asked = conditionOf(statement, source.text.slice(start, end), table);
    if (asked === undefined) return undefined;
    condition = both(condition, asked);
  }
  return condition;
}
