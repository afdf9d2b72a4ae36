import type { Family } from "../../ruleset/ruleset.ts";
import type { PayloadExpr, Statement } from "../tree/typed.ts";
import { integerType } from "../types.ts";

type Match = Extract<Statement, { kind: "match" }>;
type PayloadMatch = Match & {
  readonly left: PayloadExpr;
  readonly right: Extract<Match["right"], { kind: "value" }>;
};

/**
 * Makes fewer expressions of a checked rule (nft's stmt_reduce): comparisons of neighbouring fields become one
 * load and one compare, and `meta protocol` goes where the table's family says it.
 *
 * Precondition  matches between have no side effects, so their order is free as long as the match on a lower
 *               header stays before those on the higher one.
 * Not done      nft 1.0.6 also moves a match over a counter or log between; that would count other packets.
 */
export function reduceRule(statements: readonly Statement[], family: Family): Statement[] {
  const kept = statements.filter((statement, index) =>
    index === statements.length - 1 || !saysFamily(statement, family)
  );
  const result: (Statement | undefined)[] = [...kept];
  let run: number[] = [];
  const flush = (): void => {
    mergeRun(result, run);
    run = [];
  };
  kept.forEach((statement, index) => {
    if (statement.kind !== "match") flush();
    else if (mergeable(statement)) run.push(index);
  });
  flush();
  return result.filter((statement) => statement !== undefined);
}

/** `meta protocol ip` in an ip table holds for every packet. */
function saysFamily(statement: Statement, family: Family): boolean {
  if (statement.kind !== "match" || statement.op !== "eq" || statement.right.kind !== "value") return false;
  if (statement.left.kind !== "meta" || statement.left.row.name !== "protocol") return false;
  if (statement.left.tunnel !== undefined) return false;
  const { value } = statement.right;
  return (family === "ip" && value === 0x0800n) || (family === "ip6" && value === 0x86ddn);
}

function mergeable(statement: Match): statement is PayloadMatch {
  return statement.op === "eq" && statement.left.kind === "payload" && statement.left.tunnel === undefined &&
    statement.left.protocol !== undefined && statement.right.kind === "value" &&
    statement.left.bits === statement.right.bits;
}

const BASE_ORDER = { link: 0, network: 1, transport: 2 } as const;

function mergeRun(statements: (Statement | undefined)[], run: readonly number[]): void {
  const at = (index: number) => statements[index] as PayloadMatch;
  const sorted = [...run].sort((a, b) =>
    BASE_ORDER[at(a).left.base] - BASE_ORDER[at(b).left.base] || at(a).left.offset - at(b).left.offset
  );
  let last = sorted[0];
  for (const next of sorted.slice(1)) {
    if (last === undefined) break;
    const joined = join(at(last), at(next));
    if (joined === undefined) {
      last = next;
      continue;
    }
    // The match that names the next protocol keeps its place: what depends on it comes behind.
    const field = at(next).left.field;
    const keepsNext = field !== undefined && field.name === at(next).left.protocol?.nextField;
    const place = keepsNext ? next : last;
    statements[last] = undefined;
    statements[next] = undefined;
    statements[place] = joined;
    last = place;
  }
}

function join(first: PayloadMatch, second: PayloadMatch): PayloadMatch | undefined {
  const a = first.left, b = second.left;
  if (a.base !== b.base || a.offset + a.bits !== b.offset) return undefined;
  const bits = a.bits + b.bits;
  if (!worthwhile(a, b, bits)) return undefined;
  const value = (first.right.value << BigInt(b.bits)) | second.right.value;
  const left: PayloadExpr = { ...a, bits, type: integerType };
  return { ...first, left, right: { ...first.right, value, bits, type: integerType, order: "big" } };
}

/** The kernel does loads of up to 4 bytes behind the link header without a call; joining must not lose that. */
function worthwhile(a: PayloadExpr, b: PayloadExpr, bits: number): boolean {
  if (bits > 128) return false;
  return bits <= 32 || a.base === "link" || a.bits > 32 || b.bits > 32;
}
