import type { Expression } from "../../expr/expression.ts";
import { boundsOf } from "../check/constant.ts";
import { linearizeAction } from "./action.ts";
import { linearizeAssign } from "./assign.ts";
import { linearizeNat } from "./nat.ts";
import { OPTION_LISTS } from "../protocol/option_list.ts";
import { Registers } from "./registers.ts";
import { sharedBytes, sharedMask, sharedZeros } from "./shared_bytes.ts";
import {
  type Constant,
  type Expr,
  paddedBits,
  type SetLiteral,
  type SetUse,
  type Statement,
} from "../tree/typed.ts";
import { type ByteOrder, bytesOf, isText } from "../types.ts";

/** Where the code of one rule goes. */
export interface Output {
  readonly expressions: Expression[];
  readonly registers: Registers;
  /** Gives a set written in the rule its name. */
  name(literal: SetLiteral): string;
}

/** The checked rule as the kernel's expressions, in the order and with the registers nft 1.0.6 uses. */
export function linearizeRule(
  statements: readonly Statement[],
  name: (literal: SetLiteral) => string,
  /** Told of every statement and the expressions it became. */
  each?: (statement: Statement, expressions: readonly Expression[]) => void,
): Expression[] {
  const out: Output = { expressions: [], registers: new Registers(), name };
  for (const statement of statements) {
    const before = out.expressions.length;
    linearizeStatement(out, statement);
    each?.(statement, out.expressions.slice(before));
  }
  return out.expressions;
}

function linearizeStatement(out: Output, statement: Statement): void {
  switch (statement.kind) {
    case "match":
      return linearizeMatch(out, statement);
    case "verdict":
      return void out.expressions.push({ kind: "verdict", verdict: statement.verdict });
    case "verdict map": {
      const sreg = out.registers.take(statement.key.bits, isWide(statement.key));
      load(out, statement.key, sreg);
      out.expressions.push({
        kind: "lookup",
        set: setName(out, statement.set),
        sreg,
        dreg: 0,
        inverted: false,
      });
      return out.registers.release();
    }
    case "assign":
      return linearizeAssign(out, statement);
    case "nat":
      return linearizeNat(out, statement.nat);
    case "reject":
      return void out.expressions.push({ kind: "reject", type: statement.how, code: statement.code });
    case "set update": {
      // The key has a whole register to itself, however many parts it is made of; several where it is longer.
      const key = out.registers.take(Math.ceil(statement.key.bits / 128) * 128, isWide(statement.key));
      load(out, statement.key, key);
      const { op, timeout, data, statements, meter } = statement;
      const set = meter === undefined ? statement.set : out.name(meter);
      const value = data === undefined ? undefined : out.registers.take(data.bits, isWide(data));
      if (data !== undefined && value !== undefined) load(out, data, value);
      out.expressions.push({
        kind: "dynset",
        op,
        set,
        key,
        ...(value === undefined ? {} : { data: value }),
        ...(timeout === undefined ? {} : { timeout }),
        ...(statements === undefined ? {} : { statements }),
      });
      if (value !== undefined) out.registers.release();
      return out.registers.release();
    }
    case "action":
      return linearizeAction(out, statement.action);
    case "plain":
      return void out.expressions.push(statement.expression);
  }
}

export const isWide = (expr: Expr): boolean => expr.kind === "concatenation";

export function setName(out: Output, use: SetUse): string {
  return use.kind === "named" ? use.name : out.name(use.literal);
}

function linearizeMatch(out: Output, match: Extract<Statement, { kind: "match" }>): void {
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
  const mask = sharedMask(right.bits, right.length, right.order);
  const data = bytesOf(right.value, right.bits, right.order);
  out.expressions.push({
    kind: "bitwise",
    sreg,
    dreg: sreg,
    length: mask.length,
    mask,
    xor: sharedZeros(mask.length),
  });
  out.expressions.push({ kind: "cmp", op, sreg, data });
}

