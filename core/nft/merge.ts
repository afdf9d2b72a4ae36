import type { PayloadExpr, Statement } from "./typed.ts";
import { integerType } from "./types.ts";

type Match = Extract<Statement, { kind: "match" }>;
type PayloadMatch = Match & { readonly left: PayloadExpr; readonly right: Extract<Match["right"], { kind: "value" }> };

/**
 * Joins comparisons of neighbouring fields into one load and one compare (nft's stmt_reduce): `tcp sport 1024
 * tcp dport 22` is one 4-byte compare. Only equality of whole fields, never across another statement.
 */
export function mergePayloads(statements: readonly Statement[]): Statement[] {
  const result: Statement[] = [];
  let run: PayloadMatch[] = [];
  const flush = (): void => {
    result.push(...mergeRun(run));
    run = [];
  };
  for (const statement of statements) {
    if (mergeable(statement)) {
      run.push(statement);
      continue;
    }
    flush();
    result.push(statement);
  }
  flush();
  return result;
}

function mergeable(statement: Statement): statement is PayloadMatch {
  return statement.kind === "match" && statement.op === "eq" && statement.left.kind === "payload" &&
    statement.left.protocol !== undefined && statement.right.kind === "value" &&
    statement.left.bits === statement.right.bits;
}

function mergeRun(run: readonly PayloadMatch[]): Statement[] {
  const result: PayloadMatch[] = [];
  for (const match of run) {
    const last = result[result.length - 1];
    const joined = last === undefined ? undefined : join(last, match) ?? join(match, last);
    if (joined === undefined) result.push(match);
    else result[result.length - 1] = joined;
  }
  return result;
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
  return bits <= 32 || a.base === "link" || (a.bits > 32 && b.bits > 32);
}
