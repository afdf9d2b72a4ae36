import type { Tunnel } from "../protocol/tunnel.ts";
import type { Expression, InnerLoad } from "../../expr/expression.ts";
import { boundsOf } from "../check/constant.ts";
import { OPTION_LISTS } from "../protocol/option_list.ts";
import { type Expr, paddedBits, type PayloadExpr } from "../tree/typed.ts";
import { type ByteOrder, bytesOf } from "../types.ts";
import { isWide, type Output, setName } from "./output.ts";
import { Registers } from "./registers.ts";
import { metaLoad, payloadLoad } from "./shared_expressions.ts";

/** Puts the value of an expression into a register. */
export function load(out: Output, expr: Expr, dreg: number): void {
  const push = (expression: Expression) => void out.expressions.push(expression);
  switch (expr.kind) {
    case "payload":
      if (expr.tunnel !== undefined) return push(innerPayload(expr, expr.tunnel, dreg));
      return push(
        payloadLoad(expr.behind ? "inner" : expr.base, expr.offset >> 3, (expr.bits + 7) >> 3, dreg),
      );
    case "meta":
      if (expr.tunnel !== undefined) {
        return push(inner(expr.tunnel, { kind: "meta", key: expr.row.key, dreg }));
      }
      return push(metaLoad(expr.row.key, dreg));
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

function innerPayload(expr: PayloadExpr, tunnel: Tunnel, dreg: number): Expression {
  const base = expr.protocol === tunnel.row ? "tunnel" : expr.base;
  return inner(tunnel, {
    kind: "payload",
    base,
    offset: expr.offset >> 3,
    length: (expr.bits + 7) >> 3,
    dreg,
  });
}

const inner = ({ type, headerSize, flags }: Tunnel, load: InnerLoad): Expression => ({
  kind: "inner",
  type,
  headerSize,
  flags,
  load,
  dreg: load.dreg,
});

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
  const bits = Math.max(widthOf(expr), expr.bits);
  if (expr.right.kind !== "value") return loadBoth(out, expr, dreg);
  if (expr.op === "<<" || expr.op === ">>") {
    load(out, expr.left, dreg);
    const by = expr.right.kind === "value" ? Number(expr.right.value) : 0;
    const length = (bits + 7) >> 3;
    out.expressions.push({ kind: "shift", op: expr.op, sreg: dreg, dreg, length, bits: by });
    return;
  }
  const operations: { op: string; value: bigint }[] = [];
  let at: Expr = expr;
  while (
    at.kind === "binary" && at.op !== "<<" && at.op !== ">>" && at.right.kind === "value" &&
    (at === expr || at.bits >= expr.bits)
  ) {
    operations.unshift({ op: at.op, value: at.right.value });
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
  const order: ByteOrder = expr.order;
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

/** `&`, `|` or `^` of two operands: the second in a register of its own for as long as that takes. */
function loadBoth(out: Output, expr: Extract<Expr, { kind: "binary" }>, dreg: number): void {
  const { op, left, right } = expr;
  if (op === "<<" || op === ">>") return;
  load(out, left, dreg);
  const sreg2 = out.registers.take(right.bits, isWide(right));
  load(out, right, sreg2);
  out.registers.release();
  const length = (expr.bits + 7) >> 3;
  out.expressions.push({ kind: "bitwise registers", op, sreg: dreg, sreg2, dreg, length });
}

/** Bits of what is loaded, which a mask may have made fewer of. */
function widthOf(expr: Expr): number {
  let at = expr;
  while (at.kind === "binary") at = at.left;
  return at.bits;
}
