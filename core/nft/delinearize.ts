import type { Expression } from "../expr/expression.ts";
import { OPTION_BY_TYPE } from "./delinearize_option.ts";
import { natStatement } from "./delinearize_nat.ts";
import { ctByKey, metaByKey } from "./keys.ts";
import { EXTENSIONS } from "./protocol/extension.ts";
import { booleanType, fibTypeType, realmType } from "./datatype/symbolic.ts";
import { interfaceIndexType, interfaceNameType } from "./datatype/interface.ts";
import { ipv4Type, ipv6Type } from "./datatype/address.ts";
import { Registers } from "./registers.ts";
import { NOWHERE } from "./source.ts";
import {
  concatenatedType,
  type Constant,
  type Expr,
  type MatchOp,
  type Operand,
  paddedBits,
  type SetUse,
  type Statement,
} from "./typed.ts";
import { type ByteOrder, bytesOf, integerType, isText, rawType, valueOf } from "./types.ts";

/** How many bits each part of a set's key has, for loads that make up a concatenation. */
export interface SetShapes {
  keyBits(set: string): readonly number[] | undefined;
  interval(set: string): boolean;
}

/** Bytecode as checked statements: what each register holds is followed, comparisons become matches. */
export function delinearize(expressions: readonly Expression[], shapes: SetShapes): Statement[] {
  const machine = new Machine(shapes);
  for (const expression of expressions) machine.step(expression);
  return machine.statements;
}

const span = NOWHERE;
export const rawValue = (bytes: Uint8Array): Constant => ({
  kind: "value",
  value: valueOf(bytes, "big"),
  type: integerType,
  bits: bytes.length * 8,
  order: "big",
  span,
});

class Machine {
  readonly statements: Statement[] = [];
  private readonly slots = new Map<number, Expr>();
  private readonly shapes: SetShapes;

  constructor(shapes: SetShapes) {
    this.shapes = shapes;
  }

  private put(register: number, expr: Expr): void {
    this.slots.set(Registers.slot(register), expr);
  }
  private get(register: number): Expr {
    return this.slots.get(Registers.slot(register)) ?? rawValue(new Uint8Array(4));
  }

  /** The operand a set is asked for: one register, or as many as the key has parts. */
  private key(register: number, set: string): Expr {
    const bits = this.shapes.keyBits(set);
    if (bits === undefined || bits.length < 2) return this.get(register);
    let slot = Registers.slot(register);
    const parts = bits.map((width) => {
      const part = this.slots.get(slot) ?? rawValue(new Uint8Array((width + 7) >> 3));
      slot += paddedBits(width) / 32;
      return part;
    });
    return {
      kind: "concatenation",
      parts,
      type: concatenatedType(parts.map((part) => part.type)),
      bits: parts.reduce((sum, part) => sum + paddedBits(part.bits), 0),
      order: "big",
      span,
    };
  }

  private use(set: string): SetUse {
    return { kind: "named", name: set, interval: this.shapes.interval(set) };
  }

  private match(
    op: MatchOp,
    left: Expr,
    right: Extract<Statement, { kind: "match" }>["right"],
    implicit = false,
  ): void {
    this.statements.push({ kind: "match", op, left, right, implicit, span });
  }