/** Puts the value of an expression into a register. */
export function load(out: Output, expr: Expr, dreg: number): void {
  const push = (expression: Expression) => void out.expressions.push(expression);
  switch (expr.kind) {
    case "payload":
      return push({
        kind: "payload",
        base: expr.base,
        offset: expr.offset >> 3,
        length: (expr.bits + 7) >> 3,
        dreg,
      });
    case "meta":
      return push({ kind: "meta", key: expr.row.key, dreg });
    case "ct":
      return push({
        kind: "ct",
        key: expr.row.key,
        dreg,
        ...(expr.direction === undefined ? {} : { direction: expr.direction }),
      });
    case "option":
      return push({
        kind: "exthdr",
        op: OPTION_LISTS[expr.of ?? "tcp"].op,
        type: expr.option.type,
        offset: expr.offset >> 3,
        length: (expr.bits + 7) >> 3,
        dreg,
        present: expr.field === undefined && expr.raw === undefined,
      });
    case "extension":
      return push({
        kind: "exthdr",
        op: "ipv6",
        type: expr.header.type,
        offset: expr.offset >> 3,
        length: (expr.bits + 7) >> 3,
        dreg,
        present: expr.field === undefined,
      });
    case "rt":
      return push({ kind: "rt", key: expr.key, dreg });
    case "fib":
      return push({ kind: "fib", flags: expr.flags, result: expr.result, present: expr.present, dreg });
    case "numgen": {
      const { mode, modulus, offset } = expr;
      return push({ kind: "numgen", mode, modulus, offset, dreg });
    }
    case "hash":
      return loadHash(out, expr, dreg);
    case "socket":
      return push({ kind: "socket", key: expr.key, dreg });
    case "osf":
      return push({ kind: "osf", ttl: expr.ttl, version: expr.version, dreg });
    case "xfrm": {
      const { direction, key, template } = expr;
      return push({ kind: "xfrm", direction, key, template, dreg });
    }
    case "byteorder": {
      load(out, expr.operand, dreg);
      const length = (expr.bits + 7) >> 3;
      return push({ kind: "byteorder", op: expr.op, sreg: dreg, dreg, length, size: expr.size });
    }
    case "binary":
      return loadBinary(out, expr, dreg);
    case "concatenation": {
      let slot = Registers.slot(dreg);
      for (const part of expr.parts) {
        load(out, part, Registers.number(slot));
        slot += paddedBits(part.bits) / 32;
      }
      return;
    }
    case "map": {
      load(out, expr.key, dreg);
      return push({ kind: "lookup", set: setName(out, expr.set), sreg: dreg, dreg, inverted: false });
    }
    case "verdict":
      return push({ kind: "verdict", verdict: expr.verdict });
    default:
      return push({ kind: "immediate", dreg, data: boundsOf(expr, false).from });
  }
}

function loadHash(out: Output, expr: Extract<Expr, { kind: "hash" }>, dreg: number): void {
  const { mode, modulus, offset, key, seed } = expr;
  const found = { mode, modulus, offset, dreg, ...(seed === undefined ? {} : { seed }) };
  if (key === undefined) return void out.expressions.push({ kind: "hash", ...found });
  const sreg = out.registers.take(key.bits, isWide(key));
  load(out, key, sreg);
  out.registers.release();
  out.expressions.push({ kind: "hash", ...found, sreg, length: (key.bits + 7) >> 3 });
}

/** A chain of `&`, `|`, `^` with constants is one mask and one xor; shifts stand alone. */
function loadBinary(out: Output, expr: Extract<Expr, { kind: "binary" }>, dreg: number): void {
  const bits = widthOf(expr);
  if (expr.op === "<<" || expr.op === ">>") {
    load(out, expr.left, dreg);
    const by = expr.right.kind === "value" ? Number(expr.right.value) : 0;
    const length = (bits + 7) >> 3;
    out.expressions.push({ kind: "shift", op: expr.op, sreg: dreg, dreg, length, bits: by });
    return;
  }
  const operations: { op: string; value: bigint }[] = [];
  let at: Expr = expr;
  while (at.kind === "binary" && at.op !== "<<" && at.op !== ">>") {
    operations.unshift({ op: at.op, value: at.right.kind === "value" ? at.right.value : 0n });
    at = at.left;
  }
  const all = (1n << BigInt(bits)) - 1n;
  let mask = all;
  let xor = 0n;
  for (const { op, value } of operations) {
    const keep = op === "&" ? value : op === "|" ? all & ~value : all;
    const turn = op === "&" ? 0n : value;
    xor = (xor & keep) ^ turn;
    mask &= keep;
  }
  load(out, at, dreg);
  const order: ByteOrder = at.order;
  const length = (bits + 7) >> 3;
  out.expressions.push({
    kind: "bitwise",
    sreg: dreg,
    dreg,
    length,
    mask: bytesOf(mask, bits, order),
    xor: bytesOf(xor, bits, order),
  });
}

/** Bits of what is loaded, which a mask may have made fewer of. */
function widthOf(expr: Expr): number {
  let at = expr;
  while (at.kind === "binary") at = at.left;
  return at.bits;
}
