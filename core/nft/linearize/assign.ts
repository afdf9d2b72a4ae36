import { changeOf } from "../check/arithmetic.ts";
import type { Expression } from "../../expr/expression.ts";
import { load } from "./load.ts";
import { isWide, type Output } from "./output.ts";
import type { Expr, PayloadExpr, Statement } from "../tree/typed.ts";
import { integerType } from "../types.ts";

export function linearizeAssign(
  out: Output,
  { target, value }: Extract<Statement, { kind: "assign" }>,
): void {
  const prepared = target.kind === "payload" ? preparePayload(target, value) : undefined;
  const written = prepared?.value ?? value;
  const sreg = out.registers.take(written.bits, isWide(written));
  load(out, written, sreg);
  const push = (expression: Expression) => void out.expressions.push(expression);
  switch (target.kind) {
    case "meta":
      push({ kind: "meta set", key: target.row.key, sreg });
      break;
    case "ct":
      push({
        kind: "ct set",
        key: target.row.key,
        sreg,
        ...(target.direction === undefined ? {} : { direction: target.direction }),
      });
      break;
    case "option":
      push({
        kind: "exthdr write",
        op: "tcpopt",
        type: target.option.type,
        offset: target.offset >> 3,
        length: (target.bits + 7) >> 3,
        sreg,
      });
      break;
    case "payload":
      push(writeOf(prepared!.target, target, sreg));
      break;
    default:
      break;
  }
  out.registers.release();
}

/**
 * What is really written: checksums are summed in 16-bit words, so a field of a protocol with one is widened to
 * whole words, loaded, masked and written back; bits of a byte likewise (stmt_evaluate_payload).
 */
function preparePayload(target: PayloadExpr, value: Expr): { target: PayloadExpr; value: Expr } {
  const summed = target.protocol?.checksum !== undefined;
  const unit = summed ? 16 : 8;
  const first = target.offset - (target.offset % unit);
  const last = Math.ceil((target.offset + target.bits) / unit) * unit;
  if (first === target.offset && last === target.offset + target.bits) return { target, value };
  const bits = last - first;
  const shift = BigInt(last - target.offset - target.bits);
  const wide: PayloadExpr = { ...target, offset: first, bits, type: integerType };
  const all = (1n << BigInt(bits)) - 1n;
  const hole = ((1n << BigInt(target.bits)) - 1n) << shift;
  const { span } = value;
  const constant = (number: bigint): Expr => ({
    kind: "value",
    value: number,
    type: integerType,
    bits,
    order: "big",
    span,
  });
  const operation = (op: "&" | "^", left: Expr, right: Expr): Expr => ({
    kind: "binary",
    op,
    left,
    right,
    type: integerType,
    bits,
    order: "big",
    span,
  });
  const change = changeOf(target, value);
  if (change !== undefined) {
    const mask = all & ~(hole & ~(change.keep << shift));
    const some = operation("&", wide, constant(mask));
    return { target: wide, value: operation("^", some, constant(change.turn << shift)) };
  }
  const kept = operation("&", wide, constant(all & ~hole));
  if (value.kind !== "value") return { target: wide, value: kept };
  return { target: wide, value: operation("^", kept, constant(value.value << shift)) };
}

const INTERNET_CHECKSUM = 1;
const SCTP_CHECKSUM = 2;

function writeOf(written: PayloadExpr, field: PayloadExpr, sreg: number): Expression {
  const { checksum, crc } = field.protocol ?? {};
  const isAddress = field.base === "network" &&
    (field.field?.name === "saddr" || field.field?.name === "daddr");
  return {
    kind: "payload write",
    base: written.behind ? "inner" : written.base,
    offset: written.offset >> 3,
    length: (written.bits + 7) >> 3,
    sreg,
    checksumType: checksum !== undefined ? INTERNET_CHECKSUM : crc !== undefined ? SCTP_CHECKSUM : 0,
    checksumOffset: checksum ?? crc ?? 0,
    checksumFlags: isAddress || field.behind ? 1 : 0,
  };
}