  step(e: Expression): void {
    const operand = operandOf(e);
    if (operand !== undefined && "dreg" in e && e.dreg !== undefined) return this.put(e.dreg, operand);
    switch (e.kind) {
      case "bitwise":
        return this.put(e.dreg, bitwise(this.get(e.sreg), e.mask, e.xor));
      case "shift": {
        const left = this.get(e.sreg);
        const right: Constant = {
          kind: "value",
          value: BigInt(e.bits),
          type: integerType,
          bits: 32,
          order: "host",
          span,
        };
        return this.put(e.dreg, { ...typeOf(left), kind: "binary", op: e.op, left, right });
      }
      case "byteorder": {
        // Both directions only turn the bytes about: the value stays, its order is the other one.
        const value = this.get(e.sreg);
        return this.put(e.dreg, { ...value, order: value.order === "big" ? "host" : "big" } as Expr);
      }
      case "immediate":
        return this.put(e.dreg, rawValue(e.data));
      case "verdict":
        return void this.statements.push({ kind: "verdict", verdict: e.verdict, span });
      case "cmp":
        return this.compare(e);
      case "range": {
        const left = this.get(e.sreg);
        const from = valueOf(e.from, left.order), to = valueOf(e.to, left.order);
        return this.match(e.op, left, { kind: "range", from, to, ...typeOf(left), bits: e.from.length * 8 });
      }
      case "lookup":
        return this.lookup(e);
      case "dynset": {
        const { op, set, timeout } = e;
        const key = this.key(e.key, set);
        return void this.statements.push({
          kind: "set update",
          op,
          set,
          key,
          span,
          ...(timeout === undefined ? {} : { timeout }),
        });
      }
      case "meta set": {
        const row = metaByKey(e.key);
        if (row === undefined) return;
        const target: Operand = { kind: "meta", row, type: row.type, bits: row.bits, order: row.order, span };
        return this.assign(target, e.sreg);
      }
      case "ct set": {
        const row = ctByKey(e.key);
        if (row === undefined) return;
        const target: Operand = {
          kind: "ct",
          row,
          type: row.type,
          bits: row.bits,
          order: row.order,
          span,
          ...(e.direction === undefined ? {} : { direction: e.direction }),
        };
        return this.assign(target, e.sreg);
      }
      case "payload write": {
        const base = e.base === "inner" ? "transport" : e.base;
        const target: Operand = {
          kind: "payload",
          base,
          offset: e.offset * 8,
          bits: e.length * 8,
          type: integerType,
          order: "big",
          span,
        };
        return this.assign(target, e.sreg);
      }
      case "exthdr write": {
        const target = OPTION_BY_TYPE(e.type, e.offset * 8, e.length * 8);
        return this.assign(target, e.sreg);
      }
      case "reject":
        return void this.statements.push({ kind: "reject", how: e.type, code: e.code, span });
      case "nat":
      case "masquerade":
      case "redirect": {
        const nat = natStatement(e, (register) => this.get(register));
        return void this.statements.push({ kind: "nat", nat, span });
      }
      default:
        return void this.statements.push({ kind: "plain", expression: e, span });
    }
  }

  private assign(target: Operand, register: number): void {
    const held = this.get(register);
    const value = held.kind === "value" ? retyped(held, target) : held;
    this.statements.push({ kind: "assign", target, value, span });
  }

  private lookup(e: Extract<Expression, { kind: "lookup" }>): void {
    const key = this.key(e.sreg, e.set);
    const set = this.use(e.set);
    if (e.dreg === undefined) {
      return this.match(e.inverted ? "neq" : "eq", key, { kind: "set", set, span }, !e.inverted);
    }
    if (e.dreg === 0) return void this.statements.push({ kind: "verdict map", key, set, span });
    this.put(e.dreg, { kind: "map", key, set, type: integerType, bits: 32, order: "big", span });
  }

  private compare(e: Extract<Expression, { kind: "cmp" }>): void {
    const left = this.get(e.sreg);
    const bits = e.data.length * 8;
    const before = this.statements[this.statements.length - 1];
    // `>= a` and `<= b` of one register are a range.
    if (
      e.op === "lte" && before?.kind === "match" && before.op === "gte" && before.left === left &&
      before.right.kind === "value"
    ) {
      const to = valueOf(e.data, left.order);
      this.statements.pop();
      return this.match(
        "eq",
        left,
        { kind: "range", from: before.right.value, to, ...typeOf(left), bits },
        true,
      );
    }
    const prefix = left.kind === "ct" && left.order === "big" && (e.op === "eq" || e.op === "neq");
    if ((isText(left.type) || prefix) && bits < left.bits) {
      const value = valueOf(e.data, "big") << BigInt(left.bits - bits);
      return this.match(
        e.op,
        left,
        { kind: "prefix", value, length: bits, ...typeOf(left), order: "big" },
        e.op === "eq",
      );
    }
    const order: ByteOrder = isText(left.type) ? "big" : left.order;
    this.match(
      e.op,
      left,
      { kind: "value", value: valueOf(e.data, order), ...typeOf(left), order, bits },
      e.op === "eq",
    );
  }
}

/** A constant read again as what it is written to. */
export function retyped(constant: Extract<Constant, { kind: "value" }>, target: Expr): Constant {
  const bytes = bytesOf(constant.value, constant.bits, constant.order);
  return { ...constant, ...typeOf(target), value: valueOf(bytes, target.order), bits: bytes.length * 8 };
}

