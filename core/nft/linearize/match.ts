import type { Expression } from "../../expr/expression.ts";
import { boundsOf } from "../check/constant.ts";
import type { Constant, Statement } from "../tree/typed.ts";
import { bytesOf, isText } from "../types.ts";
import { load } from "./load.ts";
import { isWide, type Output, setName } from "./output.ts";
import { sharedBytes, sharedZeros } from "./shared_bytes.ts";
import { prefixMask } from "./shared_expressions.ts";

/** A relation: lookups in sets, compares, ranges, masks. */
export function linearizeMatch(out: Output, match: Extract<Statement, { kind: "match" }>): void {
  const { right } = match;
  const sreg = out.registers.take(match.left.bits, isWide(match.left));
  const push = (expression: Expression) => void out.expressions.push(expression);
  if (right.kind === "set") {
    load(out, match.left, sreg);
    push({ kind: "lookup", set: setName(out, right.set), sreg, inverted: match.op === "neq" });
  } else if (right.kind === "prefix") matchPrefix(out, match, right, sreg);
  else {
    load(out, match.left, sreg);
    compare(out, match.op, right, sreg);
  }
  out.registers.release();
}

function compare(
  out: Output,
  op: Extract<Statement, { kind: "match" }>["op"],
  right: Constant,
  sreg: number,
): void {
  const push = (expression: Expression) => void out.expressions.push(expression);
  const { from, to } = boundsOf(right, false);
  switch (op) {
    case "flags":
    case "not flags": {
      push({
        kind: "bitwise",
        sreg,
        dreg: sreg,
        length: from.length,
        mask: from,
        xor: sharedZeros(from.length),
      });
      push({ kind: "cmp", op: op === "flags" ? "neq" : "eq", sreg, data: sharedZeros(from.length) });
      return;
    }
    case "neq":
      if (right.kind === "range") push({ kind: "range", op: "neq", sreg, from, to });
      else push({ kind: "cmp", op: "neq", sreg, data: from });
      return;
    case "eq":
      if (right.kind !== "range") return push({ kind: "cmp", op: "eq", sreg, data: from });
      push({ kind: "cmp", op: "gte", sreg, data: from });
      return push({ kind: "cmp", op: "lte", sreg, data: to });
    default:
      push({ kind: "cmp", op, sreg, data: from });
  }
}

/** Whole bytes of a prefix are compared alone; others need a mask. */
function matchPrefix(
  out: Output,
  match: Extract<Statement, { kind: "match" }>,
  right: Extract<Constant, { kind: "prefix" }>,
  sreg: number,
): void {
  const op = match.op === "neq" ? "neq" : "eq";
  const text = isText(right.type);
  const bytes = right.length >> 3;
  const cut = text || (right.order === "big" && right.length > 0 && (right.length & 7) === 0);
  if (cut) {
    const shortened = match.left.kind === "payload" ? { ...match.left, bits: right.length } : match.left;
    load(out, shortened, sreg);
    const data = sharedBytes(right.value >> BigInt(right.bits - 8 * bytes), 8 * bytes, "big");
    out.expressions.push({ kind: "cmp", op, sreg, data });
    return;
  }
  load(out, match.left, sreg);
  const data = bytesOf(right.value, right.bits, right.order);
  out.expressions.push(prefixMask(right.bits, right.length, right.order, sreg));
  out.expressions.push({ kind: "cmp", op, sreg, data });
}