const typeOf = (expr: Expr) => ({ type: expr.type, bits: expr.bits, order: expr.order, span });

/** Mask and xor as the operations that made them: `& m`, `^ x`, `| o`. */
function bitwise(operand: Expr, maskBytes: Uint8Array, xorBytes: Uint8Array): Expr {
  const bits = maskBytes.length * 8;
  const all = (1n << BigInt(bits)) - 1n;
  let mask = valueOf(maskBytes, operand.order);
  let xor = valueOf(xorBytes, operand.order);
  const or = ~mask & xor & all;
  xor &= ~or;
  mask |= or;
  const constant = (value: bigint): Constant => ({ kind: "value", value, ...typeOf(operand), bits });
  const apply = (op: "&" | "^" | "|", left: Expr, value: bigint): Expr => ({
    ...typeOf(left),
    kind: "binary",
    op,
    left,
    right: constant(value),
  });
  let result = operand;
  if (mask !== all || (xor === 0n && or === 0n)) result = apply("&", result, mask);
  if (xor !== 0n) result = apply("^", result, xor);
  if (or !== 0n) result = apply("|", result, or);
  return result;
}

function operandOf(e: Expression): Operand | undefined {
  switch (e.kind) {
    case "meta": {
      const row = metaByKey(e.key);
      return row && { kind: "meta", row, type: row.type, bits: row.bits, order: row.order, span };
    }
    case "ct": {
      const row = ctByKey(e.key);
      return row &&
        {
          kind: "ct",
          row,
          type: row.type,
          bits: row.bits,
          order: row.order,
          span,
          ...(e.direction === undefined ? {} : { direction: e.direction }),
        };
    }
    case "payload": {
      const base = e.base === "inner" ? "transport" : e.base;
      return {
        kind: "payload",
        base,
        offset: e.offset * 8,
        bits: e.length * 8,
        type: rawType,
        order: "big",
        span,
      };
    }
    case "exthdr":
      return e.op === "tcpopt" ? tcpOption(e) : extension(e);
    case "rt":
      return route(e.key);
    case "fib": {
      const type = e.present
        ? booleanType
        : e.result === "oif"
        ? interfaceIndexType
        : e.result === "oifname"
        ? interfaceNameType
        : fibTypeType;
      return {
        kind: "fib",
        flags: e.flags,
        result: e.result,
        present: e.present,
        type,
        bits: type.bits,
        order: type.order,
        span,
      };
    }
    default:
      return undefined;
  }
}

function route(key: Extract<Expression, { kind: "rt" }>["key"]): Operand {
  switch (key) {
    case "classid":
      return { kind: "rt", key, type: realmType, bits: 32, order: "host", span };
    case "tcpmss":
      return { kind: "rt", key, type: integerType, bits: 16, order: "host", span };
    case "ipsec":
      return { kind: "rt", key, type: booleanType, bits: 1, order: "host", span };
    case "nexthop4":
      return { kind: "rt", key, type: ipv4Type, bits: 32, order: "big", span };
    case "nexthop6":
      return { kind: "rt", key, type: ipv6Type, bits: 128, order: "big", span };
  }
}

function tcpOption(e: Extract<Expression, { kind: "exthdr" }>): Operand {
  if (!e.present) return OPTION_BY_TYPE(e.type, e.offset * 8, e.length * 8);
  const { option } = OPTION_BY_TYPE(e.type, 0, 8);
  return { kind: "option", option, offset: 0, bits: 8, type: booleanType, order: "host", span };
}

function extension(e: Extract<Expression, { kind: "exthdr" }>): Operand {
  const headers = [...EXTENSIONS.values()].filter((header) => header.type === e.type);
  const offset = e.offset * 8, bits = e.length * 8;
  const [first] = headers;
  if (e.present || first === undefined) {
    const header = first ?? { name: `exthdr ${e.type}`, type: e.type, fields: [] };
    return { kind: "extension", header, offset: 0, bits: 8, type: booleanType, order: "host", span };
  }
  for (const header of headers) {
    for (const field of header.fields) {
      const indexed = field.indexed === true && offset >= field.offset &&
        (offset - field.offset) % field.bits === 0;
      if ((field.offset === offset || indexed) && field.bits === bits) {
        return { kind: "extension", header, field, offset, bits, type: field.type, order: "big", span };
      }
    }
  }
  return { kind: "extension", header: first, offset, bits, type: integerType, order: "big", span };
}
